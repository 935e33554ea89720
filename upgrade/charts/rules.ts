import type { ChartRuleName } from "../ruleNames";
import { minorOf } from "../versions/versions";
import { chartAtLeast, isChartVersion } from "./versions";

/** Charts that are never chosen, both ends included. */
export interface BadCharts {
  readonly name: ChartRuleName;
  readonly first: string;
  readonly last: string;
  readonly reason: string;
  readonly source: string;
}

export const BAD_CHARTS: readonly BadCharts[] = [
  {
    name: "skip_charts_4_2_21_to_4_2_29",
    first: "4.2.21",
    last: "4.2.29",
    reason: "they bring in pulsarv3 and switch to it; the charts' own README asks to skip them",
    source: "docs/upgrade-facts.md 4.3: README of charts 4.2.33 and 5.0.19",
  },
  {
    name: "skip_charts_that_ship_another_version",
    first: "4.0.10",
    last: "4.0.10",
    reason: "it says Milvus 2.2.3 and ships v2.2.4",
    source: "docs/upgrade-facts.md 1.4: values.yaml of chart 4.0.10",
  },
  {
    name: "skip_charts_that_ship_another_version",
    first: "4.0.28",
    last: "4.0.28",
    reason: "it says Milvus 2.2.11 and ships v2.2.12",
    source: "docs/upgrade-facts.md 1.4: values.yaml of chart 4.0.28",
  },
];

/** Which Milvus minors a range of charts can run, both ends included. */
export interface ChartFit {
  readonly first: string;
  readonly last: string;
  readonly minors: readonly string[];
  readonly source: string;
}

/** From the index's appVersions, and what the READMEs and fact 1.9 say of images beside them. */
export const CHART_FITS: readonly ChartFit[] = [
  { first: "3.0.0", last: "3.0.29", minors: ["2.0"], source: "docs/upgrade-facts.md 1.2: index.yaml" },
  { first: "3.1.0", last: "3.2.18", minors: ["2.1"], source: "index.yaml" },
  { first: "3.3.0", last: "4.0.34", minors: ["2.2"], source: "index.yaml; 4.0.11 alone is for 2.3.0-beta" },
  { first: "4.1.0", last: "4.1.28", minors: ["2.3"], source: "index.yaml" },
  {
    first: "4.1.29",
    last: "4.1.36",
    minors: ["2.4", "2.3"],
    source: "README of charts 4.2.0 to 5.0.19: 2.3 on charts less than 4.2.0, e.g. 4.1.36",
  },
  {
    first: "4.2.0",
    last: "4.2.25",
    minors: ["2.4"],
    source: "docs/upgrade-facts.md 1.9: no 2.3 and older from 4.2.0 on",
  },
  {
    first: "4.2.26",
    last: "4.2.58",
    minors: ["2.5", "2.4"],
    source: "docs/upgrade-facts.md 1.8 and 4.3: 2.4.18 and later, with the message queue set",
  },
  { first: "4.2.59", last: "4.99.99", minors: ["2.5", "2.4"], source: "the line of 4.2" },
  {
    first: "5.0.0",
    last: "5.99.99",
    minors: ["2.6", "3.0"],
    source: "docs/upgrade-facts.md 2.9 and 1.10: 3.0 runs on the chart of 2.6",
  },
];

/** A chart for one version only, against its range. */
const ONLY_FOR: Readonly<Record<string, string>> = { "4.0.11": "2.3.0-beta" };

/** True when a chart can run the version; a fork can what the chart can that it is made from. */
export function chartFits(chart: string, milvus: string): boolean {
  if (!isChartVersion(chart)) return false;
  const only = ONLY_FOR[chart];
  if (only !== undefined) return only === milvus;
  return CHART_FITS.some((fit) => isWithin(chart, fit) && fit.minors.includes(minorOf(milvus)));
}

export function badChart(chart: string): BadCharts | undefined {
  return isChartVersion(chart) ? BAD_CHARTS.find((range) => isWithin(chart, range)) : undefined;
}

function isWithin(chart: string, { first, last }: { readonly first: string; readonly last: string }): boolean {
  return chartAtLeast(chart, first) && chartAtLeast(last, chart);
}
