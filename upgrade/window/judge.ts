import { type Condition, NO_CONDITION } from "../condition";
import type { ClusterState, UpgradePlan } from "../model";
import { goesOn } from "../plan/begun";
import { usualTime } from "../plan/usualTime";
import { span } from "../words/span";
import { describeTime, nextOpening, type Opening, type Window } from "./window";

const RULE = "only_within_the_window";
const SOURCE = "ITIL, change enablement: a change is begun and ended within its change window";

/**
 * May the plan be begun now?
 *
 * @param windows none: at any time
 * @param now milliseconds
 */
export function judgeWindow(
  windows: readonly Window[] | undefined,
  plan: UpgradePlan,
  state: ClusterState,
  now: number,
): Condition {
  if (windows === undefined || windows.length === 0 || plan.kind === "nothing") return NO_CONDITION;
  if (goesOn(plan, state)) {
    return { lines: ["window: not asked for, since this plan ends or takes back what was begun"] };
  }
  const next = nextOpening(windows, now);
  const all = windows.map(({ text }) => text).join("; ");
  const takes = usualTime(plan);
  if (next === undefined) return refused(`milvus:window (${all}) is never open.`, takes);
  if (next.from > now) {
    return refused(`milvus:window (${all}) is not open now. The next one is ${opens(next, now)}.`, takes);
  }
  const left = (next.to - now) / 1000;
  const until = describeTime(next.to, next.window.zone);
  if (takes <= left) {
    return { lines: [`window: open until ${until}, ${span(left)}; this plan usually takes about ${span(takes)}`] };
  }
  const later = nextOpening(windows, next.to);
  const then = later === undefined ? "" : ` The next one is ${opens(later, now)}.`;
  return refused(
    `milvus:window (${all}) closes in ${span(left)}, ${until}, and this plan usually takes about ${span(takes)}.${then}`,
    takes,
    windows,
    now,
  );
}

function opens({ from, window }: Opening, now: number): string {
  return `${describeTime(from, window.zone)}, in ${span((from - now) / 1000)}`;
}

function refused(reason: string, takes: number, windows: readonly Window[] = [], now = 0): Condition {
  const longest = Math.max(0, ...windows.flatMap((window) => lengthOf(window, now)));
  const isTooShort = longest > 0 && longest < takes;
  const widen = `No window is that long: set a longer one, such as pulumi config set milvus:window "Sat 00:00-06:00 UTC".`;
  return {
    lines: [`window: up refuses to begin now: ${reason}`],
    refusal: {
      kind: "refused",
      rule: RULE,
      reason: `${reason} Nothing was touched.`,
      remedy: `${isTooShort ? widen : "Run the same command again then."} What was begun may be ended, or given up, at any time. If it cannot wait, this lets it begin at any time: pulumi config rm milvus:window`,
      source: SOURCE,
    },
  };
}

/** Seconds of the next time that a window is open as a whole. */
function lengthOf(window: Window, now: number): number[] {
  const first = nextOpening([window], now);
  const whole = first && (first.from > now ? first : nextOpening([window], first.to));
  return whole === undefined ? [] : [(whole.to - whole.from) / 1000];
}
