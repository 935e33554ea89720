import { type Condition, NO_CONDITION } from "../condition";
import type { ClusterState, UpgradePlan } from "../model";
import { goesOn } from "../plan/begun";
import { asReceipt, type Receipt } from "../receipt/receipt";
import { list } from "../refusal";
import { compareVersions } from "../versions/versions";
import { span } from "../words/span";

const RULE = "only_what_was_proved_before";
/** Clocks of two machines differ; more than this is no difference of clocks. */
const CLOCK_SECONDS = 300;

export interface PromotionRequest {
  /** Stack that has to have made the hop before. */
  readonly promoteFrom?: string;
  /** For how long it has to have run there since. */
  readonly soakSeconds: number;
  /** Of this program. */
  readonly rules: string;
}

/** What the other stack has in its outputs. */
export type StagedStack = { readonly outputs: Readonly<Record<string, unknown>> } | { readonly problem: string };

interface Compared extends PromotionRequest {
  readonly plan: UpgradePlan;
  readonly there: string;
  /** Milliseconds. */
  readonly now: number;
}

/** What must be the same, or hold, there, and why. */
interface Requirement {
  readonly what: string;
  readonly why: string;
  /** What is missing; undefined where it holds. */
  missing(receipt: Receipt, compared: Compared): string | undefined;
}

/** Asked in this order; everything that is missing is said at once. */
export const REQUIREMENTS: readonly Requirement[] = [
  {
    what: "`to`: the Milvus version after the hop",
    why: "another version was not tried there",
    missing: ({ to }, { plan, there }) =>
      to === plan.to ? undefined : `${there} went to ${to}, and this plan goes to ${plan.to}`,
  },
  {
    what: "`from`: the Milvus version before it",
    why: "what a version finds on the disks, and in the metadata, depends on which one wrote it",
    missing: ({ from = "nothing" }, { plan, there }) =>
      from === plan.from ? undefined : `${there} came from ${from}, and this plan comes from ${plan.from ?? "nothing"}`,
  },
  {
    what: "`chart`: name and version",
    why: "another chart has other templates and defaults",
    missing: ({ chart }, { plan, there }) => {
      const ours = `${plan.chart.name}-${plan.chart.version}`;
      return chart === ours ? undefined : `${there} has the chart ${chart}, and this plan takes ${ours}`;
    },
  },
  {
    what: "`rules`: version of this program, and its catalogue",
    why: "other rules plan the same hop with other steps and values",
    missing: ({ rules }, { rules: ours, there }) =>
      rules === ours ? undefined : `${there} was upgraded by this program as ${rules}, and this is ${ours}`,
  },
  {
    what: "`outcome`: done",
    why: "a hop that was not ended shows nothing",
    missing: ({ outcome }, { there }) => (outcome === "done" ? undefined : `the upgrade of ${there} is ${outcome}`),
  },
  {
    what: "`verification`: passed",
    why: "that pods run is no proof; where `milvus:verify` is off nobody has looked",
    missing: ({ verification: { status } }, { there }) =>
      status === "passed"
        ? undefined
        : `the upgrade of ${there} was not verified (${status === "off" ? "milvus:verify is off there" : status})`,
  },
  {
    what: "`finishedAt`: at least `milvus:soak` ago",
    why: "leaks, compactions and the load of a day show with time",
    missing: ({ finishedAt, to }, { soakSeconds, now, there }) => {
      if (finishedAt === undefined) return undefined;
      const since = (now - Date.parse(finishedAt)) / 1000;
      if (since < -CLOCK_SECONDS)
        return `${there} was upgraded in the future (${finishedAt}): one of the clocks is wrong`;
      return since >= soakSeconds ? undefined : `${there} runs ${to} since ${span(since)} of ${span(soakSeconds)}`;
    },
  },
];

/** True where the plan needs what another stack has proved: a hop to a newer version that is not under way already. */
export function needsPromotion(
  { promoteFrom }: Pick<PromotionRequest, "promoteFrom">,
  plan: UpgradePlan,
  state: ClusterState,
): boolean {
  const { from, to } = plan;
  return promoteFrom !== undefined && from !== undefined && compareVersions(to, from) > 0 && !goesOn(plan, state);
}

/** @param now milliseconds */
export function judgePromotion(
  request: PromotionRequest,
  plan: UpgradePlan,
  staged: StagedStack | undefined,
  now: number,
): Condition {
  const { promoteFrom: there } = request;
  if (there === undefined || staged === undefined) return NO_CONDITION;
  if ("problem" in staged) {
    return refused(there, request, [`the outputs of ${there} cannot be read (${staged.problem})`]);
  }
  const receipt = asReceipt(staged.outputs.receipt);
  if (receipt === undefined) {
    return refused(there, request, [`${there} has no receipt of an upgrade in its output receipt`]);
  }
  const compared = { ...request, plan, there, now };
  const missing = REQUIREMENTS.flatMap((requirement) => requirement.missing(receipt, compared) ?? []);
  if (missing.length > 0) return refused(there, request, missing);
  const since = span((now - Date.parse(receipt.finishedAt ?? "")) / 1000);
  return { lines: [`promotion: ${there} has made this hop, verified, and runs ${receipt.to} since ${since}`] };
}

function refused(there: string, { soakSeconds }: PromotionRequest, missing: readonly string[]): Condition {
  const reason = `milvus:promoteFrom asks for a hop that ${there} has made and verified${soakSeconds > 0 ? `, ${span(soakSeconds)} ago or earlier` : ""}. What is missing: ${list(missing)}.`;
  return {
    lines: [`promotion: ${reason}`],
    refusal: {
      kind: "refused",
      rule: RULE,
      reason,
      remedy: `Make the same hop there first: pulumi up --stack ${there}; its receipt: pulumi stack output receipt --stack ${there}. Where only time is missing, run the same command again later. To go without it, which nobody has tried then: pulumi config rm milvus:promoteFrom`,
      source: "this program; docs/upgrade-rules.md, Promotion: what must be the same, and why",
    },
  };
}
