import { newestWithChart, versionsOfMinor } from "../versions/releases";
import { compareMinors, compareVersions, minorOf, sortVersions } from "../versions/versions";
import { LEAST_2_6_FOR_3_0, MINOR_ORDER, refusedBy } from "./rules";

/** Where a way may stop: the newest patch of each minor, and the 2.6 from which 3.0 can be reached. */
const STOPS: readonly string[] = sortVersions([
  ...MINOR_ORDER.map((minor) => newestWithChart(versionsOfMinor(minor))).filter((version) => version !== undefined),
  LEAST_2_6_FOR_3_0,
]);

/**
 * Versions of the way from one to the other, without the start; undefined when no way leads there. One minor at a
 * time, and the newest patch of each (milvus-docs pull request 3274): a direct hop where the rules allow it, or else
 * the nearest stop that can be reached and is nearer.
 */
export function findPath(from: string, to: string): readonly string[] | undefined {
  const way: string[] = [];
  let current = from;
  // Each round moves up by at least one version; the bound only guards against a table that contradicts itself.
  for (let round = 0; round <= 2 * MINOR_ORDER.length; round++) {
    if (refusedBy({ from: current, to }) === undefined) return [...way, to];
    const next = nextStop(current, to);
    if (next === undefined) return undefined;
    way.push(next);
    current = next;
  }
  return undefined;
}

/** The newest patch of the next minor when that is allowed, or else the newest patch of the minor one is in. */
export function nextStop(from: string, to: string): string | undefined {
  const reachable = STOPS.filter(
    (stop) =>
      compareVersions(stop, from) > 0 && compareVersions(stop, to) < 0 && refusedBy({ from, to: stop }) === undefined,
  );
  const later = reachable.filter((stop) => minorOf(stop) !== minorOf(from));
  const nearest = later[0];
  if (nearest === undefined) return reachable.at(-1);
  return later.filter((stop) => compareMinors(minorOf(stop), minorOf(nearest)) === 0).at(-1);
}
