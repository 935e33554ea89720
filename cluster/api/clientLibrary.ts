/** The Kubernetes client library, loaded when it is first needed. */
import type { KubeConfig as LibraryConfig } from "@kubernetes/client-node";
import { type Credentials, CredentialsError, credentialsOf, reasonOf } from "./credentials";
import type { Transport } from "./http";
import type { KubeConfig } from "./kubeConfig";

/** The library's own form of a kubeconfig, with credentials that a plugin has given already. */
export async function libraryConfig(config: KubeConfig, signal: AbortSignal): Promise<LibraryConfig> {
  const [{ KubeConfig: Config }, credentials] = await Promise.all([
    import("@kubernetes/client-node"),
    credentialsOf(config, signal),
  ]);
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
  // An identity provider's tokens are kept in the library's config; what a plugin gave may expire.
  let kept: Promise<LibraryConfig> | undefined;
  return async ({ method, path, headers = {}, body, signal }) => {
    const { HttpMethod, IsomorphicFetchHttpLibrary, RequestContext } = await import("@kubernetes/client-node");
    if (config.user?.authProvider === undefined) kept = undefined;
    kept ??= libraryConfig(config, signal);
    const library = await kept;
    const context = new RequestContext(config.cluster.server.replace(/\/+$/, "") + path, HttpMethod[method]);
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
  };
}
