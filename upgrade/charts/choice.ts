import type { ChartReference, ChartSource, Warning } from "../model";
import { configLine, list, refuse } from "../refusal";
import { CHART_RELEASES, chartRelease, hasChart, isKnownRelease, NEWEST_CHART } from "../versions/releases";
import { compareVersions, isPreRelease, majorOf, minorOf } from "../versions/versions";
import { badChart, chartFits } from "./rules";
import { chartAtLeast, chartGoesBack, compareCharts, isChartVersion } from "./versions";

/** Repositories of the public charts: the archived one ends at 4.0.31 (fact 1.1). */
export const ARCHIVED_REPOSITORY = "https://milvus-io.github.io/milvus-helm/";
export const CURRENT_REPOSITORY = "https://zilliztech.github.io/milvus-helm/";
const LAST_ARCHIVED_CHART = "4.0.31";
/** From the release on which the image alone changes (fact 2.9). */
const IMAGE_ONLY_SINCE = 3;

interface RunningChart {
  readonly chart: string;
  readonly version: string;
}

export interface ChartRequest {
  /** Milvus version wanted. */
  readonly version: string;
  /** Chart that runs, and the version it runs; missing for an install. */
  readonly running?: RunningChart;
  readonly explicit?: string;
  /** Going back to what ran before: the chart may go back with it. */
  readonly goesBack?: boolean;
  readonly source: ChartSource;
}

export interface ChosenChart {
  readonly version: string;
  readonly warnings: readonly Warning[];
}

/**
 * The chart for a version: the one that runs where it fits and is as new, or else the newest of the version, or of the
 * nearest older version of its minor (facts 1.7 and 1.8). An explicit one wins, after a check that it fits.
 */
export function chooseChart(given: ChartRequest): ChosenChart {
  const { running, ...others } = given;
  if (given.goesBack || running === undefined) return choose(others);
  const chosen = choose(given);
  if (isChartVersion(running.chart) && chartGoesBack(running.chart, chosen.version)) {
    return refuse({
      rule: "the_chart_never_goes_back",
      reason: `Milvus ${given.version} would go onto chart ${chosen.version}; chart ${running.chart} runs, and an older one may not know what it made.`,
      remedy: chartFits(running.chart, given.version)
        ? `Stay on the chart that runs: ${configLine("chartVersion", running.chart)}`
        : `Choose a version for chart ${running.chart} or a later one.`,
      source: "docs/upgrade-facts.md 1.3: chart numbers are not in the order of Milvus versions",
    });
  }
  return chosen;
}

function choose(request: ChartRequest): ChosenChart {
  return request.explicit === undefined ? byCatalogue(request) : checked(request.explicit, request);
}

function byCatalogue({ version, running }: ChartRequest): ChosenChart {
  const best = newestChartFor(version);
  if (running && staysOn(running, version, best)) {
    const isExact = running.version === version || chartRelease(running.chart)?.milvus === version;
    return { version: running.chart, warnings: isExact ? [] : [imageOnly(version, running.chart)] };
  }
  if (best === undefined) {
    return refuse({
      rule: "a_version_must_have_a_chart",
      reason: `The catalogue has no chart that can run Milvus ${version}.`,
      remedy: `Bring it up to date (npm run catalog:update) or name a chart: ${configLine("chartVersion", NEWEST_CHART)}`,
    });
  }
  return { version: best, warnings: chartRelease(best)?.milvus === version ? [] : [imageOnly(version, best)] };
}

/** The chart that runs is kept where nothing asks for another: nobody asked for one, and an older one is a risk. */
function staysOn(running: RunningChart, version: string, best: string | undefined): boolean {
  const isSame = running.version === version;
  // Only another Milvus version asks to leave a chart of which nothing is known.
  if (!isChartVersion(running.chart)) return isSame;
  const fits = chartFits(running.chart, version);
  if (fits && (isSame || isOnlyAnImage(version))) return true;
  return (fits || isSame) && (best === undefined || chartAtLeast(running.chart, best));
}

/** From 3.0 on the image changes alone, unless a chart says it is for the version (fact 2.9). */
function isOnlyAnImage(version: string): boolean {
  return majorOf(version) >= IMAGE_ONLY_SINCE && !hasChart(version);
}

const newestCharts = new Map<string, string | undefined>();

/** Newest by Milvus version first, then by chart number: the two are not in the same order (fact 1.3). */
export function newestChartFor(version: string): string | undefined {
  // The catalogue does not change, and the way over many hops asks again and again.
  if (!newestCharts.has(version)) newestCharts.set(version, findNewestChart(version));
  return newestCharts.get(version);
}

function findNewestChart(version: string): string | undefined {
  const fitting = CHART_RELEASES.filter(
    ({ chart, milvus }) =>
      badChart(chart) === undefined &&
      chartFits(chart, version) &&
      (majorOf(version) >= IMAGE_ONLY_SINCE || minorOf(milvus) === minorOf(version)) &&
      compareVersions(milvus, version) <= 0 &&
      (isPreRelease(version) || !isPreRelease(milvus)),
  );
  return fitting.toSorted((a, b) => compareVersions(a.milvus, b.milvus) || compareCharts(a.chart, b.chart)).at(-1)
    ?.chart;
}

function imageOnly(version: string, chart: string): Warning {
  return {
    rule: "a_version_without_a_chart_runs_on_the_nearest",
    message: `Milvus ${version} has no chart of its own in the catalogue: chart ${chart} with the image tag v${version}.`,
  };
}

function checked(chart: string, { version, running, source }: ChartRequest): ChosenChart {
  const bad = badChart(chart);
  if (bad && running?.chart !== chart) {
    return refuse({
      rule: bad.name,
      reason: `Chart ${chart} must not be used: ${bad.reason}.`,
      remedy: `Take another one (${fittingCharts(version)}), or leave milvus:chartVersion out: pulumi config rm milvus:chartVersion`,
      source: bad.source,
    });
  }
  if (!chartFits(chart, version)) {
    const mixedUp = chartRelease(chart) === undefined && isKnownRelease(chart);
    return refuse({
      rule: "the_chart_must_fit_the_version",
      reason: mixedUp
        ? `milvus:chartVersion ${chart} is a version of Milvus, not of a chart.`
        : `Chart ${chart} does not run Milvus ${version}.`,
      remedy: `Take one that does (${fittingCharts(version)}), or leave milvus:chartVersion out: pulumi config rm milvus:chartVersion`,
      source: "docs/upgrade-facts.md 1.8 and 1.9",
    });
  }
  if (chartRelease(chart)) return { version: chart, warnings: [] };
  // A repository of the user's own may hold what the public one skips.
  if (source.kind === "repository" && source.url === undefined && compareCharts(chart, NEWEST_CHART) < 0) {
    return refuse({
      rule: "the_chart_must_be_in_the_index",
      reason: `The index of the public repository has no chart ${chart}.`,
      remedy: `Take one that is there: ${fittingCharts(version)}.`,
      source: "docs/upgrade-facts.md 1.5: numbers are skipped, so look up and never count",
    });
  }
  const message = `Chart ${chart} is not in the catalogue: its values and defaults have not been looked at.`;
  return { version: chart, warnings: [{ rule: "an_unknown_chart_is_allowed_by_name", message }] };
}

function fittingCharts(version: string): string {
  const charts = CHART_RELEASES.filter(({ chart }) => badChart(chart) === undefined && chartFits(chart, version)).map(
    ({ chart }) => chart,
  );
  const [newest] = charts;
  const oldest = charts.at(-1);
  if (newest === undefined || oldest === undefined) return "the catalogue has none";
  return charts.length < 5 ? list(charts) : `those from ${oldest} to ${newest}`;
}

/** Where the chart is had from. */
export function chartReference(version: string, source: ChartSource): ChartReference {
  const name = "milvus";
  switch (source.kind) {
    case "repository":
      return { name, version, kind: source.kind, location: source.url ?? repositoryOf(version) };
    case "oci":
      return { name, version, kind: source.kind, location: source.reference };
    case "folder":
      return { name, version, kind: source.kind, location: `${source.path.replace(/\/+$/, "")}/${name}-${version}` };
  }
}

function repositoryOf(chart: string): string {
  return chartAtLeast(LAST_ARCHIVED_CHART, chart) ? ARCHIVED_REPOSITORY : CURRENT_REPOSITORY;
}
