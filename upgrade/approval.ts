import { createHash, type ScryptOptions, scrypt } from "node:crypto";
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
  rules: "this program: its version, its catalogue of versions and charts, or its script for the metadata",
  release: "the Helm release: its revision, chart, status or values",
  cluster: "the cluster: which one it is, its version, the components with their images and replicas, or the backups",
  plan: "what the rules make of it: the steps, the chart (of a folder: its files) or the values",
} as const satisfies Record<ApprovalPart, string>;

/** Characters of a part, which only says what has moved: to base 36, as all of it, so that the hash is one word. */
const PART_LENGTH = 3;
/**
 * Of the hash over all parts, by which a plan is approved: 128 bits. With fewer, whoever writes the config finds a harmless and a
 * harmful one with the same hash.
 */
const WHOLE_LENGTH = 25;
const PARTS_LENGTH = PART_LENGTH * APPROVAL_PARTS.length;
/** The second one is what earlier versions made, parts of hex digits with dots: it stays in the config, and approves nothing any more. */
export const APPROVAL_PATTERN = new RegExp(
  `^(?:[0-9a-z]{${PARTS_LENGTH + WHOLE_LENGTH}}|[0-9a-f]{6,12}(?:\\.[0-9a-f]{6,32}){4,5})$`,
);

export interface ApprovalInput {
  readonly wanted: Wanted;
  /** How the Jobs are run: plain data of the stack config. */
  readonly settings: unknown;
  /** Levels of the preflight's checks, as the config sets them. */
  readonly preflight: unknown;
  /** What must hold before a plan may be begun. */
  readonly conditions?: { readonly soakSeconds?: number };
  /** How the result is judged. */
  readonly verification: ApprovedVerification;
  readonly state: ClusterState;
  readonly plan: UpgradePlan;
  /** Of the contents of a chart folder; missing for a chart that is fetched. */
  readonly chartDigest?: string;
  readonly program: {
    readonly version: string;
    /** Digest of the script that works on the metadata; missing where the plan does not. */
    readonly script?: string;
  };
  /** Address of the API server: says which cluster it is where the namespace has no uid that may be read. */
  readonly server?: string;
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
 * The hash that binds an approval to a plan: one word of 40 characters, 3 for each of config, rules, release, cluster and plan, and
 * 25 for all of them together. The same as long as nothing moves that the plan depends on; times, ready pods and notes of the reader are left out.
 */
export async function approvalHash(input: ApprovalInput): Promise<string> {
  const { wanted, settings, preflight, verification, conditions, state, plan, chartDigest, program, server } = input;
  const { values, ...request } = wanted;
  const [wantedValues, releaseValues, plannedValues] = await Promise.all(
    [values, state.release?.userValues, withoutLiveReplicas(plan)].map(secretly),
  );
  const parts = {
    config: [request, settings, preflight, judgement(verification), wantedValues, ...asked(conditions)],
    rules: [program, catalogue],
    release: state.release ? [...releaseFacts(state.release), releaseValues] : null,
    cluster: [clusterFacts(state), state.namespaceUid === undefined ? server : undefined],
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
  return [...APPROVAL_PARTS.map((part) => word(parts[part], PART_LENGTH)), word(parts, WHOLE_LENGTH)].join("");
}

/** The parts of a hash, for who wants to know which of them has moved. */
export function approvalParts(hash: string): Record<ApprovalPart, string> {
  const parts = APPROVAL_PARTS.map((part, index) => [part, hash.slice(index * PART_LENGTH, (index + 1) * PART_LENGTH)]);
  return Object.fromEntries(parts) as Record<ApprovalPart, string>;
}

/** Of at most 128 bits of the digest. */
function word(value: unknown, length: number): string {
  return (BigInt(`0x${digest(value, 32)}`) % 36n ** BigInt(length)).toString(36).padStart(length, "0");
}

/** What decides which hop is made and how: version of this program, and digest of its catalogue, such as `0.1.0+5f3a9c`. */
export function rulesVersion(version: string): string {
  return `${version}+${digest(catalogue, 6)}`;
}

/** How many run is a part of the cluster, where no autoscaler moves it. */
function withoutLiveReplicas({ values, added }: UpgradePlan): HelmValues {
  const live = added.filter(({ rule }) => rule === liveReplicasRule.name);
  return live.reduce((all, { path: at }) => withoutValue(all, path(at)), values);
}

/** Nothing where nothing is asked for: so is the hash that of an earlier version of this program. */
function asked(conditions: ApprovalInput["conditions"] = {}): unknown[] {
  const { soakSeconds = 0, ...others } = conditions;
  return soakSeconds === 0 && Object.keys(others).length === 0 ? [] : [conditions];
}

/** Without that by which the service knows who asks, and by which it is known: passwords and certificates are renewed. */
function judgement(verification: ApprovedVerification): unknown {
  const { tls } = verification;
  const judged = tls && { ...tls, ca: undefined, certificate: undefined, key: undefined };
  return { ...verification, credentials: undefined, areSecretsLater: undefined, tls: judged };
}

/** What differs between an approved hash and the one of the plan at hand, in words; empty when they are the same. */
export function describeDifference(approved: string, actual: string): string[] {
  if (approved === actual) return [];
  if (approved.length !== actual.length)
    return ["the hash itself: an earlier version of this program made it, in another way"];
  const [old, next] = [approvalParts(approved), approvalParts(actual)];
  const found = APPROVAL_PARTS.filter((part) => old[part] !== next[part]).map((part) => MEANINGS[part]);
  return found.length > 0 ? found : ["something that the short parts of the hash do not show: compare the two plans"];
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
  const { kubernetesVersion, namespaceExists, components, attempts, operatorResource, assignsUsers, leftovers } = state;
  return {
    installation: installationOf(state),
    kubernetesVersion,
    namespaceExists,
    assignsUsers,
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
  const hash =
    hashed.get(text) ?? deriveKey(text, "milvus-upgrade", 32, GUESSING_COST).then((key) => key.toString("hex"));
  hashed.set(text, hash);
  return hash;
}

const deriveKey = promisify<string, string, number, ScryptOptions, Buffer>(scrypt);
/** 16 MiB and a twentieth of a second of a processor for each guess. Of every version of Node: another one would be another hash. */
export const GUESSING_COST = { N: 16_384, r: 8, p: 1 } as const satisfies ScryptOptions;
/** Slow on purpose, so the same values are hashed only once in a run. */
const hashed = new Map<string, Promise<string>>();

function digest(content: unknown, digits: number): string {
  return createHash("sha256").update(canonical(content)).digest("hex").slice(0, digits);
}

/** JSON with sorted keys: the order in a file is no content. */
function canonical(content: unknown): string {
  return JSON.stringify(content ?? null, (_key, value: unknown) =>
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
}
