import { chartAtLeast, chartOlderThan } from "../../charts/versions";
import type { ValuePath } from "../tree";
import groups from "./readsByChart.json";

/**
 * Which values the chart's own templates read, by chart release: a value that no template reads has no effect, whatever
 * values.yaml has (fact 5.8). `first chart[ first chart without]` → keys, parted by spaces. A key stands for all that is
 * below it. `npm run chart:reads` writes the file, from the templates of every release.
 */
interface Read {
  readonly key: string;
  readonly since: string;
  readonly until?: string;
}

const READS: readonly Read[] = Object.entries(groups).flatMap(([range, keys]) => {
  const [since = "", until] = range.split(" ");
  return keys.split(" ").map((key) => ({ key, since, ...(until !== undefined && { until }) }));
});

/** By the topmost key: a value is looked up among a few dozen. */
const byPart = new Map<string, Read[]>();
for (const read of READS) {
  const [part = ""] = read.key.split(".");
  byPart.set(part, [...(byPart.get(part) ?? []), read]);
}

/** Values of the subcharts, and Helm's own: which of them their templates read is not in the table. */
const OF_OTHERS = ["etcd", "minio", "pulsar", "pulsarv3", "kafka", "mysql", "tei", "global", "tags"];

export function isOfSubchart(keys: ValuePath): boolean {
  return OF_OTHERS.includes(keys[0] ?? "");
}

function readsOf(keys: ValuePath): readonly Read[] {
  const dotted = keys.join(".");
  return (byPart.get(keys[0] ?? "") ?? []).filter(
    ({ key }) => dotted === key || dotted.startsWith(`${key}.`) || key.startsWith(`${dotted}.`),
  );
}

function isReadBy({ since, until }: Read, chart: string): boolean {
  return chartAtLeast(chart, since) && (until === undefined || chartOlderThan(chart, until));
}

/** Whether the chart's own templates read the value, or something below it. */
export function chartReads(keys: ValuePath, chart: string): boolean {
  const known = answers.get(keys)?.get(chart);
  if (known !== undefined) return known;
  const fresh = readsOf(keys).some((read) => isReadBy(read, chart));
  answers.set(keys, (answers.get(keys) ?? new Map<string, boolean>()).set(chart, fresh));
  return fresh;
}

/** The rules ask with the same few paths in every plan. */
const answers = new WeakMap<ValuePath, Map<string, boolean>>();

/** First chart that does not read the value any more; undefined where the chart does, or where none ever did. */
export function ignoredSince(keys: ValuePath, chart: string): string | undefined {
  if (chartReads(keys, chart)) return undefined;
  return readsOf(keys)
    .flatMap(({ until }) => (until !== undefined && chartAtLeast(chart, until) ? [until] : []))
    .toSorted(newestFirst)[0];
}

/** First chart after `after` that reads the value, or the first of all; undefined where none does. */
export function readSince(keys: ValuePath, after?: string): string | undefined {
  return readsOf(keys)
    .map(({ since }) => since)
    .filter((since) => after === undefined || chartOlderThan(after, since))
    .toSorted(newestFirst)
    .at(-1);
}

/** Every key that the chart reads. */
export function keysRead(chart: string): string[] {
  return READS.filter((read) => isReadBy(read, chart)).map(({ key }) => key);
}

function newestFirst(a: string, b: string): number {
  return chartAtLeast(a, b) ? -1 : 1;
}
