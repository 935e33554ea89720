import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import * as pulumi from "@pulumi/pulumi";
import { expect } from "chai";
import program from "../../index";
import { plain, type Recording, type Registered, record } from "../support/recordingMonitor";

const CONFIG_MAPS = "/api/v1/namespaces/milvus/configmaps";
const RELEASE = "kubernetes:helm.sh/v3:Release";
/** What the upgrade's Jobs need, by name. */
const NAMED = /\/(serviceaccounts|roles|rolebindings)\/my-release-upgrade$/;

/** The answers of a cluster's API server: a Status 404 for what is not there, lists that are empty. */
function answer(
  { method, url = "" }: IncomingMessage,
  namespaces: readonly string[],
  lock: object | undefined,
): { status: number; body: object } {
  const path = new URL(url, "http://localhost").pathname;
  const namespace = /^\/api\/v1\/namespaces\/([^/]+)$/.exec(path)?.[1];
  if (path === "/version") {
    return { status: 200, body: { gitVersion: "v1.36.3" } };
  }
  if (path.endsWith("/selfsubjectaccessreviews")) {
    return { status: 201, body: { status: { allowed: true } } };
  }
  if (method === "GET" && path.endsWith("/configmaps/my-release-upgrade-lock") && lock !== undefined) {
    return { status: 200, body: lock };
  }
  if (method === "GET" && (/\/configmaps\/[^/]+$/.test(path) || NAMED.test(path))) {
    return { status: 404, body: { kind: "Status", reason: "NotFound", message: "not found" } };
  }
  if (path === "/apis") {
    return { status: 200, body: { groups: [] } };
  }
  if (namespace !== undefined && !namespaces.includes(namespace)) {
    return {
      status: 404,
      body: { kind: "Status", reason: "NotFound", message: `namespaces "${namespace}" not found` },
    };
  }
  return { status: 200, body: { metadata: {}, items: [] } };
}

/** What a request carries; undefined where it carries nothing. */
async function json(request: IncomingMessage): Promise<object | undefined> {
  const text = Buffer.concat(await request.toArray()).toString("utf8");
  return text === "" ? undefined : (JSON.parse(text) as object);
}

describe("the program", () => {
  let server: Server;
  let kubeconfig: string;
  let requests: string[];
  let lock: object | undefined;

  before(async () => {
    server = createServer((request, response) => {
      requests.push(`${request.method ?? ""} ${request.url ?? ""}`);
      void json(request).then((sent) => {
        // A lock that is made is there until it is deleted.
        if (request.method === "POST" && request.url?.endsWith("/configmaps") === true) lock = sent;
        const { status, body } = answer(request, ["milvus"], lock);
        if (request.method === "DELETE") lock = undefined;
        response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
      });
    });
    await once(server.listen(0, "127.0.0.1"), "listening");
    kubeconfig = JSON.stringify({
      apiVersion: "v1",
      kind: "Config",
      clusters: [{ name: "c", cluster: { server: `http://127.0.0.1:${(server.address() as AddressInfo).port}` } }],
      users: [{ name: "u", user: {} }],
      contexts: [{ name: "x", context: { cluster: "c", user: "u" } }],
      "current-context": "x",
    });
  });
  beforeEach(() => {
    requests = [];
    lock = undefined;
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });

  /** Runs it with this stack config, on a stack whose last outputs were these. */
  async function run(
    config: Record<string, string>,
    outputs: Record<string, unknown> = {},
    preview = false,
  ): Promise<Recording & { error?: Error; result?: Awaited<ReturnType<typeof program>> }> {
    pulumi.runtime.setAllConfig({
      "milvus:namespace": "milvus",
      "milvus:verify": "off",
      "kubernetes:kubeconfig": kubeconfig,
      ...config,
    });
    let error: Error | undefined;
    let result: Awaited<ReturnType<typeof program>> | undefined;
    const recording = await record(
      async () => {
        try {
          result = await program();
        } catch (thrown) {
          error = thrown as Error;
        }
      },
      { preview, invoke: () => ({ outputs }) },
    );
    return { ...recording, ...(error && { error }), ...(result && { result }) };
  }
  const release = ({ registered }: Recording): Registered | undefined =>
    registered.find(({ type }) => type === RELEASE);

  /** The output that is known once everything is done. */
  function verified({ result, error }: Awaited<ReturnType<typeof run>>): Promise<string> {
    if (result === undefined) throw error ?? new Error("the program gave no outputs");
    return (result.verification as unknown as { promise(): Promise<string> }).promise();
  }

  it("is exported as a function, which is what Pulumi's language host and inline programs call", () => {
    expect(program).to.be.a("function");
  });

  it("installs Milvus on an empty cluster and only reads it, beside the lock that it takes and gives back", async () => {
    const recording = await run({ "milvus:version": "2.2.9" });
    expect(recording.error).to.equal(undefined);
    expect(release(recording)?.inputs).to.include({ name: "my-release", namespace: "milvus", createNamespace: false });
    expect(recording.result).to.include({ release: "milvus/my-release", versionTo: "2.2.9" });
    expect(await verified(recording)).to.equal("off");
    const writes = requests.filter((request) => !/^GET |selfsubject\w+reviews$/.test(request));
    expect(writes).to.deep.equal([`POST ${CONFIG_MAPS}`, `DELETE ${CONFIG_MAPS}/my-release-upgrade-lock`]);
  });

  it("gives the lock back when the verification fails", async () => {
    const config = { "milvus:verify": "health", "milvus:timeouts": '{"verify":"1s"}' };
    const outcome = verified(await run({ "milvus:version": "2.2.9", ...config }));
    await outcome.catch(() => undefined);
    expect(requests.at(-1)).to.equal(`DELETE ${CONFIG_MAPS}/my-release-upgrade-lock`);
  });

  it("takes no lock in a preview", async () => {
    const recording = await run({ "milvus:version": "2.2.9" }, {}, true);
    expect(recording.error).to.equal(undefined);
    expect(requests.filter((request) => !/^GET |selfsubject\w+reviews$/.test(request))).to.deep.equal([]);
  });

  it("verifies what runs once everything is in place, and fails with what is wrong and how to go on", async () => {
    const recording = await run({
      "milvus:version": "2.2.9",
      "milvus:verify": "health",
      "milvus:timeouts": '{"verify":"1s"}',
    });
    const error = await verified(recording).catch((thrown: unknown) => thrown);
    expect(recording.registered.map(({ type }) => type)).to.include(RELEASE);
    expect(pulumi.RunError.isInstance(error)).to.equal(true);
    expect((error as Error).message).to.match(/Everything is in place, but the verification of Milvus 2\.2\.9 failed/);
    expect((error as Error).message)
      .to.contain("No component of Milvus runs.")
      .and.to.contain("npm run verify");
  });

  it("creates a namespace that is not there", async () => {
    const recording = await run({ "milvus:version": "2.2.9", "milvus:namespace": "new" });
    expect(release(recording)?.inputs.createNamespace).to.equal(true);
  });

  it("talks to the same cluster through the provider, with the kubeconfig kept secret", async () => {
    const { registered } = await run({ "milvus:version": "2.2.9" });
    const provider = registered.find(({ type }) => type === "pulumi:providers:kubernetes");
    expect(plain(provider?.inputs.kubeconfig)).to.equal(kubeconfig);
    expect(pulumi.runtime.isRpcSecret(provider?.inputs.kubeconfig)).to.equal(true);
    expect(String(plain(provider?.inputs.upsertExistingObjects))).to.equal("true");
  });

  const refused = [
    { why: "a wrong config", config: { "milvus:version": "yesterday" }, message: /milvus:version = .*yesterday/s },
    { why: "a version that nothing leads to", config: { "milvus:version": "9.9.9" }, message: /9\.9\.9|version/ },
    {
      why: "another release name than before",
      config: { "milvus:version": "2.2.9", "milvus:release": "renamed" },
      message: /refused \(a_release_cannot_be_renamed\)/,
    },
    {
      why: "a cluster that does not answer",
      config: {
        "milvus:version": "2.2.9",
        "kubernetes:kubeconfig": JSON.stringify({
          apiVersion: "v1",
          kind: "Config",
          clusters: [{ name: "c", cluster: { server: "https://127.0.0.1:1" } }],
          users: [{ name: "u", user: {} }],
          contexts: [{ name: "x", context: { cluster: "c", user: "u" } }],
          "current-context": "x",
        }),
      },
      message: /127\.0\.0\.1:1/,
    },
  ];
  for (const { why, config, message } of refused) {
    it(`${why} ends it with a message for people, and nothing is declared`, async () => {
      const { error, registered } = await run(config, { release: "milvus/my-release" });
      expect(registered).to.deep.equal([]);
      expect(pulumi.RunError.isInstance(error), `is a RunError: ${String(error)}`).to.equal(true);
      expect(error?.message).to.match(message);
    }).timeout(20_000);
  }
});
