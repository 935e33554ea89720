import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { expect } from "chai";
import type { MilvusClusterArgs } from "../../../components/args";
import { MilvusCluster } from "../../../components/milvusCluster";
import { ClusterServer } from "../../support/clusterServer";
import {
  COMPONENT,
  type OneRun,
  outputsOf,
  PROVIDER,
  RELEASE,
  runComponent,
  runProgram,
  unknownOutput,
} from "../../support/componentRun";
import { isSecret, plain } from "../../support/recordingMonitor";

describe("what MilvusCluster is given", () => {
  const server = new ClusterServer();
  before(() => server.start());
  beforeEach(() => server.reset("milvus"));
  after(() => server.stop());

  const args = (over: object = {}): MilvusClusterArgs => ({
    version: "2.2.9",
    namespace: "milvus",
    kubeconfig: server.kubeconfig,
    verify: { mode: "off" },
    ...over,
  });
  const kubeconfigOf = ({ children }: OneRun) => children.find(({ type }) => type === PROVIDER)?.inputs.kubeconfig;

  /** Neither was the cluster asked, nor anything declared. */
  function expectUntouched({ children }: Pick<OneRun, "children">): void {
    expect(server.requests).to.deep.equal([]);
    expect(children).to.deep.equal([]);
  }

  describe("as kubeconfig", () => {
    for (const { what, give } of [
      { what: "a text", give: () => server.kubeconfig },
      { what: "an Output", give: () => pulumi.output(server.kubeconfig) },
      { what: "a secret Output", give: () => pulumi.secret(server.kubeconfig) },
      { what: "a promise", give: () => Promise.resolve(server.kubeconfig) },
      { what: "a map, as some providers of clusters give it", give: () => JSON.parse(server.kubeconfig) as string },
    ]) {
      it(`${what} leads to the cluster, and is kept secret`, async () => {
        const run = await runComponent(() => args({ kubeconfig: give() }));
        expect(run.error).to.equal(undefined);
        expect(server.requests.length).to.be.above(10);
        expect(isSecret(kubeconfigOf(run))).to.equal(true);
        const sent = plain(kubeconfigOf(run));
        expect(typeof sent === "string" ? JSON.parse(sent) : sent).to.deep.equal(JSON.parse(server.kubeconfig));
        expect(JSON.stringify([run.outputs.get(COMPONENT), run.said])).to.not.contain("127.0.0.1");
      });
    }

    it("one that a preview does not know yet gives the plan of an install, which says so", async () => {
      const run = await runComponent(() => args({ kubeconfig: unknownOutput<string>() }), { preview: true });
      expect(run.error).to.equal(undefined);
      expect(server.requests).to.deep.equal([]);
      expect(run.result?.plan.kind).to.equal("install");
      expect(run.said.join("\n")).to.match(
        /The cluster is not there yet: this program makes it\. The plan is an install/,
      );
    });

    it("one that up does not know is refused", async () => {
      const run = await runComponent(() => args({ kubeconfig: unknownOutput<string>() }));
      expect(run.error?.message).to.match(/^refused \(what_decides_the_plan_must_be_known\).*kubeconfig.*"db"/);
      expectUntouched(run);
    });

    for (const { what, access, named } of [
      { what: "an Output of nothing", access: () => ({ kubeconfig: pulumi.output(undefined) }), named: "kubeconfig" },
      { what: "an Output of null", access: () => ({ kubeconfig: pulumi.output(null) }), named: "kubeconfig" },
      { what: "an empty text", access: () => ({ kubeconfig: " " }), named: "kubeconfig" },
      {
        what: "a context that is an Output of nothing",
        access: () => ({ context: pulumi.output(undefined) }),
        named: "context",
      },
      { what: "a number", access: () => ({ kubeconfig: 7 }), named: "kubeconfig" },
      { what: "a list as context", access: () => ({ context: ["a"] }), named: "context" },
    ]) {
      it(`${what} is refused: the default would be another cluster`, async () => {
        const run = await runComponent(() => args(access()));
        expect(run.error?.message).to.match(
          new RegExp(`^The arguments of MilvusCluster "db" have one problem.*- ${named}: `, "s"),
        );
        expectUntouched(run);
      });
    }

    it("null, as other languages send what is not given, is not given", async () => {
      const run = await runComponent(() => args({ context: null, cluster: null }));
      expect(run.error).to.equal(undefined);
    });
  });

  describe("as provider", () => {
    const aProvider = () => new k8s.Provider("p", { kubeconfig: server.kubeconfig });
    for (const { how, options } of [
      { how: "provider", options: () => ({ provider: aProvider() }) },
      { how: "providers, a list", options: () => ({ providers: [aProvider()] }) },
      { how: "providers, a map", options: () => ({ providers: { kubernetes: aProvider() } }) },
      { how: "that of a component around it", options: () => ({ parent: new Around(aProvider()) }) },
    ]) {
      it(`${how}: is refused without a kubeconfig, with what to pass instead`, async () => {
        const rest = { version: "2.2.9", namespace: "milvus" };
        const run = await runProgram(() => outputsOf(new MilvusCluster("db", rest, options())));
        expect(run.error?.message).to.match(/^refused \(a_provider_does_not_name_its_cluster\).*kubeconfig \(path/s);
        expect(server.requests).to.deep.equal([]);
        expect(run.children.filter(({ name }) => name.startsWith("db-"))).to.deep.equal([]);
      });

      it(`${how}: is let be beside a kubeconfig`, async () => {
        const run = await runProgram(() => outputsOf(new MilvusCluster("db", args(), options())));
        expect(run.error).to.equal(undefined);
      });
    }
  });

  it("as Outputs with a known value: a program in another language may give them so", async () => {
    const later = {
      version: pulumi.output("2.2.9"),
      upgrade: pulumi.output({ strategy: "helm" }),
      jobs: { imagePullSecrets: [pulumi.output("mirror")] },
    };
    const run = await runProgram(() =>
      outputsOf(new MilvusCluster("db", { ...args(), ...(later as unknown as Partial<MilvusClusterArgs>) })),
    );
    expect(run.error).to.equal(undefined);
  });

  describe("wrongly", () => {
    for (const { what, wrong, says } of [
      {
        what: "an Output with a wrong value as version",
        wrong: () => ({ version: pulumi.output("yesterday") }),
        says: /- version = "yesterday": is not a version/,
      },
      {
        what: "a promise in a group, and an Output as a whole group",
        wrong: () => ({ upgrade: { strategy: Promise.resolve("fast") }, verify: pulumi.output({ mode: "of" }) }),
        says: /2 problems(?=.*- upgrade\.strategy = "fast": is not allowed).*- verify\.mode = "of": is not allowed/s,
      },
      { what: "a text as a group", wrong: () => ({ upgrade: "helm" }), says: /- upgrade: must be a map/ },
      { what: "a text as chart", wrong: () => ({ chart: "4.0.31" }), says: /- chart: must be a map/ },
      { what: "a text as verify", wrong: () => ({ verify: "data" }), says: /one problem.*- verify: must be a map/s },
      { what: "a list as jobs", wrong: () => ({ jobs: ["a"] }), says: /one problem.*- jobs: must be a map/s },
      {
        what: "a text as a switch",
        wrong: () => ({ valuesAreSecret: "yes" }),
        says: /- valuesAreSecret: must be true or false/,
      },
      {
        what: "no version",
        wrong: () => ({ version: undefined }),
        says: /- version: must be set; for example: set version to 2\.2\.9 in the program/,
      },
      { what: "a misspelt name", wrong: () => ({ realeaseName: "a" }), says: /did you mean releaseName\?/ },
      { what: "a text as values", wrong: () => ({ values: "hunter2" }), says: /one problem.*- values: must be a map/s },
      {
        what: "a list as values",
        wrong: () => ({ values: ["hunter2"] }),
        says: /one problem.*- values: must be a map/s,
      },
      {
        what: "an Output of a text as values",
        wrong: () => ({ values: pulumi.secret("hunter2") }),
        says: /one problem.*- values: must be a map/s,
      },
      {
        what: "a function in values",
        wrong: () => ({ values: { a: { b: () => "hunter2" } } }),
        says: /- values\.a\.b: is a function/,
      },
      { what: "a Date in values", wrong: () => ({ values: { a: new Date(0) } }), says: /- values\.a: is a Date/ },
      { what: "a Map in values", wrong: () => ({ values: { a: { b: new Map() } } }), says: /- values\.a\.b: is a Map/ },
      {
        what: "a bigint in a list of values",
        wrong: () => ({ values: { a: [1n] } }),
        says: /- values\.a\.0: is a bigint/,
      },
      {
        what: "a resource in values",
        wrong: () => ({ values: { a: new Around() } }),
        says: /- values\.a: is a resource.*output/,
      },
      {
        what: "values that hold themselves",
        wrong: () => ({ values: cyclic() }),
        says: /- values\.a\.self: holds itself/,
      },
      { what: "not a number in values", wrong: () => ({ values: { a: Number.NaN } }), says: /- values\.a: is NaN/ },
      { what: "an unknown check", wrong: () => ({ preflight: { x: "off" } }), says: /- preflight\.x: / },
      {
        what: "a credential without its other half",
        wrong: () => ({ verify: { credentials: { username: "a" } } }),
        says: /- verify\.credentials: needs username and password together/,
      },
    ] satisfies { what: string; wrong: () => object; says: RegExp }[]) {
      it(`${what} is told by its name, before anything is asked or declared`, async () => {
        const run = await runComponent(() => args(wrong()));
        expect(run.error?.message)
          .to.match(/^The arguments of MilvusCluster "db" have /)
          .and.to.match(says);
        expect(run.error?.message).to.not.match(/hunter2|\[object|toJSON|undefined/);
        expect(pulumi.ResourceError.isInstance(run.error) && run.error.hideStack).to.equal(true);
        expect(server.requests).to.deep.equal([]);
        expect(run.children.filter(({ name }) => name.startsWith("db-"))).to.deep.equal([]);
      });
    }

    for (const nothing of [undefined, null, "2.2.9"]) {
      it(`${String(nothing)} instead of arguments is told`, async () => {
        const run = await runComponent(() => nothing as unknown as MilvusClusterArgs);
        expect(run.error?.message).to.match(/^The arguments of MilvusCluster "db" have one problem/);
      });
    }
  });

  it("in chart.username and chart.password may be Outputs: the password is a secret in the Release, and in no line and output", async () => {
    const chart = (password: unknown) => ({ repository: "https://charts.example.com", username: "ci", password });
    const optsOf = ({ children }: OneRun) => children.find(({ type }) => type === RELEASE)?.inputs.repositoryOpts;
    const run = await runComponent(() => args({ chart: chart(pulumi.secret("correct-horse")) }));
    const found = optsOf(run) as Record<string, unknown>;
    expect(plain(found)).to.deep.equal({
      repo: "https://charts.example.com",
      username: "ci",
      password: "correct-horse",
    });
    expect(isSecret(found) || isSecret(found.password)).to.equal(true);
    expect(JSON.stringify([run.result, run.said])).to.not.include("correct-horse");
    const preview = await runComponent(() => args({ chart: chart(unknownOutput()) }), { preview: true });
    expect(preview.error).to.equal(undefined);
    const up = await runComponent(() => args({ chart: chart(unknownOutput()) }));
    expect(up.error?.message).to.match(/^refused \(what_decides_the_plan_must_be_known\).*chart/);
  });

  it("in verify.credentials and verify.tls may be Outputs, of which a preview does not know each", async () => {
    const verify = () => ({
      mode: "off" as const,
      credentials: { username: "root", password: unknownOutput<string>() },
      tls: { ca: unknownOutput<string>(), insecure: false },
    });
    const preview = await runComponent(() => args({ verify: verify() }), { preview: true });
    expect(preview.error).to.equal(undefined);
    const up = await runComponent(() => args({ verify: verify() }));
    expect(up.error?.message).to.match(/^refused \(what_decides_the_plan_must_be_known\).*verify/);
    const known = await runComponent(() =>
      args({ verify: { mode: "off", credentials: { token: pulumi.secret("hunter2") } } }),
    );
    expect(known.error).to.equal(undefined);
    expect(JSON.stringify([known.result, known.said, known.registered])).to.not.contain("hunter2");
  });
});

class Around extends pulumi.ComponentResource {
  constructor(provider?: k8s.Provider) {
    super("test:index:Around", "around", {}, provider && { providers: [provider] });
  }
}

function cyclic(): object {
  const a: Record<string, unknown> = {};
  a.self = a;
  return { a };
}
