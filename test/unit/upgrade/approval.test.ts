import { expect } from "chai";
import {
  APPROVAL_PATTERN,
  type ApprovalInput,
  approvalHash,
  approvalLines,
  approvalParts,
  describeDifference,
  GUESSING_COST,
  refusalOfUnapproved,
  refusalOfUnconfirmed,
} from "../../../upgrade/approval";
import type { ClusterState, Wanted } from "../../../upgrade/model";
import { component, planned, running, wanted } from "./support";

const SETTINGS = { kubectlImage: "kubectl:v1" };
const VERIFICATION = { mode: "health", tls: { insecure: false, ca: "a" }, credentials: { token: "a" } };
const STATE = running("4.2.20", "2.4.16", { names: ["mixcoord", "querynode", "proxy"] });
const ASKED = wanted("2.5.16");

function input(
  over: {
    state?: Partial<ClusterState>;
    wanted?: Partial<Wanted>;
    settings?: object;
    preflight?: object;
    verification?: object;
    chartDigest?: string;
    program?: ApprovalInput["program"];
    server?: string;
  } = {},
): ApprovalInput {
  const state = { ...STATE, ...over.state };
  const asked = { ...ASKED, ...over.wanted };
  return {
    program: { version: "0.1.0" },
    ...over,
    wanted: asked,
    settings: { ...SETTINGS, ...over.settings },
    preflight: { ...over.preflight },
    verification: { ...VERIFICATION, ...over.verification },
    state,
    plan: planned(asked, state),
  };
}
const release = (changes: object) => ({ ...STATE, release: { ...STATE.release, ...changes } }) as ClusterState;
const components = (changes: object) => ({ components: STATE.components.map((it) => ({ ...it, ...changes })) });
let base: string;

describe("the hash of a plan", () => {
  before(async () => {
    base = await approvalHash(input());
  });

  it("costs who guesses a password what the paper on scrypt (Percival 2009) gives for interactive logins", () => {
    expect(GUESSING_COST).to.deep.equal({ N: 2 ** 14, r: 8, p: 1 });
  });

  it("is what the config takes", () => {
    expect(base).to.match(APPROVAL_PATTERN);
  });

  for (const [what, other] of [
    ["the time of reading", { state: { observedAt: "2030-01-01T00:00:00Z" } }],
    [
      "pods that come and go",
      {
        state: components({
          pods: 9,
          readyReplicas: 0,
          rolledOut: false,
          restarting: true,
          progressedAt: "2030-01-01T00:00:00Z",
        }),
      },
    ],
    ["the order of the Deployments", { state: { components: STATE.components.toReversed() } }],
    ["who asks the service", { verification: { credentials: { token: "b" } } }],
    ["the certificates of the service", { verification: { tls: { insecure: false, ca: "b", key: "k" } } }],
    ["notes of the reader", { state: { notes: ["secrets may not be listed"] } }],
    [
      "the description of the revision",
      { state: release({ description: "other", updatedAt: "2030-01-01T00:00:00Z" }) },
    ],
  ] as const) {
    it(`stays the same whatever ${what}`, async () => {
      expect(await approvalHash(input(other))).to.equal(base);
    });
  }

  it("stays the same while the only pod of a component is away", async () => {
    const podTemplates = [{ image: "milvusdb/milvus:v2.4.16", hash: "5c498b9b79", graceSeconds: 30 }];
    const there = components({ podTemplates, podImages: ["milvusdb/milvus:v2.4.16"] });
    expect(input({ state: there }).plan.steps.some((step) => "oldPods" in step)).to.equal(true);
    expect(await approvalHash(input({ state: there }))).to.equal(await approvalHash(input({ state: components({}) })));
  });

  it("stays the same while an autoscaler scales", async () => {
    const scaled = (replicas: number) =>
      approvalHash(
        input({ state: { components: [component("proxy", "2.4.16", { replicas, autoscaler: "hpa/proxy" })] } }),
      );
    expect(await scaled(2)).to.equal(await scaled(7));
  });

  for (const [what, other, parts] of [
    ["another setting of the Jobs", { settings: { kubectlImage: "kubectl:v2" } }, ["the stack config"]],
    ["another wanted version", { wanted: { version: "2.5.15" } }, ["the stack config", "what the rules make of it"]],
    [
      "a password of the values",
      { wanted: { values: { minio: { secretKey: "b" } } } },
      ["the stack config", "what the rules"],
    ],
    ["a new revision", { state: release({ revision: 8 }) }, ["the Helm release"]],
    [
      "a value of the release",
      { state: release({ userValues: { log: { level: "debug" } } }), wanted: { values: { log: { level: "debug" } } } },
      ["the stack config", "the Helm release", "what the rules"],
    ],
    ["a scaled component", { state: components({ replicas: 5 }) }, ["the cluster"]],
    ["a check that is off", { preflight: { componentsHealthy: "off" } }, ["the stack config"]],
    ["no verification", { verification: { mode: "off" } }, ["the stack config"]],
    ["collections that are loaded again", { verification: { reload: true } }, ["the stack config"]],
    ["a certificate that nobody checks", { verification: { tls: { insecure: true, ca: "a" } } }, ["the stack config"]],
    ["another cluster", { state: { namespaceUid: "another" } }, ["the cluster: which one it is"]],
    [
      "an installation of the same name",
      { state: release({ firstDeployedAt: "2020-01-01T00:00:00Z" }) },
      ["the cluster"],
    ],
    ["an edited file of the chart", { chartDigest: "b" }, ["what the rules make of it"]],
    ["another version of this program", { program: { version: "0.2.0" } }, ["this program"]],
    ["an edited script", { program: { version: "0.1.0", script: "b" } }, ["this program"]],
    ["another API server where no uid tells the cluster", { server: "https://b" }, ["the cluster: which one it is"]],
    ["another Kubernetes", { state: { kubernetesVersion: "1.23.0" } }, ["the cluster"]],
  ] as const) {
    it(`moves with ${what}, and says which part did`, async () => {
      const found = describeDifference(base, await approvalHash(input(other)));
      expect(found).to.have.length(parts.length);
      for (const [index, part] of parts.entries()) expect(found[index]).to.include(part);
    });
  }
});

/** Of some plan: five parts and the whole. */
const PARTS = "111222333444555";
const APPROVED = `${PARTS}${"a".repeat(25)}`;
const OTHER = `000${PARTS.slice(3)}${"b".repeat(25)}`;

describe("an approval", () => {
  const { plan } = input();

  it("is not asked for where none is set", () => {
    expect(refusalOfUnapproved(undefined, APPROVED, plan)).to.equal(undefined);
    expect(approvalLines(undefined, APPROVED)).to.deep.equal([`plan hash: ${APPROVED}`]);
  });
  it("lets its own plan run", () => {
    expect(refusalOfUnapproved(APPROVED, APPROVED, plan)).to.equal(undefined);
  });
  it("refuses any other, with the part that moved and the line that approves it", () => {
    const refusal = refusalOfUnapproved(OTHER, APPROVED, plan);
    expect(refusal?.rule).to.equal("only_the_approved_plan_is_run");
    expect(refusal?.reason).to.include("What differs: the stack config.");
    expect(refusal?.remedy).to.include(`milvus:approvedPlan ${APPROVED}`);
    expect(approvalLines(OTHER, APPROVED).join("\n")).to.include("up will refuse this one");
  });
  it("is by all 128 bits of the whole, since the parts are short", () => {
    const forged = `${PARTS}${"b".repeat(25)}`;
    expect(APPROVED).to.match(APPROVAL_PATTERN);
    expect(refusalOfUnapproved(forged, APPROVED, plan)?.reason).to.include("the short parts of the hash do not show");
  });
  it("is one word, of which the parts are told to programs", async () => {
    const hash = await approvalHash(input());
    expect(hash).to.match(/^\w{40}$/);
    const { config, rules, release, cluster, plan: steps } = approvalParts(hash);
    expect(hash.startsWith(`${config}${rules}${release}${cluster}${steps}`)).to.equal(true);
  });
  for (const old of [`${"0".repeat(12)}.`.repeat(5).slice(0, -1), `${"000000.".repeat(5)}${"0".repeat(32)}`]) {
    it(`of an earlier version, ${old.length} characters with dots, stays in the config, and approves nothing`, () => {
      expect(old).to.match(APPROVAL_PATTERN);
      expect(refusalOfUnapproved(old, APPROVED, plan)?.reason).to.include("an earlier version of this program");
    });
  }
  it("is not needed for a plan with nothing to do", () => {
    expect(refusalOfUnapproved(OTHER, APPROVED, { ...plan, kind: "nothing" })).to.equal(undefined);
  });
});

describe("a plan that was shown before a run", () => {
  const { plan } = input();

  for (const { what, confirmed, kind, refuses } of [
    { what: "is not asked for where nobody was shown one", confirmed: undefined, kind: plan.kind, refuses: false },
    { what: "is run", confirmed: APPROVED, kind: plan.kind, refuses: false },
    { what: "is the only one that is run", confirmed: OTHER, kind: plan.kind, refuses: true },
    { what: "does not matter where nothing is to be done", confirmed: OTHER, kind: "nothing", refuses: false },
  ] as const) {
    it(what, () => {
      const refusal = refusalOfUnconfirmed(confirmed, APPROVED, { ...plan, kind });
      expect(refusal !== undefined).to.equal(refuses);
      if (!refuses) return;
      expect(refusal?.rule).to.equal("only_the_confirmed_hop_is_run");
      expect(refusal?.reason).to.include("the stack config");
    });
  }
});
