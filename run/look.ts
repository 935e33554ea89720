import { createRequire } from "node:module";
import type { ClusterClient } from "../cluster/api/client";
import { askAhead } from "../cluster/api/discovery";
import { oneLook } from "../cluster/api/oneLook";
import { readCronJobs } from "../cluster/state/cronJobs";
import { readCluster } from "../cluster/state/readCluster";
import type { Config } from "../config/schema";
import { changesNoPod } from "../manifests/restarts";
import { version } from "../package.json";
import { approvalHash } from "../upgrade/approval";
import type { ClusterState, Plan, Refusal, StackFacts, UpgradePlan, Wanted } from "../upgrade/model";
import { isAllDown, NO_INTERRUPTION } from "../upgrade/plan/interruption";
import { planUpgrade } from "../upgrade/plan/plan";
import {
  refusalOfGoneRelease,
  refusalOfMovedRelease,
  refusalOfOtherCluster,
  refusalOfSecondComponent,
  type StackRelease,
} from "../upgrade/plan/stackGuard";
import type { PreflightLevels } from "../upgrade/preflight/checks";
import { NO_FINDINGS } from "../upgrade/preflight/findings";
import { RefusalError } from "../upgrade/refusal";
import { touchesMetadata } from "../upgrade/steps/steps";
import { type OpaqueValue, withOpaque } from "../upgrade/values/opaque";
import { getValue, path } from "../upgrade/values/tree";
import { describeOpen } from "../upgrade/words/openUpgrade";
import { type ReleaseInState, sentAgain } from "../upgrade/words/sentAgain";
import { chartFolderDigest } from "./chartFolder";
import type { Checked } from "./checks";
import type { Rendering } from "./rendering";
import { scriptDigest } from "./scriptDigest";

/** What is there, and what to do about it. */
export interface Look extends Checked {
  readonly state: ClusterState;
  /** As the rules make it: what is approved, and what is run. */
  readonly plan: Plan;
  /** By which the plan is approved; missing where it is refused or nothing is to be done. */
  readonly hash?: string;
  /** What is said of an upgrade that was begun and has not ended, one line each. */
  readonly open: readonly string[];
}

export interface LookOptions {
  /** What the stack's state knows of the release, while it is still being read. Default: nothing. */
  readonly stack?: Promise<StackRelease & ReleaseInState>;
  /** Levels of the preflight's checks under those of the config. */
  readonly levels?: PreflightLevels;
  /** False: nothing will be done by this plan, so it is not checked. Default: true. */
  readonly isChecked?: boolean;
  /** What was read of the cluster a moment ago. Default: it is read. */
  readonly state?: ClusterState;
  /** Makes the plan. Default: `planUpgrade`, with what `stack` says. */
  readonly plan?: (wanted: Wanted, state: ClusterState, facts: StackFacts) => Plan | Promise<Plan>;
  /** Helm values that the caller keeps to itself. Default: none. */
  readonly opaque?: readonly OpaqueValue[];
  /** Texts that no finding may show, beside the secrets among the values. Default: none. */
  readonly hidden?: readonly string[];
  /** Whether what fields of the manifests change from and to is wanted, and not only which. Default: no. */
  readonly showsChanges?: boolean;
}

/**
 * Reads the cluster once, plans, and checks the plan. Nothing is written.
 *
 * @throws RefusalError when the release is not the one that the stack upgraded last; ClusterError
 */
export async function look(client: ClusterClient, config: Config, options: LookOptions = {}): Promise<Look> {
  const { stack, levels, plan: makePlan } = options;
  const { wanted } = config;
  const cluster = oneLook(client);
  // A plan that renders a chart will want it: beside the other questions it takes no time of its own.
  if (options.isChecked !== false) askAhead(cluster);
  const [known, found] = await Promise.allSettled([stack, readState(cluster, wanted, options.state)]);
  if (known.status === "rejected") throw known.reason;
  // Said first, also where the cluster cannot be read: it needs none.
  refuse(refusalOfMovedRelease(known.value?.release, wanted));
  if (found.status === "rejected") throw found.reason;
  const state = found.value;
  refuse(refusalOfOtherCluster(known.value?.namespaceUid, state, client));
  refuse(refusalOfSecondComponent(known.value?.others, state, wanted));
  const releaseInStack = known.value?.hasRelease ?? false;
  const seen = asSeen(config, options, state);
  const planFor = async (asked: Wanted, facts: StackFacts = {}) =>
    (makePlan ?? planUpgrade)(asked, state, { releaseInStack, ...facts });
  const isSentAgain = (plan: Plan) =>
    plan.kind === "nothing" && sentAgain(plan, state, known.value ?? NO_STATE) !== undefined;
  const planned = await planFor(seen.wanted);
  // Pulumi would upgrade what is not there.
  if (releaseInStack && state.release === undefined && planned.kind !== "refused") refuse(refusalOfGoneRelease(client));
  const checks = { ...levels, ...config.preflight };
  const check = (plan: UpgradePlan): Promise<Checked> => {
    if (options.isChecked === false || (plan.kind === "nothing" && !isSentAgain(plan)))
      return Promise.resolve({ findings: NO_FINDINGS });
    // Loaded where something is to be done: most previews and runs find nothing.
    const { checkPlan } = createRequire(__filename)("./checks") as typeof import("./checks");
    return checkPlan(cluster, seen, { ...options, plan, state, levels: checks });
  };
  const lookFor = (plan: Plan) => lookAt(state, seen, plan, check, client.server);
  const looked = await allowing(seen.wanted.maxDowntimeSeconds, planned, lookFor, () => {
    return planFor({ ...seen.wanted, maxDowntimeSeconds: Number.POSITIVE_INFINITY });
  });
  // What its chart renders was compared with the numbers of pods that the record has.
  return isSentAgain(looked.plan) ? { ...looked, plan: await planFor(seen.wanted, { sendsRelease: true }) } : looked;
}

/** Whoever only plans does not know what Pulumi would send. */
const NO_STATE: ReleaseInState = { hasRelease: false, isUnknown: true };

/** A plan that seems to interrupt too much is looked at all the same: what its chart renders may show that no pod restarts. */
async function allowing(
  most: number | undefined,
  planned: Plan,
  lookFor: (plan: Plan) => Promise<Look>,
  planUnlimited: () => Promise<Plan>,
): Promise<Look> {
  if (planned.kind !== "refused" || planned.rule !== TOO_MUCH) return lookFor(planned);
  const unlimited = await planUnlimited();
  if (unlimited.kind !== "helm") return lookFor(planned);
  const seen = await lookFor(unlimited);
  const isAllowed = seen.plan.kind !== "refused" && (seen.plan.expected?.seconds ?? 0) <= (most ?? 0);
  return isAllowed ? seen : lookFor(planned);
}

/** The rule of a plan that is expected to interrupt more than milvus:maxDowntime allows. */
const TOO_MUCH = "no_more_downtime_than_allowed";

/** With the CronJobs that the config names. */
async function readState(
  client: ClusterClient,
  wanted: Wanted,
  known: ClusterState | undefined,
): Promise<ClusterState> {
  const { namespace, runBefore = [], runAfter = [] } = wanted;
  const names = [...runBefore, ...runAfter];
  const read = known ?? readCluster(client, wanted);
  if (names.length === 0) return read;
  const [state, cronJobs] = await Promise.all([read, readCronJobs(client, namespace, names)]);
  return { ...state, cronJobs };
}

/** The config with the values as the planner may see them. */
function asSeen(config: Config, { opaque = [] }: LookOptions, { release }: ClusterState): Config {
  const values = withOpaque(config.wanted.values, opaque, release?.userValues);
  // Names and ports that this program has to know, beside those that the rules read.
  for (const key of ["fullnameOverride", "nameOverride", "service.port"]) getValue(values, path(key));
  return { ...config, wanted: { ...config.wanted, values } };
}

/** Taken for a cluster that is not there yet. */
const ASSUMED_KUBERNETES = "1.34.0";

/** A look at a cluster that the program itself makes, and that is not there yet: the plan is an install. */
export function lookAhead(config: Config, options: Pick<LookOptions, "opaque">): Promise<Look> {
  const state: ClusterState = {
    kubernetesVersion: ASSUMED_KUBERNETES,
    namespaceExists: false,
    components: [],
    attempts: [],
    notes: [
      `The cluster is not there yet: this program makes it. The plan is an install on Kubernetes ${ASSUMED_KUBERNETES}, and nothing of it was checked in the cluster. up looks again.`,
    ],
  };
  const seen = asSeen(config, options, state);
  return lookAt(state, seen, planUpgrade(seen.wanted, state), () => Promise.resolve({ findings: NO_FINDINGS }));
}

async function lookAt(
  state: ClusterState,
  config: Config,
  planned: Plan,
  check: (plan: UpgradePlan) => Promise<Checked>,
  server?: string,
): Promise<Look> {
  const open = describeOpen(config.wanted, state);
  if (planned.kind === "refused") return { state, plan: planned, findings: NO_FINDINGS, open };
  const hashOf = async (plan: UpgradePlan) => {
    const chartDigest = chartFolderDigest(plan.chart);
    return approvalHash({
      ...config,
      state,
      plan,
      program: { version, ...(plan.steps.some(touchesMetadata) && { script: await scriptDigest() }) },
      ...(chartDigest !== undefined && { chartDigest }),
      ...(server !== undefined && { server }),
    });
  };
  // The hash is slow on purpose: made while Helm renders. What rendering shows seldom changes the plan.
  const [checked, early] = await Promise.all([
    check(planned),
    planned.kind === "nothing" ? undefined : hashOf(planned),
  ]);
  const plan = asRendered(planned, state, checked.rendering);
  if (plan.kind === "nothing") return { state, plan, ...checked, open };
  const hash = plan === planned && early !== undefined ? early : await hashOf(plan);
  return { state, plan, ...checked, hash, open };
}

/** Where every pod template stays as it is, no pod restarts, whatever else the plan changes, unless somebody has changed one past Helm. */
function asRendered(plan: UpgradePlan, state: ClusterState, rendering: Rendering | undefined): UpgradePlan {
  const restartsNothing =
    plan.kind === "helm" && !isAllDown(state) && rendering?.kind === "compared" && changesNoPod(rendering.comparison);
  if (!restartsNothing) return plan;
  const isAsRendered = (rendering.setBack ?? []).length === 0;
  return isAsRendered ? { ...plan, interruption: NO_RESTART, expected: NO_INTERRUPTION } : plan;
}

const NO_RESTART = "No pod restarts: the chart renders every workload as Helm has it already.";

function refuse(refusal: Refusal | undefined): void {
  if (refusal !== undefined) throw new RefusalError(refusal);
}

/** The plan with what the preflight says of it, or the refusal of the one or the other: what is shown. */
export function shownPlan({ plan, findings }: Pick<Look, "plan" | "findings">): Plan {
  if (plan.kind === "refused") return plan;
  return findings.refusal ?? { ...plan, warnings: [...plan.warnings, ...findings.warnings] };
}
