import { chartAtLeast } from "../../upgrade/charts/versions";
import { seeded } from "../chaos/random";
import { valueSetsFor } from "./valueSets";
import type { Job } from "./walk";

/** Charts before are of Milvus 1, which has no way to 2. */
const FIRST_CHART = "3.0.0";

export interface Selection {
  readonly seed: number;
  /** Default: all. */
  readonly sample?: number;
  /** Of the source chart's version. Default: all. */
  readonly from?: RegExp;
  /** Of the values' name. Default: all. */
  readonly values?: RegExp;
}

/** Every source chart with every set of values that it has the keys for, in the order of the seed. */
export function jobsFor(charts: readonly string[], { seed, sample, from, values }: Selection): Job[] {
  const jobs = charts
    .filter((chart) => chartAtLeast(chart, FIRST_CHART))
    .filter((chart) => from?.test(chart) ?? true)
    .flatMap((chart) => valueSetsFor(chart).map((set) => ({ chart, set })))
    .filter(({ set }) => values?.test(set.name) ?? true);
  return sample === undefined ? jobs : seeded(seed).shuffled(jobs).slice(0, sample);
}
