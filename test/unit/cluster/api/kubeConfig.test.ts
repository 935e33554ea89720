import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { expect } from "chai";
import { type AccessSettings, loadKubeConfig } from "../../../../cluster/api/kubeConfig";
import { ClusterError } from "../../../../cluster/errors";

function contents(name: string, current: string = name): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": current,
    contexts: [{ name, context: { cluster: name, user: name } }],
    clusters: [{ name, cluster: { server: `https://${name}.example.com` } }],
    users: [{ name, user: { token: `hunter2-${name}` } }],
  });
}

describe("loadKubeConfig", () => {
  let folder: string;
  let env: NodeJS.ProcessEnv;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "kubeconfig-"));
    env = { HOME: folder };
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const write = (name: string, text: string) => {
    const path = join(folder, name);
    mkdirSync(join(path, ".."), { recursive: true });
    writeFileSync(path, text);
    return path;
  };
  const serverOf = (settings: AccessSettings = {}) => loadKubeConfig(settings, env).cluster.server;

  function errorOf(settings: AccessSettings): ClusterError {
    try {
      loadKubeConfig(settings, env);
    } catch (error) {
      expect(error).to.be.instanceOf(ClusterError);
      expect((error as Error).message).to.not.include("hunter2");
      return error as ClusterError;
    }
    throw new Error("a kubeconfig was loaded");
  }

  it("takes the provider's setting before KUBECONFIG before the home folder", () => {
    write(".kube/config", contents("home"));
    expect(serverOf()).to.equal("https://home.example.com");
    env.KUBECONFIG = write("env", contents("env"));
    expect(serverOf()).to.equal("https://env.example.com");
    expect(serverOf({ kubeconfig: write("set", contents("set")) })).to.equal("https://set.example.com");
    expect(serverOf({ kubeconfig: contents("text") })).to.equal("https://text.example.com");
    expect(serverOf({ kubeconfig: "" })).to.equal("https://env.example.com");
  });

  it("takes ~ for the home folder", () => {
    write("kc", contents("tilde"));
    expect(serverOf({ kubeconfig: "~/kc" })).to.equal("https://tilde.example.com");
  });

  it("merges the files of KUBECONFIG: the first to name something wins, files that are missing are passed over", () => {
    const second = contents("b").replaceAll('"name":"b"', '"name":"a"');
    env.KUBECONFIG = [
      join(folder, "none"),
      write("1", contents("a")),
      write("2", second),
      write("3", contents("c")),
    ].join(delimiter);
    expect(serverOf()).to.equal("https://a.example.com");
    expect(serverOf({ context: "c" })).to.equal("https://c.example.com");
  });

  it("takes another context or another cluster when told so", () => {
    env.KUBECONFIG = [write("1", contents("a")), write("2", contents("b"))].join(delimiter);
    expect(serverOf({ context: "b" })).to.equal("https://b.example.com");
    expect(serverOf({ cluster: "b" })).to.equal("https://b.example.com");
    expect(loadKubeConfig({ cluster: "b" }, env).user?.name).to.equal("a");
  });

  it("resolves paths inside a file from the file's folder", () => {
    const relative = contents("a").replace('"server"', '"certificate-authority":"ca.crt","server"');
    env.KUBECONFIG = write("deep/config", relative);
    expect(loadKubeConfig({}, env).cluster.caFile).to.equal(join(folder, "deep", "ca.crt"));
  });

  for (const { command, found } of [
    { command: "./bin/login", found: "deep/bin/login" },
    { command: "../login", found: "login" },
    { command: "bin/login", found: "deep/bin/login" },
    { command: "/usr/bin/login", found: "/usr/bin/login" },
    { command: "login", found: "login" },
  ]) {
    it(`runs the credential plugin ${command} of a file from ${found}`, () => {
      env.KUBECONFIG = write(
        "deep/config",
        contents("a").replace('"token"', `"exec":{"command":"${command}"},"token"`),
      );
      const expected = found.startsWith("/") || !command.includes("/") ? found : join(folder, found);
      expect(loadKubeConfig({}, env).user?.exec?.command).to.equal(expected);
    });
  }

  const errors = [
    { what: "a path that does not exist", settings: { kubeconfig: "/no/such/file" }, says: "/no/such/file" },
    { what: "contents that are no kubeconfig", settings: { kubeconfig: "token: [hunter2" }, says: "not a kubeconfig" },
    { what: "a list instead of a kubeconfig", settings: { kubeconfig: "- hunter2: 1\n" }, says: "kubeconfig" },
    { what: "a context that is not there", settings: { kubeconfig: contents("a"), context: "b" }, says: "it has a" },
    { what: "no current context", settings: { kubeconfig: contents("a", "") }, says: "no current context" },
    { what: "a cluster that is not there", settings: { kubeconfig: contents("a"), cluster: "b" }, says: "cluster b" },
    { what: "nothing at all", settings: {}, says: ".kube/config does not exist" },
    { what: "a folder", settings: { kubeconfig: "~" }, says: "EISDIR" },
  ] as const;
  for (const { what, settings, says } of errors) {
    it(`refuses ${what}`, () => {
      const error = errorOf(settings);
      expect(error.code).to.be.oneOf(["noKubeconfig", "badKubeconfig"]);
      expect(error.message).to.include(says);
    });
  }

  it("refuses a kubeconfig of which nothing is left when KUBECONFIG names missing files", () => {
    env.KUBECONFIG = join(folder, "none");
    expect(errorOf({}).message).to.include(join(folder, "none"));
  });
});
