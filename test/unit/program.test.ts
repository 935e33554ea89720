import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import * as pulumi from "@pulumi/pulumi";
import { expect } from "chai";
import { makePlan } from "../../cli/plan/plan";
import { PULUMI_VARIABLE } from "../../cli/pulumi/stackConfig";
import { decodeRecord, type RecordObject } from "../../cluster/helm/record";
import { settled } from "../../components/engine/resolve";
import type { PlanOutput } from "../../components/outputs";
import { parseConfig } from "../../config/parseConfig";
import program from "../../index";
import { pulumiStandIn } from "../support/pulumiStandIn";
import { plain, type Recording, type Registered, record as recordProgram } from "../support/recordingMonitor";
import { record } from "./cluster/objects";

const CONFIG_MAPS = "/api/v1/namespaces/milvus/configmaps";
const RELEASE = "kubernetes:helm.sh/v3:Release";
const COMPONENT = "milvus-upgrade:index:MilvusCluster";
/** What the upgrade's Jobs need, by name. */
const NAMED = /\/(serviceaccounts|roles|rolebindings)\/my-release-upgrade$/;

/** The answers of a cluster's API server: a Status 404 for what is not there, lists that are empty. */
function answer(
  { method, url = "" }: IncomingMessage,
  namespaces: readonly string[],
  lock: object | undefined,
  records: readonly RecordObject[],
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
  if (path.includes("/secrets")) {
    const found = records.find(({ metadata }) => path.endsWith(`/secrets/${metadata?.name ?? ""}`));
    return { status: 200, body: found ?? { metadata: {}, items: records } };
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
  /** What the requests carry. */
  let bodies: (object | undefined)[];
  let lock: object | undefined;
  /** What Helm has left. */
  let records: readonly RecordObject[];

  before(async () => {
    server = createServer((request, response) => {
      requests.push(`${request.method ?? ""} ${request.url ?? ""}`);
      void json(request).then((sent) => {
        // A lock that is made is there until it is deleted.
        bodies.push(sent);
        if (request.method === "POST" && request.url?.endsWith("/configmaps") === true) lock = sent;
        const { status, body } = answer(request, ["milvus"], lock, records);
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
    bodies = [];
    records = [];
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });

  /** Runs it with this stack config, on a stack whose state has these resources. */
  async function run(
    config: Record<string, string>,
    resources: Record<string, unknown> = {},
    preview = false,
  ): Promise<Recording & { error?: Error; result?: Record<string, unknown> }> {
    pulumi.runtime.setAllConfig({
      "milvus:namespace": "milvus",
      "milvus:verify": "off",
      "kubernetes:kubeconfig": kubeconfig,
      ...config,
    });
    let error: Error | undefined;
    let result: Record<string, unknown> | undefined;
    const recording = await recordProgram(
      async () => {
        try {
          result = await known(program());
        } catch (thrown) {
          error = thrown as Error;
        }
      },
      { preview, invoke: () => ({ outputs: resources }) },
    );
    return { ...recording, ...(error && { error }), ...(result && { result }) };
  }

  async function known(outputs: Record<string, pulumi.Output<unknown>>): Promise<Record<string, unknown>> {
    const values = Object.entries(outputs).map(async ([name, output]) => [name, await settled(output)] as const);
    return Object.fromEntries(await Promise.all(values));
  }

  /** What is declared beside the component itself, which Pulumi registers before anything else. */
  const children = ({ registered }: Recording): Registered[] => registered.filter(({ type }) => type !== COMPONENT);
  const planOf = ({ outputs }: Recording): Partial<PlanOutput> => outputs.get(COMPONENT)?.plan as PlanOutput;
  const release = ({ registered }: Recording): Registered | undefined =>
    registered.find(({ type }) => type === RELEASE);

  it("is exported as a function, which is what Pulumi's language host and inline programs call", () => {
    expect(program).to.be.a("function");
  });

  it("installs Milvus on an empty cluster and only reads it, beside the lock that it takes and gives back", async () => {
    const recording = await run({ "milvus:version": "2.2.9" });
    expect(recording.error).to.equal(undefined);
    expect(release(recording)?.inputs).to.include({ name: "my-release", namespace: "milvus", createNamespace: false });
    expect(recording.result).to.include({
      release: "milvus/my-release",
      version: "2.2.9",
      plan: "install, Milvus 2.2.9",
      verification: "off",
      backupClaim: "none",
    });
    const writes = requests.filter((request) => !/^GET |selfsubject\w+reviews$/.test(request));
    expect(writes).to.deep.equal([`POST ${CONFIG_MAPS}`, `DELETE ${CONFIG_MAPS}/my-release-upgrade-lock`]);
  });

  it("writes no secret of the values into the lock or its outputs", async () => {
    const values = {
      minio: { secretKey: "Ab,cd!9x-TAIL" },
      extraConfigFiles: { "user.yaml": "a:\n  pwd: Ab,cd!9x-TAIL\n" },
    };
    const recording = await run({ "milvus:version": "2.2.9", "milvus:values": JSON.stringify(values) });
    expect(recording.error).to.equal(undefined);
    const { outputs, result } = recording;
    expect(bodies.filter((body) => body !== undefined)).to.not.deep.equal([]);
    expect(JSON.stringify([bodies, [...outputs], result])).to.not.include("TAIL");
  });

  it("gives the lock back when the verification fails", async () => {
    const config = { "milvus:verify": "health", "milvus:timeouts": '{"verify":"1s"}' };
    await run({ "milvus:version": "2.2.9", ...config });
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
    const { error } = recording;
    expect(recording.registered.map(({ type }) => type)).to.include(RELEASE);
    expect(isForPeople(error)).to.equal(true);
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

  describe("over an install that died before anything was deployed", () => {
    const RECORD = "sh.helm.release.v1.my-release.v1";
    const DIED = record(
      {
        name: "my-release",
        namespace: "milvus",
        version: 1,
        info: { status: "pending-install", last_deployed: "2020-01-01T00:00:00Z" },
        chart: { metadata: { name: "milvus", version: "4.0.31", appVersion: "2.2.9" } },
      },
      RECORD,
    );
    const IN_STATE = {
      [`urn:pulumi:test::milvus::${COMPONENT}$${RELEASE}::milvus-release`]: {
        outputs: { name: "my-release", namespace: "milvus" },
      },
    };
    const SECRET = "kubernetes:core/v1:Secret";
    const config = { "milvus:version": "2.2.9" };
    const before = process.env[PULUMI_VARIABLE];
    beforeEach(() => {
      records = [DIED];
    });
    afterEach(() => {
      if (before === undefined) Reflect.deleteProperty(process.env, PULUMI_VARIABLE);
      else process.env[PULUMI_VARIABLE] = before;
    });
    const planned = () =>
      makePlan({
        project: { name: "milvus", folder: ".", defaults: {} },
        stack: "dev",
        settings: {
          config: parseConfig({
            config: {
              "milvus:namespace": "milvus",
              "milvus:verify": "off",
              "kubernetes:kubeconfig": kubeconfig,
              ...config,
            },
          }),
          secrets: [],
        },
        withManifests: false,
        withImages: false,
      });

    it("marks its record as failed where the state has the Release, and deletes nothing", async () => {
      const recording = await run(config, IN_STATE);
      const { registered, error } = recording;
      expect(error).to.equal(undefined);
      expect(planOf(recording).steps).to.deep.equal(["markFailed", "release"]);
      const secret = registered.find(({ type }) => type === SECRET);
      const { release } = plain(secret?.inputs.data) as { release: string };
      expect(decodeRecord({ ...DIED, data: { release } }).status).to.equal("failed");
      expect(registered.map(({ type }) => type)).to.not.include("kubernetes:batch/v1:Job");
    });

    it("deletes its record where the state has no Release", async () => {
      const recording = await run(config);
      const { registered } = recording;
      expect(planOf(recording).steps).to.deep.equal(["clearPendingRelease", "release"]);
      expect(registered.map(({ type }) => type)).to.not.include(SECRET);
    });

    it("refuses a state that has the Release where the cluster has no record of it at all", async () => {
      records = [];
      const recording = await run(config, IN_STATE);
      expect(recording.error?.message).to.match(/the_state_has_a_release_that_is_gone/);
      expect(children(recording)).to.deep.equal([]);
    });

    for (const { what, state, resources, step } of [
      {
        what: "has",
        state: `[{"type":"${RELEASE}"}]`,
        resources: IN_STATE,
        step: "mark the record of revision 1 as failed",
      },
      {
        what: "has not",
        state: '[{"type":"pulumi:pulumi:Stack"}]',
        resources: {},
        step: "clear the pending record of revision 1",
      },
    ]) {
      it(`is planned by the CLI as up does it, where the state ${what} the Release: the same step, the same hash`, async () => {
        const asked = pulumiStandIn(`echo '{"version":3,"deployment":{"resources":${state}}}'`);
        const { plan } = await planned();
        expect(plan?.steps[0]?.step).to.equal(step);
        expect(plan?.hash).to.equal(planOf(await run(config, resources, true)).hash);
        expect(asked()).to.deep.equal(["stack export --stack dev --non-interactive"]);
      });
    }

    for (const { what, script, why } of [
      {
        what: "a stack that is not there",
        script: "echo 'error: no stack named dev' >&2; exit 255",
        why: "no stack named dev",
      },
      { what: "no Pulumi CLI", script: undefined, why: "Pulumi CLI is needed" },
    ]) {
      it(`says what it does not know, with ${what}`, async () => {
        pulumiStandIn(script);
        const { plan } = await planned();
        const said = plan?.warnings.find(({ rule }) => rule === "a_dead_install_is_gone_on_from")?.message;
        expect(said).to.contain("marks the record as failed instead of clearing it").and.to.contain(why);
      });
    }

    it("asks Pulumi nothing where no install has died", async () => {
      const asked = pulumiStandIn("echo '{}'");
      records = [];
      await planned();
      expect(asked()).to.deep.equal([]);
    });
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
      const recording = await run(config, {
        "urn:pulumi:test::milvus::milvus-upgrade:index:MilvusCluster::milvus": {
          outputs: { release: "milvus/my-release" },
        },
        "urn:pulumi:test::milvus::milvus-upgrade:index:MilvusCluster$kubernetes:helm.sh/v3:Release::milvus-release": {},
      });
      const { error } = recording;
      expect(children(recording)).to.deep.equal([]);
      expect(isForPeople(error), String(error)).to.equal(true);
      expect(error?.message).to.match(message);
    }).timeout(20_000);
  }
});

/** Pulumi shows its message alone. */
function isForPeople(error: unknown): boolean {
  return pulumi.RunError.isInstance(error) || (pulumi.ResourceError.isInstance(error) && error.hideStack === true);
}
