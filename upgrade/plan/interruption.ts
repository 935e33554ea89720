import { isDown, isMilvusComponent } from "../milvusComponents";
import type { ClusterState, ComponentState, ExpectedInterruption, HelmValues, UpgradePlan } from "../model";
import { componentsOf, takeovers } from "../roll/rollout";
import { factsOf, PODS_END } from "../steps/steps";
import { getValue, path } from "../values/tree";

/** Seconds that a component does not answer in a roll where nothing is out of the ordinary. */
const USUAL = {
  /** A component that is recreated: its old pod ends, its successor registers; readiness is not waited for by its peers. */
  recreated: 40,
  /** One replica, the new pod there before the old one goes: the session moves. */
  handedOver: 10,
  /** A new component that takes over from those that go: its pod starts, and the sessions of the others must be gone. */
  takenOver: 40,
} as const;
/** Until a pod of the chart counts as ready: readinessProbe.initialDelaySeconds and one periodSeconds. */
const READINESS = { initialDelaySeconds: 90, periodSeconds: 10 } as const;

/**
 * What the plan is expected to cost those who use Milvus: an estimate from those parts and from what each step usually takes, to be compared with
 * `milvus:maxDowntime`. What runs nowhere cannot be interrupted.
 */
export function expectedInterruption(plan: UpgradePlan, state: ClusterState): ExpectedInterruption {
  const components = state.components.filter(({ component }) => isMilvusComponent(component));
  if (plan.kind === "nothing" || plan.kind === "install" || components.length === 0) return NO_INTERRUPTION;
  if (components.every(isDown)) return stillDown(plan, state);
  if (plan.kind === "rolling") return ofRoll(plan, components);
  const stops = plan.steps.some(({ kind }) => kind === "stop");
  const isStandalone = components.some(({ component }) => component === "standalone");
  const parts = [
    ...(stops ? plan.steps.flatMap((step) => factsOf(step).outage) : [PODS_END]),
    part("pods get ready", untilReady(plan.values)),
  ];
  return total(stops || isStandalone ? "outage" : "failing requests", parts);
}

export const NO_INTERRUPTION: ExpectedInterruption = { kind: "none", seconds: 0, parts: [] };

/** What is left of an outage that has begun: nothing is to be stopped any more. */
function stillDown(plan: UpgradePlan, state: ClusterState): ExpectedInterruption {
  const left = plan.steps.flatMap((step) => (step.kind === "stop" ? [] : factsOf(step).outage));
  const since = downSince(state);
  return {
    ...total("outage", [...left, part("pods get ready", untilReady(plan.values))]),
    isDown: true,
    ...(since !== undefined && { downSince: since }),
  };
}

/** Is there a Milvus of which nothing runs? */
export function isAllDown({ components }: Pick<ClusterState, "components">): boolean {
  const milvus = components.filter(({ component }) => isMilvusComponent(component));
  return milvus.length > 0 && milvus.every(isDown);
}

/** ISO 8601: since when something of Milvus is away, as an earlier run has written it, or else as the API server knows it. */
export function downSince({
  components,
  openUpgrade,
}: Pick<ClusterState, "components" | "openUpgrade">): string | undefined {
  const milvus = components.filter(({ component, replicas }) => isMilvusComponent(component) && replicas === 0);
  if (milvus.length === 0) return undefined;
  return openUpgrade?.stoppedAt ?? milvus.flatMap(({ stoppedAt }) => stoppedAt ?? []).toSorted()[0];
}

type Part = ExpectedInterruption["parts"][number];

function part(what: string, seconds: number): Part {
  return { what, seconds };
}

function ofRoll({ values, chart, steps }: UpgradePlan, components: readonly ComponentState[]): ExpectedInterruption {
  const target = componentsOf(values, chart.version);
  const stay: readonly string[] = target;
  const recreated = steps.flatMap((step) => (step.kind === "resume" && step.recreated ? [step.component] : []));
  const come = takeovers(target, components).map(({ component }) => part(`${component} takes over`, USUAL.takenOver));
  const restarts = components
    .filter(({ component, replicas }) => stay.includes(component) && replicas > 0)
    .flatMap(({ component, strategyType, replicas }) => {
      if (strategyType === "Recreate" || recreated.includes(component))
        return [part(`${component} is recreated`, USUAL.recreated)];
      return replicas === 1 ? [part(`${component} is handed over`, USUAL.handedOver)] : [];
    });
  const parts = [...restarts, ...come];
  return total(parts.length > 0 ? "gaps" : "none", parts);
}

/** Seconds until a pod of the chart counts as ready. */
export function untilReady(values: HelmValues): number {
  const given = (key: keyof typeof READINESS) => {
    const value = getValue(values, path(`readinessProbe.${key}`));
    return typeof value === "number" && value >= 0 ? value : READINESS[key];
  };
  return given("initialDelaySeconds") + given("periodSeconds");
}

function total(kind: ExpectedInterruption["kind"], parts: readonly Part[]): ExpectedInterruption {
  return { kind, seconds: parts.reduce((sum, { seconds }) => sum + seconds, 0), parts };
}

/** `an outage of about 5 min (pods end 30 s, sessions end 1 min, …)`: the parts, where they are given, come to that number. */
export function describeExpected({
  kind,
  seconds,
  parts,
  savedSeconds,
  isDown: isAway,
  downSince: since,
}: ExpectedInterruption): string {
  if (kind === "none") return "no interruption";
  if (isAway) {
    const when = since === undefined ? "now" : `since ${clock(since)}`;
    return `Milvus is down ${when}; about ${duration(seconds)} more${detailOf(parts)}`;
  }
  const name = { gaps: "gaps", "failing requests": "failing requests", outage: "an outage" }[kind];
  const saved = savedSeconds === undefined ? [] : [`images 0 s: pulled before, which saves ${duration(savedSeconds)}`];
  return `${name} of about ${duration(seconds)}${kind === "gaps" ? " in all" : ""}${detailOf(parts, saved)}`;
}

function detailOf(parts: readonly Part[], more: readonly string[] = []): string {
  const all = parts.map(({ what, seconds }) => `${what} ${duration(seconds)}`);
  return all.length === 0 ? "" : ` (${[...all, ...more].join(", ")})`;
}

/** `20:36:13 UTC`, with the day before it: an upgrade may lie for days. */
export function clock(time: string): string {
  return `${time.slice(0, 10)} ${time.slice(11, 19)} UTC`;
}

/** `90 s` up to two minutes, then whole minutes and seconds. */
export function duration(seconds: number): string {
  if (seconds < 120) return `${seconds} s`;
  const rest = seconds % 60;
  return rest === 0 ? `${seconds / 60} min` : `${Math.floor(seconds / 60)} min ${rest} s`;
}
