import { createHash, scrypt } from "node:crypto";
import { promisify } from "node:util";
import { installationOf } from "./metadata/installation";
import type {
  ClusterState,
  ComponentState,
  HelmRelease,
  HelmValues,
  Refusal,
  Step,
  UpgradePlan,
  Wanted,
} from "./model";
import { configLine, describeWarning } from "./refusal";
import { liveReplicasRule } from "./values/rules/replicas";
import { path, withoutValue } from "./values/tree";
import catalogue from "./versions/catalogue.json";

/** What a plan is made from, and the plan itself: each has its own part of the hash, so that a refusal can say which moved. */
export const APPROVAL_PARTS = ["config", "rules", "release", "cluster", "plan"] as const;
export type ApprovalPart = (typeof APPROVAL_PARTS)[number];

const RULE = "only_the_approved_plan_is_run";

const MEANINGS = {
  config: "the stack config",
  rules: "the catalogue of versions and charts",
  release: "the Helm release: its revision, chart, status or values",
  cluster: "the cluster: which one it is, its version, the components with their images and replicas, or the backups",
  plan: "what the rules make of it: the steps, the chart (of a folder: its files) or the values",
} as const satisfies Record<ApprovalPart, string>;

const DIGITS = 12;
const SEPARATOR = ".";
export const APPROVAL_PATTERN = new RegExp(
  `^[0-9a-f]{${DIGITS}}(\\.[0-9a-f]{${DIGITS}}){${APPROVAL_PARTS.length - 1}}$`,
);

export interface ApprovalInput {
  readonly wanted: Wanted;
  /** How the Jobs are run: plain data of the stack config. */
  readonly settings: unknown;
  /** Levels of the preflight's checks, as the config sets them. */
  readonly preflight: unknown;
  /** How the result is judged. */
  readonly verification: ApprovedVerification;
  readonly state: ClusterState;
  readonly plan: UpgradePlan;
  /** Of the contents of a chart folder; missing for a chart that is fetched. */
  readonly chartDigest?: string;
}

/** Everything of it counts but what is said of it below. */
interface ApprovedVerification {
  readonly credentials?: unknown;
  readonly tls?: {
    readonly ca?: string | undefined;
    readonly certificate?: string | undefined;
    readonly key?: string | undefined;
  };
}

/**
 * The hash that binds an approval to a plan: `config.rules.release.cluster.plan`, 12 hex digits each. The same as long
 * as nothing moves that the plan depends on; times, ready pods and notes of the reader are left out.
 */
export async function approvalHash(input: ApprovalInput): Promise<string> {
  const { wanted, settings, preflight, verification, state, plan, chartDigest } = input;
  const { values, ...request } = wanted;
  const [wantedValues, releaseValues, plannedValues] = await Promise.all(
    [values, state.release?.userValues, withoutLiveReplicas(plan)].map(secretly),
  );
  const parts = {
    config: [request, settings, preflight, judgement(verification), wantedValues],
    rules: catalogue,
    release: state.release ? [...releaseFacts(state.release), releaseValues] : null,
    cluster: clusterFacts(state),
    plan: [
      plan.kind,
      plan.from,
      plan.to,
      plan.steps.map(inOrder),
      plan.chart,
      chartDigest,
      plan.migration,
      plan.adopt,
      plannedValues,
    ],
  } satisfies Record<ApprovalPart, unknown>;
  return APPROVAL_PARTS.map((part) => digest(parts[part])).join(SEPARATOR);
}

/** How many run is a part of the cluster, where no autoscaler moves it. */
function withoutLiveReplicas({ values, added }: UpgradePlan): HelmValues {
  const live = added.filter(({ rule }) => rule === liveReplicasRule.name);
  return live.reduce((all, { path: at }) => withoutValue(all, path(at)), values);
}

/** Without that by which the service knows who asks, and by which it is known: passwords and certificates are renewed. */
function judgement(verification: ApprovedVerification): unknown {
  const { tls } = verification;
  const judged = tls && { ...tls, ca: undefined, certificate: undefined, key: undefined };
  return { ...verification, credentials: undefined, tls: judged };
}

/** What differs between an approved hash and the one of the plan at hand, in words; empty when they are the same. */
export function describeDifference(approved: string, actual: string): string[] {
  const [old, next] = [approved.split(SEPARATOR), actual.split(SEPARATOR)];
  return APPROVAL_PARTS.filter((_, index) => old[index] !== next[index]).map((part) => MEANINGS[part]);
}

function differences(approved: string, actual: string): string {
  return describeDifference(approved, actual).join("; ");
}

/** For the preview of a plan: how to approve it, or that what was approved is another one. */
export function approvalLines(approved: string | undefined, actual: string): string[] {
  if (approved === undefined) return [`plan hash: ${actual}`];
  return approved === actual
    ? [`plan hash: ${actual}, approved`]
    : [
        `plan hash: ${actual}`,
        describeWarning({
          rule: RULE,
          message: `milvus:approvedPlan approves another plan, and up will refuse this one. What differs: ${differences(approved, actual)}.`,
        }),
      ];
}

/** The refusal of `up`; undefined when the plan is approved or nothing is to be done. */
export function refusalOfUnapproved(
  approved: string | undefined,
  actual: string,
  plan: UpgradePlan,
): Refusal | undefined {
  if (approved === undefined || approved === actual || plan.kind === "nothing") return undefined;
  return {
    kind: "refused",
    rule: RULE,
    reason: `this plan is not the one that milvus:approvedPlan approves. What differs: ${differences(approved, actual)}.`,
    remedy: `Look at it again with pulumi preview, then approve it: ${configLine("approvedPlan", actual)}`,
  };
}

/** Environment variable with the hash of the plan that `npm run upgrade` has shown: the run it starts makes no other. */
export const CONFIRMED_PLAN_VARIABLE = "MILVUS_CONFIRMED_PLAN";

/** The refusal of a run whose plan is no longer the one that was shown and agreed to a moment before. */
export function refusalOfUnconfirmed(
  confirmed: string | undefined,
  actual: string,
  plan: UpgradePlan,
): Refusal | undefined {
  if (confirmed === undefined || confirmed === "" || confirmed === actual || plan.kind === "nothing") return undefined;
  return {
    kind: "refused",
    rule: "only_the_confirmed_hop_is_run",
    reason: `this plan is not the one that was shown before the run was started. What differs: ${differences(confirmed, actual)}.`,
    remedy: "Type the same command again: it plans anew and shows the plan.",
  };
}

function releaseFacts({ lastDeployed, ...release }: HelmRelease): unknown[] {
  const { name, namespace, revision, status, chartName, chartVersion, appVersion } = release;
  const last = lastDeployed && [lastDeployed.revision, lastDeployed.chartVersion, lastDeployed.appVersion];
  return [name, namespace, revision, status, chartName, chartVersion, appVersion, last];
}

/** By whichever context and address it is reached, a cluster is the one whose namespace has this uid. */
function clusterFacts(state: ClusterState) {
  const { kubernetesVersion, namespaceExists, components, attempts, operatorResource, leftovers } = state;
  return {
    installation: installationOf(state),
    kubernetesVersion,
    namespaceExists,
    operatorResource,
    components: components.map(componentFacts).sort((a, b) => (a.name < b.name ? -1 : 1)),
    leftovers: leftovers?.map(({ claimName }) => claimName),
    attempts: attempts.map(({ claimName, phase }) => `${claimName} ${phase}`).sort(),
  };
}

/** An autoscaler moves the replicas by itself. */
function componentFacts(component: ComponentState) {
  const { name, image, podImages, replicas, paused, strategyType, autoscaler, managedBy } = component;
  return {
    name,
    image,
    podImages: [...(podImages ?? [image])].sort(),
    replicas: autoscaler === undefined ? replicas : "scaled",
    remembered: component.rememberedReplicas,
    paused,
    strategyType,
    autoscaler,
    managedBy,
  };
}

/** Which Deployments are stopped or paused together is a set, and which pods are there at the moment is no content. */
function inOrder(step: Step): unknown {
  if (step.kind === "resume") return { ...step, oldPods: undefined };
  return "deployments" in step ? { ...step, deployments: step.deployments.map((it) => canonical(it)).sort() } : step;
}

/** A hash is shown to everybody, and a password is short: guessing it from a fast hash would be a matter of minutes. */
function secretly(values: unknown): Promise<string> {
  const text = canonical(values);
  const hash = hashed.get(text) ?? deriveKey(text, "milvus-upgrade", 32).then((key) => key.toString("hex"));
  hashed.set(text, hash);
  return hash;
}

const deriveKey = promisify<string, string, number, Buffer>(scrypt);
/** Slow on purpose, so the same values are hashed only once in a run. */
const hashed = new Map<string, Promise<string>>();

function digest(content: unknown): string {
  return createHash("sha256").update(canonical(content)).digest("hex").slice(0, DIGITS);
}

/** JSON with sorted keys: the order in a file is no content. */
function canonical(content: unknown): string {
  return JSON.stringify(content ?? null, (_key, value: unknown) =>
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
}
