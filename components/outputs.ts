import { attemptName } from "../upgrade/metadata/attempt";
import { ownAttempts } from "../upgrade/metadata/migration";
import type { AddedValue, ClusterState, HelmValues, UpgradePlan } from "../upgrade/model";
import { describeExpected } from "../upgrade/plan/interruption";
import { stepName } from "../upgrade/steps/steps";
import { filledText, isMap } from "../upgrade/values/tree";
import { factsAfter, packFacts } from "../upgrade/walk/lastFacts";
import { planTitle } from "../upgrade/words/describe";
import { onOneLine } from "../upgrade/words/visible";
import type { LastUpgrade } from "./measure";
import type { ReceiptOutput } from "./receipt";

/** The chart's defaults. */
const PORT = 19530;
const CHART_NAME = "milvus";
const LONGEST_NAME = 63;

/** What the component has as properties: plain text only, no Helm values. */
export interface ClusterOutputs {
  /** `namespace/name` of the Helm release. */
  readonly release: string;
  /** The Milvus version that runs after this run. */
  readonly version: string;
  /** Chart name and version, e.g. `milvus-4.0.31`. */
  readonly chart: string;
  /** `host:port` inside the Kubernetes cluster. */
  readonly endpoint: string;
  readonly plan: PlanOutput;
  /** Newest claim with a backup of the metadata, for as long as it is in the cluster; missing when there is none. */
  readonly backupClaim?: string;
  /** Packed `LastFacts`: how things are after this run, for a plan where the cluster cannot be reached. */
  readonly facts: string;
  /** What the last upgrade really took; missing before the first. */
  readonly lastUpgrade?: LastUpgrade;
  /** Of the last upgrade that was ended; missing before the first. */
  readonly receipt?: ReceiptOutput;
  /** What the verification found; what the last run found while this one has found nothing yet. */
  readonly verification: string;
}

/** The plan of this run, as data. */
export interface PlanOutput {
  /** e.g. `ordered rolling upgrade, Milvus 2.4.5 → 2.4.16`. */
  readonly title: string;
  /** install, nothing, helm, rolling, migration, giveUp or rollback. */
  readonly kind: string;
  /** Milvus version found at the start; missing for an install. */
  readonly from?: string;
  /** Milvus version after this run. */
  readonly to: string;
  /** To be set as approved plan; missing when nothing is to be done. */
  readonly hash?: string;
  /** Why it is this plan. */
  readonly reason: string;
  /** What is done, in this order. */
  readonly steps: string[];
  /** Paths of the values that rules have added, without the values. */
  readonly addedValues: string[];
  /** Each with the name of its rule. */
  readonly warnings: string[];
  /** What clients notice. */
  readonly interruption: string;
  /** What it is expected to cost, in words. */
  readonly expected?: string;
  /** Whether there is a way back. */
  readonly reversibility: string;
  /** Of the metadata migration, e.g. `2.1.4-to-2.2.9-r7`; missing when the plan does not touch the metadata. */
  readonly attempt?: string;
}

export interface Planned {
  /** With what the preflight warns of. */
  readonly plan: UpgradePlan;
  readonly hash?: string;
  readonly state: ClusterState;
  /** The Release is sent although nothing is to be done. Default false. */
  readonly isSentAgain?: boolean;
  readonly releaseName: string;
  readonly namespace: string;
  /** The planner's words as they are shown. */
  readonly words: (text: string) => string;
}

/** What is known as soon as the plan is. */
export function plannedOutputs({
  plan,
  hash,
  state,
  isSentAgain = false,
  releaseName,
  namespace,
  words,
}: Planned): Omit<ClusterOutputs, "lastUpgrade" | "receipt" | "verification"> {
  const isShown = ({ value }: AddedValue) => words(JSON.stringify(value)) === JSON.stringify(value);
  // Also one that the state does not have: it was put back, or the migration was another stack's.
  const backupClaim = plan.migration?.claimName ?? ownAttempts(state).at(-1)?.claimName;
  // Names, values and reasons of others go to the terminal of whoever asks for the outputs.
  return onOneLine({
    release: `${namespace}/${releaseName}`,
    version: plan.to,
    chart: `${plan.chart.name}-${plan.chart.version}`,
    endpoint: `${serviceName(releaseName, plan.values)}.${namespace}.svc:${servicePort(plan.values)}`,
    plan: planOutput(plan, hash, words),
    ...(backupClaim !== undefined && { backupClaim }),
    facts: packFacts(factsAfter({ ...plan, added: plan.added.filter(isShown) }, state, releaseName, isSentAgain)),
  });
}

function planOutput(plan: UpgradePlan, hash: string | undefined, words: Planned["words"]): PlanOutput {
  return {
    title: planTitle(plan),
    kind: plan.kind,
    ...(plan.from !== undefined && { from: plan.from }),
    to: plan.to,
    ...(hash !== undefined && { hash }),
    reason: words(plan.reason),
    steps: plan.steps.map(stepName),
    addedValues: plan.added.map(({ path }) => path),
    warnings: plan.warnings.map(({ rule, message }) => words(`${rule}: ${message}`)),
    interruption: words(plan.interruption),
    ...(plan.expected && { expected: describeExpected(plan.expected) }),
    reversibility: plan.reversibility,
    ...(plan.migration && { attempt: attemptName(plan.migration.attempt) }),
  };
}

/** The chart's own rule (template `milvus.fullname`). */
function serviceName(releaseName: string, { fullnameOverride, nameOverride }: HelmValues): string {
  const chartName = filledText(nameOverride) ?? CHART_NAME;
  const name =
    filledText(fullnameOverride) ?? (releaseName.includes(chartName) ? releaseName : `${releaseName}-${chartName}`);
  return name.slice(0, LONGEST_NAME).replace(/-+$/, "");
}

function servicePort({ service }: HelmValues): number {
  const port = isMap(service) ? service.port : undefined;
  return typeof port === "number" ? port : PORT;
}
