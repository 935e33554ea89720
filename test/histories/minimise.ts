import type { Event } from "./events";
import type { UpOptions } from "./run";

const PLAIN: UpOptions = { trouble: { kind: "none" }, without: [], overlaps: false };

/**
 * Takes out of a history what its violation does not need: fast-check shrinks what it has generated piece by piece, this
 * leaves out single events and what befell their runs.
 */
export async function minimise(
  events: readonly Event[],
  isWrong: (events: readonly Event[]) => Promise<boolean>,
): Promise<readonly Event[]> {
  let best = events;
  for (let isBetter = true; isBetter; ) {
    isBetter = false;
    for (const candidate of simpler(best)) {
      if (!(await isWrong(candidate))) continue;
      best = candidate;
      isBetter = true;
      break;
    }
  }
  return best;
}

function* simpler(events: readonly Event[]): Generator<readonly Event[]> {
  for (let at = events.length - 1; at >= 0; at--) yield events.toSpliced(at, 1);
  for (const [at, event] of events.entries()) {
    if (event.kind !== "up") continue;
    const { to, rollback } = event;
    const plain = {
      ...PLAIN,
      kind: event.kind,
      ...(to !== undefined && { to }),
      ...(rollback !== undefined && { rollback }),
    };
    if (event.trouble.kind !== "none" && (event.overlaps || event.without.length > 0)) yield events.with(at, plain);
    if (event.trouble.kind !== "none") yield events.with(at, { ...event, trouble: PLAIN.trouble });
    if (event.overlaps) yield events.with(at, { ...event, overlaps: false });
    for (const step of event.without) {
      yield events.with(at, { ...event, without: event.without.filter((it) => it !== step) });
    }
    if (rollback !== undefined) yield events.with(at, withoutRollback(event));
  }
}

function withoutRollback(event: Extract<Event, { kind: "up" }>): Event {
  const copy: { rollback?: boolean } & typeof event = { ...event };
  delete copy.rollback;
  return copy;
}
