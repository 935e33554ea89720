import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { KubeConfig as Library } from "@kubernetes/client-node";
import { expect } from "chai";
import { stringify } from "yaml";
import { loadKubeConfig } from "../../../../cluster/api/kubeConfig";

interface Row {
  readonly what: string;
  readonly cluster?: object;
  readonly user?: object;
  /** Fields of the whole file. */
  readonly file?: object;
  readonly text?: (yaml: string) => string;
  /** What the library gives and kubectl does not, or the other way round: ours is kubectl's. */
  readonly differs?: object;
}

const PLUGIN = { apiVersion: "client.authentication.k8s.io/v1", command: "aws", args: ["eks", "get-token"] };
const OIDC = {
  name: "oidc",
  config: { "client-id": "kubernetes", "id-token": "e30.e30.e30", "idp-issuer-url": "https://idp" },
};

const ROWS: readonly Row[] = [
  { what: "a token", user: { token: "secrettoken" } },
  { what: "name and password", user: { username: "jane", password: "secret" } },
  { what: "certificate and key as data", user: { "client-certificate-data": "Y2VydA==", "client-key-data": "a2V5" } },
  { what: "certificate and key in files", user: { "client-certificate": "user.crt", "client-key": "user.key" } },
  { what: "certificate and key in files elsewhere", user: { "client-certificate": "/a.crt", "client-key": "/a.key" } },
  { what: "nobody", user: {} },
  { what: "impersonation", user: { token: "t", as: "system:admin" } },
  { what: "a credential plugin", user: { exec: PLUGIN } },
  {
    what: "a credential plugin with variables",
    user: { exec: { ...PLUGIN, env: [{ name: "AWS_PROFILE", value: "p" }] } },
  },
  { what: "a credential plugin that wants the cluster", user: { exec: { ...PLUGIN, provideClusterInfo: true } } },
  {
    what: "a credential plugin of the old version",
    user: { exec: { ...PLUGIN, apiVersion: "client.authentication.k8s.io/v1beta1" } },
  },
  { what: "a credential plugin by its whole path", user: { exec: { ...PLUGIN, command: "/opt/login" } } },
  { what: "an identity provider", user: { "auth-provider": OIDC } },
  {
    what: "an auth-provider without config",
    user: { "auth-provider": { name: "gcp" } },
    differs: { authProvider: { name: "gcp", config: {} } },
  },
  { what: "a password of digits", user: { username: "jane", password: 1234 }, differs: { password: "1234" } },
  { what: "an empty token", user: { token: "" }, differs: { token: undefined } },
  { what: "an authority as data", cluster: { "certificate-authority-data": "Y2E=" } },
  { what: "an authority in a file", cluster: { "certificate-authority": "ca.crt" } },
  { what: "an authority in a file above", cluster: { "certificate-authority": "../ca.crt" } },
  { what: "no check of the certificate", cluster: { "insecure-skip-tls-verify": true } },
  { what: "a check that is asked for", cluster: { "insecure-skip-tls-verify": false } },
  { what: "another name in the certificate", cluster: { "tls-server-name": "api.internal" } },
  { what: "a proxy", cluster: { "proxy-url": "http://proxy.example.com:3128" } },
  { what: "a SOCKS proxy", cluster: { "proxy-url": "socks5://127.0.0.1:1080" } },
  { what: "a server with a slash at its end", cluster: { server: "https://api.example.com/" } },
  { what: "a server with a path", cluster: { server: "https://rancher.example.com/k8s/clusters/c-1" } },
  { what: "a server by its IPv6 address", cluster: { server: "https://[::1]:6443" } },
  { what: "plain HTTP", cluster: { server: "http://127.0.0.1:8001" }, differs: { skipTLSVerify: true } },
  {
    what: "more clusters, users and contexts than one",
    file: {
      clusters: [{ name: "b", cluster: { server: "https://b" } }],
      users: [{ name: "b", user: {} }],
      contexts: [{ name: "b", context: { cluster: "b", user: "b" } }],
    },
  },
  { what: "things that nobody here reads", file: { preferences: { colors: true }, extensions: [] } },
  { what: "JSON", user: { token: "t" }, text: (yaml) => yaml },
  { what: "Windows line ends", user: { token: "t" }, text: (yaml) => yaml.replaceAll("\n", "\r\n") },
  {
    what: "anchors and comments",
    user: { token: "t" },
    text: (yaml) => `# made by hand\n${yaml}x-a: &a {b: 1}\nx-c: *a\n`,
  },
];

interface Named {
  readonly name: string;
}

/** One context with its cluster and its user, what is not there left out. */
function plain({
  cluster,
  user,
  context,
}: {
  readonly cluster: object | null;
  readonly user: object | null;
  readonly context: string;
}): object {
  const given = (part: object | null) =>
    Object.fromEntries(Object.entries(part ?? {}).filter(([, value]) => value !== undefined && value !== null));
  return { cluster: given(cluster), user: given(user), context };
}

describe("a kubeconfig as the library reads it, and as it is read here", () => {
  let folder: string;
  let LibraryConfig: new () => Library;
  before(async () => {
    // As the program loads it: imported from the top, it would be compiled a second time.
    ({ KubeConfig: LibraryConfig } = await import("@kubernetes/client-node"));
    folder = mkdtempSync(join(tmpdir(), "parity-"));
  });
  after(() => rmSync(folder, { recursive: true }));

  ROWS.forEach(({ what, cluster, user = {}, file = {}, text = (yaml) => yaml, differs = {} }, index) => {
    it(`are the same for ${what}`, () => {
      const more = file as Readonly<Record<string, object[] | undefined>>;
      const contents = {
        apiVersion: "v1",
        kind: "Config",
        "current-context": "dev",
        ...file,
        contexts: [
          { name: "dev", context: { cluster: "c", user: "u", namespace: "milvus" } },
          ...(more.contexts ?? []),
        ],
        clusters: [
          { name: "c", cluster: { server: "https://api.example.com:6443", ...cluster } },
          ...(more.clusters ?? []),
        ],
        users: [{ name: "u", user }, ...(more.users ?? [])],
      };
      const path = join(folder, `${index}.yaml`);
      writeFileSync(path, text(what === "JSON" ? JSON.stringify(contents) : stringify(contents)));
      const library = new LibraryConfig();
      library.loadFromFile(path);
      const theirs = plain({
        cluster: library.getCurrentCluster(),
        user: library.getCurrentUser(),
        context: library.getCurrentContext(),
      });
      // The proxies of the environment are no part of the file.
      const ours = plain({ user: null, ...loadKubeConfig({}, { KUBECONFIG: path, HOME: folder }) });
      expect(fieldsOf(ours)).to.deep.equal(fieldsOf(theirs, differs));
    });
  });
});

/** Cluster and user in one map, so that a row names what differs; a plugin's own defaults are written out here. */
function fieldsOf(read: object, differs: object = {}): object {
  const { cluster, user, context } = read as { cluster: Named; user: Named & { exec?: object }; context: string };
  const exec = user.exec && { exec: { args: [], env: [], provideClusterInfo: false, ...user.exec } };
  const all = {
    context,
    cluster: cluster.name,
    ...cluster,
    userName: user.name,
    ...user,
    ...exec,
    ...differs,
  };
  return JSON.parse(JSON.stringify(all)) as object;
}
