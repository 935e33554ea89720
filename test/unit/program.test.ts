import * as pulumi from "@pulumi/pulumi";
import { expect } from "chai";
import { makePlan } from "../../cli/plan/plan";
import { PULUMI_VARIABLE } from "../../cli/pulumi/stackConfig";
import { decodeRecord } from "../../cluster/helm/record";
import { settled } from "../../components/engine/resolve";
import type { PlanOutput } from "../../components/outputs";
import { parseConfig } from "../../config/parseConfig";
import program from "../../index";
import { upgradeLabels } from "../../upgrade/marks";
import { ClusterServer } from "../support/clusterServer";
import { pulumiStandIn } from "../support/pulumiStandIn";
import { plain, type Recording, type Registered, record as recordProgram } from "../support/recordingMonitor";

const CONFIG_MAPS = "/api/v1/namespaces/milvus/configmaps";
const RELEASE = "kubernetes:helm.sh/v3:Release";
const COMPONENT = "milvus-upgrade:index:MilvusCluster";
describe("the program", () => {
  const server = new ClusterServer();

  before(() => server.start());
  beforeEach(() => server.reset("milvus"));
  after(() => server.stop());

  /** Runs it with this stack config, on a stack whose state has these resources. */
  async function run(
    config: Record<string, string>,
    resources: Record<string, unknown> = {},
    preview = false,
  ): Promise<Recording & { error?: Error; result?: Record<string, unknown> }> {
    pulumi.runtime.setAllConfig({
      "milvus:namespace": "milvus",
      "milvus:verify": "off",
      "kubernetes:kubeconfig": server.kubeconfig,
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

  it("installs Milvus on an empty cluster and only reads it, beside its lock and its receipt", async () => {
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
    expect(server.writes.map((it) => it.replace(/\?.*/, ""))).to.deep.equal([
      `POST ${CONFIG_MAPS}`,
      `POST ${CONFIG_MAPS}`,
      `PATCH ${CONFIG_MAPS}/my-release-upgrade-receipts`,
      `DELETE ${CONFIG_MAPS}/my-release-upgrade-lock`,
    ]);
  });

  it("writes no secret of the values into the lock or its outputs", async () => {
    const values = {
      minio: { secretKey: "Ab,cd!9x-TAIL" },
      extraConfigFiles: { "user.yaml": "a:\n  pwd: Ab,cd!9x-TAIL\n" },
    };
    const recording = await run({ "milvus:version": "2.2.9", "milvus:values": JSON.stringify(values) });
    expect(recording.error).to.equal(undefined);
    const { outputs, result } = recording;
    expect(server.bodies).to.not.deep.equal([]);
    expect(JSON.stringify([server.bodies, [...outputs], result])).to.not.include("TAIL");
  });

  it("gives the lock back when the verification fails", async () => {
    const config = { "milvus:verify": "health", "milvus:timeouts": '{"verify":"1s"}' };
    await run({ "milvus:version": "2.2.9", ...config });
    expect(server.requests.at(-1)).to.equal(`DELETE ${CONFIG_MAPS}/my-release-upgrade-lock`);
  });

  it("takes no lock in a preview", async () => {
    const recording = await run({ "milvus:version": "2.2.9" }, {}, true);
    expect(recording.error).to.equal(undefined);
    expect(server.writes).to.deep.equal([]);
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
    expect(plain(provider?.inputs.kubeconfig)).to.equal(server.kubeconfig);
    expect(pulumi.runtime.isRpcSecret(provider?.inputs.kubeconfig)).to.equal(true);
    expect(String(plain(provider?.inputs.upsertExistingObjects))).to.equal("true");
  });

  describe("over an install that died before anything was deployed", () => {
    const IN_STATE = {
      [`urn:pulumi:test::milvus::${COMPONENT}$${RELEASE}::milvus-release`]: {
        outputs: { name: "my-release", namespace: "milvus" },
      },
    };
    const SECRET = "kubernetes:core/v1:Secret";
    const config = { "milvus:version": "2.2.9" };
    const before = process.env[PULUMI_VARIABLE];
    beforeEach(() => {
      server.putRelease({ namespace: "milvus", chart: "4.0.31", milvus: "2.2.9", status: "pending-install" });
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
              "kubernetes:kubeconfig": server.kubeconfig,
              ...config,
            },
          }),
          secrets: [],
        },
        withManifests: false,
        withImages: false,
      });

    it("is planned with a word on who is at work on it just now", async () => {
      expect((await planned()).open).to.equal(undefined);
      server.put("milvus", "configmaps", {
        metadata: { name: "my-release-upgrade-lock", labels: upgradeLabels("my-release") },
        data: { run: "1", who: "jane@laptop", stack: "team/search/prod", silence: "60" },
      });
      expect((await planned()).open?.join()).to.match(/another_run_is_active.*jane@laptop/);
    });

    it("marks its record as failed where the state has the Release, and deletes nothing", async () => {
      const recording = await run(config, IN_STATE);
      const { registered, error } = recording;
      expect(error).to.equal(undefined);
      expect(planOf(recording).steps).to.deep.equal(["markFailed", "release"]);
      const secret = registered.find(({ type }) => type === SECRET);
      const { release } = plain(secret?.inputs.data) as { release: string };
      expect(decodeRecord({ data: { release } }).status).to.equal("failed");
      expect(registered.map(({ type }) => type)).to.not.include("kubernetes:batch/v1:Job");
    });

    it("deletes its record where the state has no Release", async () => {
      const recording = await run(config);
      const { registered } = recording;
      expect(planOf(recording).steps).to.deep.equal(["clearPendingRelease", "release"]);
      expect(registered.map(({ type }) => type)).to.not.include(SECRET);
    });

    it("refuses a state that has the Release where the cluster has no record of it at all", async () => {
      server.reset("milvus");
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
        const said = plan?.warnings.find(({ rule }) => rule === "an_install_did_not_finish")?.message;
        expect(said).to.contain("marks the record as failed instead of clearing it").and.to.contain(why);
      });
    }

    it("asks Pulumi nothing where no install has died", async () => {
      const asked = pulumiStandIn("echo '{}'");
      server.reset("milvus");
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
