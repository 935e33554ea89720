import { badChart } from "../charts/rules";
import { compareCharts } from "../charts/versions";
import rows from "./catalogue.json";
import { compareVersions, isPreRelease, minorOf, sortVersions } from "./versions";

/** One chart release of the public index: chart number, the Milvus version it says it is for, day of release. */
export interface ChartRelease {
  readonly chart: string;
  readonly milvus: string;
  /** `YYYY-MM-DD`. */
  readonly date: string;
}

/** Every chart release from 3.0.0 on, newest chart first; `npm run catalog:update` rewrites the file behind it. */
export const CHART_RELEASES: readonly ChartRelease[] = rows;

const byChart = new Map(CHART_RELEASES.map((release) => [release.chart, release]));

export function chartRelease(chart: string): ChartRelease | undefined {
  return byChart.get(chart);
}

export const NEWEST_CHART = [...byChart.keys()].sort(compareCharts).at(-1) ?? "";

interface ImageOnly {
  readonly versions: readonly string[];
  readonly source: string;
}

/** Milvus releases without a chart of their own (fact 1.8). That each tag exists in every registry is not verified. */
export const IMAGE_ONLY_RELEASES: readonly ImageOnly[] = [
  { versions: ["2.2.15", "2.2.16"], source: "milvus-docs v2.2.x release_notes.md" },
  {
    versions: ["2.3.14", "2.3.15", "2.3.16", "2.3.17", "2.3.18", "2.3.19", "2.3.20", "2.3.21", "2.3.22"],
    source: "milvus-docs v2.3.x release_notes.md; zilliztech/milvus-helm issue 106",
  },
  {
    versions: ["2.4.18", "2.4.19", "2.4.20", "2.4.21", "2.4.22", "2.4.23"],
    source: "milvus-docs v2.4.x release_notes.md",
  },
  { versions: ["2.5.17", "2.5.18", "2.5.22"], source: "milvus-io/milvus issues 44486 and 50217" },
  {
    versions: ["2.6.16", "2.6.17", "2.6.18", "2.6.19", "2.6.20"],
    source: "milvus-io/milvus issue 50217; milvus-docs pull request 3574",
  },
  { versions: ["3.0.0", "3.0.1", "3.0.3"], source: "milvus-docs upgrade_milvus_cluster-helm.md; milvus issue 52340" },
];

/** Versions that release notes take back: pick the one named instead (fact 1.7). */
export const REPLACED_RELEASES: Readonly<Record<string, string>> = { "2.4.13": "2.4.13-hotfix" };

const withChart = new Set(CHART_RELEASES.map(({ milvus }) => milvus));
const withGoodChart = new Set(CHART_RELEASES.filter(({ chart }) => !badChart(chart)).map(({ milvus }) => milvus));
const imageOnly = new Set(IMAGE_ONLY_RELEASES.flatMap(({ versions }) => versions));

export function hasChart(version: string): boolean {
  return withChart.has(version);
}

export function isKnownRelease(version: string): boolean {
  return withChart.has(version) || imageOnly.has(version);
}

/** Every Milvus version known, oldest first. */
export const MILVUS_VERSIONS: readonly string[] = sortVersions([...withChart, ...imageOnly]);

/** The newest that has a chart which may be used; a pre-release only where there is nothing else. */
export function newestWithChart(candidates: readonly string[] = MILVUS_VERSIONS): string | undefined {
  const charted = candidates.filter((version) => withGoodChart.has(version) && !REPLACED_RELEASES[version]);
  const plain = charted.filter((version) => !isPreRelease(version));
  return [...(plain.length > 0 ? plain : charted)].sort(compareVersions).at(-1);
}

export function versionsOfMinor(minor: string): string[] {
  return MILVUS_VERSIONS.filter((version) => minorOf(version) === minor);
}
