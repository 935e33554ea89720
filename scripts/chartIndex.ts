import { parse } from "yaml";
import { z } from "zod";
import { chartAtLeast, compareCharts } from "../upgrade/charts/versions";
import type { ChartRelease } from "../upgrade/versions/releases";
import { isVersion, plainVersion } from "../upgrade/versions/versions";

/** Older charts carry numbers that look like Milvus versions and are for release candidates of 2.0 (fact 1.2). */
const FIRST_CHART = "3.0.0";
/** More releases gone at once than this is a cut-off file rather than withdrawn charts. */
const MOST_WITHDRAWN = 3;

const PLAIN = /^\d+\.\d+\.\d+$/;

const entry = z.looseObject({
  version: z.string("has no version"),
  appVersion: z.union([z.string(), z.number().transform(String)], "has no appVersion"),
  created: z.string("has no date").regex(/^\d{4}-\d{2}-\d{2}/, "is dated in another way than YYYY-MM-DD"),
});

const index = z.looseObject({
  entries: z.looseObject({ milvus: z.array(entry, "has no list of charts").min(1, "lists no chart") }),
});

/**
 * The chart releases that a repository's index.yaml lists, newest first, from 3.0.0 on.
 *
 * @throws Error that names every entry which cannot be used
 */
export function readIndex(text: string): ChartRelease[] {
  const checked = index.safeParse(parse(text));
  if (!checked.success) {
    const problems = checked.error.issues.map(({ path, message }) => `  ${path.join(".")}: ${message}`);
    throw new Error(`This is not the index of the Milvus charts:\n${problems.join("\n")}`);
  }
  const releases = checked.data.entries.milvus
    .filter(({ version }) => PLAIN.test(version) && chartAtLeast(version, FIRST_CHART))
    .map(({ version, appVersion, created }) => ({
      chart: version,
      milvus: plainVersion(appVersion),
      date: created.slice(0, 10),
    }));
  const strange = releases.filter(({ milvus }) => !isVersion(milvus));
  if (strange.length > 0) {
    const names = strange.map(({ chart, milvus }) => `chart ${chart}: ${JSON.stringify(milvus)}`);
    throw new Error(`These charts are for something that is no Milvus version: ${names.join(", ")}`);
  }
  if (releases.length === 0) throw new Error(`The index lists no chart from ${FIRST_CHART} on.`);
  return newestFirst(releases);
}

/** Several repositories list the same releases; the first to name one counts. */
export function mergeIndexes(indexes: readonly (readonly ChartRelease[])[]): ChartRelease[] {
  const byChart = new Map<string, ChartRelease>();
  for (const release of indexes.flat()) {
    if (!byChart.has(release.chart)) byChart.set(release.chart, release);
  }
  return newestFirst([...byChart.values()]);
}

export interface CatalogueChange {
  readonly added: readonly ChartRelease[];
  readonly withdrawn: readonly ChartRelease[];
  /** Now for another Milvus version or dated differently. */
  readonly changed: readonly ChartRelease[];
}

/** @throws Error when so much is gone that the index must be cut off */
export function compareCatalogues(before: readonly ChartRelease[], after: readonly ChartRelease[]): CatalogueChange {
  const old = new Map(before.map((release) => [release.chart, release]));
  const now = new Set(after.map(({ chart }) => chart));
  const withdrawn = before.filter(({ chart }) => !now.has(chart));
  if (withdrawn.length > MOST_WITHDRAWN) {
    const charts = withdrawn.map(({ chart }) => chart);
    throw new Error(
      `${charts.length} releases of the catalogue are not in the index any more (${charts.slice(0, 5).join(", ")} …): it seems to be cut off. Nothing was changed.`,
    );
  }
  const changed = after.filter((release) => {
    const known = old.get(release.chart);
    return known !== undefined && (known.milvus !== release.milvus || known.date !== release.date);
  });
  return { added: after.filter(({ chart }) => !old.has(chart)), withdrawn, changed };
}

/** One release a line, so that a pull request shows what is new. */
export function formatCatalogue(releases: readonly ChartRelease[]): string {
  const lines = releases.map(
    ({ chart, milvus, date }) =>
      `  {"chart": ${JSON.stringify(chart)}, "milvus": ${JSON.stringify(milvus)}, "date": ${JSON.stringify(date)}}`,
  );
  return `[\n${lines.join(",\n")}\n]\n`;
}

function newestFirst(releases: readonly ChartRelease[]): ChartRelease[] {
  return releases.toSorted((a, b) => compareCharts(b.chart, a.chart));
}
