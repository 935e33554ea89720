import type SemVer from "semver/classes/semver";
import parseSemVer from "semver/functions/parse";

/**
 * Versions of charts are SemVer, since Helm wants that: a fork may be `4.2.20-acme.1` or `4.2.20+acme.1`. Milvus versions
 * are something else (versions.ts).
 */

const parsed = new Map<string, SemVer | null>();

/** The planner asks for the same few charts thousands of times. */
function parse(chart: string): SemVer | null {
  const known = parsed.get(chart);
  if (known !== undefined) return known;
  const fresh = parseSemVer(chart);
  parsed.set(chart, fresh);
  return fresh;
}

function mustParse(chart: string): SemVer {
  const found = parse(chart);
  if (found === null) throw new Error(`"${chart}" is not a version of a chart`);
  return found;
}

export function isChartVersion(text: string): boolean {
  return parse(text) !== null;
}

/** Negative when `a` comes before `b`. */
export function compareCharts(a: string, b: string): number {
  return mustParse(a).compare(mustParse(b));
}

/**
 * Has the chart what the public one has from `bound` on? By the three numbers: 4.2.20-acme.1 is made from 4.2.20, though
 * SemVer puts it before that.
 */
export function chartAtLeast(chart: string, bound: string): boolean {
  return mustParse(chart).compareMain(mustParse(bound)) >= 0;
}

export function chartOlderThan(chart: string, bound: string): boolean {
  return !chartAtLeast(chart, bound);
}

/** Whether the chart would be an older one. Between a release and a fork of it neither is older, whatever SemVer says. */
export function chartGoesBack(from: string, to: string): boolean {
  const [left, right] = [mustParse(from), mustParse(to)];
  const isForkOfOther = (left.prerelease.length === 0) !== (right.prerelease.length === 0);
  return (isForkOfOther ? right.compareMain(left) : right.compare(left)) < 0;
}
