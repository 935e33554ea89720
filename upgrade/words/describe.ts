import { OWN_DESCRIPTION } from "../marks";
import { attemptName } from "../metadata/attempt";
import type { HelmValue, Plan, UpgradePlan } from "../model";
import { describeExpected } from "../plan/interruption";
import { describeRefusal, describeWarning } from "../refusal";
import type { WarningRule } from "../ruleNames";
import { hideKnown, secretTexts, withoutSecrets } from "../secrets/text";
import { describeStep, isAfterVerification, outlookOf } from "../steps/steps";
import { stepGroups } from "./stepGroups";

/** The plan in lines for preview and log. Names what the rules added, and none of the user's values. */
export function describePlan(plan: Plan): string[] {
  return plan.kind === "refused" ? describeRefusal(plan) : describeUpgrade(plan);
}

function describeUpgrade(plan: UpgradePlan): string[] {
  return [
    `${planTitle(plan)}: ${plan.reason}`,
    `chart ${plan.chart.name} ${plan.chart.version} from ${plan.chart.location}`,
    ...(plan.kind === "nothing" ? describeLeft(plan) : [`steps: ${plan.steps.map(describeStep).join(" → ")}`]),
    ...(plan.kind === "nothing" ? [] : [`interruption: ${plan.interruption}`]),
    ...(plan.kind === "nothing" || !plan.expected ? [] : [`expected: ${describeExpected(plan.expected)}`]),
    ...(plan.kind === "nothing" ? [] : describeWayBack(plan)),
    ...(plan.migration
      ? [`attempt: ${attemptName(plan.migration.attempt)}, backup on claim ${plan.migration.claimName}`]
      : []),
    ...(plan.kind === "nothing" ? [] : describeAdded(plan)),
    ...plan.warnings.map(describeWarning),
  ];
}

/** What is left of an upgrade that is in place: the user's own Jobs. */
function describeLeft({ steps }: UpgradePlan): string[] {
  const left = steps.filter(isAfterVerification);
  return left.length === 0 ? [] : [`after the verification: ${left.map(describeStep).join(" → ")}`];
}

/** One line for the plan, and one for the steps that are not simply reversible for the same reason. */
function describeWayBack(plan: UpgradePlan): string[] {
  const names = plan.steps.map((step) => (step.kind === "resume" ? "resume" : describeStep(step)));
  const groups = stepGroups(plan.steps.map((step) => outlookOf(step, plan)))
    .filter(({ reversibility }) => reversibility !== "reversible")
    .map(({ indexes, reversibility, why, source }) => {
      const steps = [...new Set(indexes.map((index) => names[index] ?? ""))].join(", ");
      return `  ${steps}: ${reversibility}, ${why} (${source})`;
    });
  return [`way back: ${plan.reversibility}`, ...groups];
}

const TITLES = {
  install: "install",
  nothing: "nothing to do",
  helm: "Helm upgrade",
  rolling: "ordered rolling upgrade",
  migration: "upgrade with metadata migration",
  giveUp: "giving up the migration",
  rollback: "rollback of the metadata migration",
} as const satisfies Record<UpgradePlan["kind"], string>;

/** `ordered rolling upgrade, Milvus 2.4.5 → 2.4.16`. A version that nobody knows may be a typing error, and is said to be unknown. */
export function planTitle({ kind, from, to, warnings }: UpgradePlan): string {
  const isUnknown = warnings.some(({ rule }) => rule === UNKNOWN_VERSION);
  const versions = from === undefined || from === to ? to : `${from} → ${to}`;
  return `${TITLES[kind]}, Milvus ${versions}${isUnknown ? " (not in the catalogue)" : ""}`;
}

const UNKNOWN_VERSION: WarningRule = "an_unknown_newer_version_is_allowed";

/**
 * The Release's description, by which `helm history` tells afterwards what was done. Names the revision it starts from: a
 * plan made after a failure is an update again.
 */
export function describeForHistory(plan: UpgradePlan, revision: number | undefined): string {
  const start = revision === undefined ? "" : ` from revision ${revision}`;
  const versions = plan.from === undefined || plan.from === plan.to ? plan.to : `${plan.from} to ${plan.to}`;
  return `${OWN_DESCRIPTION} ${plan.kind} ${versions}${start}; steps: ${plan.steps.map(describeStep).join(", ")}`;
}

/**
 * One line for each rule and reason: most rules set several switches together. A value that was moved from one key to another
 * may be a password.
 */
function describeAdded({ added, values: all }: UpgradePlan): string[] {
  const known = secretTexts(all);
  const groups = new Map<string, string[]>();
  for (const { path, value, rule, reason } of added) {
    const why = `(${rule}: ${reason})`;
    groups.set(why, [...(groups.get(why) ?? []), `${path}: ${shownValue(value, path, known)}`]);
  }
  return [...groups].map(([why, values]) => `values ${values.join(", ")} ${why}`);
}

function shownValue(value: HelmValue, path: string, known: readonly string[]): string {
  return hideKnown(JSON.stringify(withoutSecrets(value, path.split("."), known)), known);
}
