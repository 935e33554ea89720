/** The Kubernetes client library, loaded when it is first needed. */
import type { KubeConfig as LibraryConfig } from "@kubernetes/client-node";
import { type Credentials, CredentialsError, credentialsOf, reasonOf, withFreshCredentials } from "./credentials";
import type { HttpCall, ServerAnswer, Transport } from "./http";
import type { KubeConfig } from "./kubeConfig";

/** The library's own form of a kubeconfig, with credentials that a plugin has given already. */
export async function libraryConfig(config: KubeConfig, signal: AbortSignal): Promise<LibraryConfig> {
  return configWith(config, await credentialsOf(config, signal));
}

async function configWith(config: KubeConfig, credentials: Credentials): Promise<LibraryConfig> {
  const { KubeConfig: Config } = await import("@kubernetes/client-node");
  const { impersonateGroups, impersonateUid, impersonateExtra } = credentials;
  if (impersonateGroups ?? impersonateUid ?? impersonateExtra) {
    // It would send the request without them, as somebody else.
    throw new CredentialsError(
      undefined,
      "as-groups, as-uid and as-user-extra cannot be sent through a proxy or with an auth-provider",
    );
  }
  const { cluster, user, context: name } = config;
  const library = new Config();
  library.loadFromOptions({
    clusters: [{ skipTLSVerify: false, ...cluster }],
    users: [{ name: user?.name ?? name, ...inLibrary(credentials), authProvider: user?.authProvider ?? null }],
    contexts: [{ name, cluster: cluster.name, user: user?.name ?? name }],
    currentContext: name,
  });
  return library;
}

function inLibrary({ cert, key, ...rest }: Credentials) {
  return {
    ...rest,
    ...(cert && { certData: cert.toString("base64") }),
    ...(key && { keyData: key.toString("base64") }),
  };
}

export function libraryTransport(config: KubeConfig): Transport {
  // An identity provider's tokens are kept in the library's config.
  let kept: Promise<LibraryConfig> | undefined;
  return async (call) => {
    if (config.user?.authProvider === undefined) {
      return withFreshCredentials(config, call.signal, async (credentials) =>
        sendThrough(await configWith(config, credentials), config, call),
      );
    }
    kept ??= libraryConfig(config, call.signal);
    return sendThrough(await kept, config, call);
  };
}

async function sendThrough(
  library: LibraryConfig,
  { cluster }: KubeConfig,
  { method, path, headers = {}, body, signal }: HttpCall,
): Promise<ServerAnswer> {
  const { HttpMethod, IsomorphicFetchHttpLibrary, RequestContext } = await import("@kubernetes/client-node");
  const context = new RequestContext(cluster.server.replace(/\/+$/, "") + path, HttpMethod[method]);
  for (const [name, value] of Object.entries(headers)) context.setHeaderParam(name, value);
  if (body !== undefined) context.setBody(body);
  context.setSignal(signal);
  try {
    await library.applySecurityAuthentication(context);
  } catch (error) {
    throw new CredentialsError(undefined, reasonOf(error));
  }
  const response = await new IsomorphicFetchHttpLibrary().send(context).toPromise();
  return { status: response.httpStatusCode, headers: response.headers, text: await response.body.text() };
}
