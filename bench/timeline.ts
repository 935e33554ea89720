/** How many replicas of each component were ready when, and what follows from that. Pure. */

/** What was seen at one moment. */
export interface Moment {
  /** Milliseconds. */
  readonly at: number;
  /** Ready replicas by component; one that is not there is missing. */
  readonly ready: ReadonlyMap<string, number>;
}

/** In the order of time; the first moment is before anything happened, and everything was ready. */
export type Timeline = readonly Moment[];

/** Seconds from the first component that was not complete until all were complete again. */
export function outage(timeline: Timeline): number {
  const incomplete = spans(timeline, (moment) => missing(timeline, moment).length > 0);
  const first = incomplete[0];
  const last = incomplete.at(-1);
  return first === undefined || last === undefined ? 0 : (last.to - first.from) / 1000;
}

/** Seconds of a whole Milvus that are shown on both sides of an outage. */
const AROUND = 5;

/**
 * Share of the replicas that were ready, in percent, by seconds since the first one was missing. One component counts as much
 * as another.
 */
export function availability(timeline: Timeline): (readonly [second: number, percent: number])[] {
  const before = expected(timeline);
  const shares = timeline.map(({ at, ready }) => {
    const parts = before.map(([name, all]) => Math.min(1, (ready.get(name) ?? 0) / Math.max(1, all)));
    return [at, Math.round((100 * parts.reduce((sum, part) => sum + part, 0)) / Math.max(1, parts.length))] as const;
  });
  const gone = shares.findIndex(([, share]) => share < 100);
  const back = shares.findLastIndex(([, share]) => share < 100);
  const zero = shares[gone]?.[0] ?? shares[0]?.[0] ?? 0;
  const end = (shares[back + 1]?.[0] ?? zero) + AROUND * 1000;
  return shares
    .filter(([at]) => at >= zero - AROUND * 1000 && at <= end)
    .map(([at, share]) => [Math.round((at - zero) / 100) / 10, share] as const);
}

/** Longest window in seconds in which no replica of the component was ready. */
export function longestWithout(timeline: Timeline, component: string): number {
  const without = spans(timeline, ({ ready }) => (ready.get(component) ?? 0) === 0);
  return Math.max(0, ...without.map(({ from, to }) => to - from)) / 1000;
}

/** Seconds, all windows together, in which some component had fewer ready replicas than at the start. */
export function secondsIncomplete(timeline: Timeline): number {
  const incomplete = spans(timeline, (moment) => missing(timeline, moment).length > 0);
  return incomplete.reduce((sum, { from, to }) => sum + to - from, 0) / 1000;
}

/** Seconds in which some component had none at all. */
export function secondsInterrupted(timeline: Timeline): number {
  const interrupted = spans(timeline, ({ ready }) => expected(timeline).some(([name]) => (ready.get(name) ?? 0) === 0));
  return interrupted.reduce((sum, { from, to }) => sum + to - from, 0) / 1000;
}

/** Components with fewer ready replicas than at the start. One that the new version does not have is not missed. */
function missing(timeline: Timeline, { ready }: Moment): string[] {
  return expected(timeline).flatMap(([name, before]) => ((ready.get(name) ?? 0) < before ? [name] : []));
}

function expected(timeline: Timeline): (readonly [string, number])[] {
  const end = timeline.at(-1)?.ready;
  return [...(timeline[0]?.ready ?? [])].filter(([name]) => end?.has(name) === true);
}

interface Span {
  readonly from: number;
  readonly to: number;
}

/** A state holds from the moment at which it was seen until the next one. */
function spans(timeline: Timeline, holds: (moment: Moment) => boolean): Span[] {
  const found: Span[] = [];
  timeline.forEach((moment, index) => {
    const next = timeline[index + 1];
    if (next === undefined || !holds(moment)) return;
    const last = found.at(-1);
    if (last?.to === moment.at) found[found.length - 1] = { from: last.from, to: next.at };
    else found.push({ from: moment.at, to: next.at });
  });
  return found;
}
