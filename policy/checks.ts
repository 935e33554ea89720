import { badChart, chartFits } from "../upgrade/charts/rules";
import { isChartVersion } from "../upgrade/charts/versions";
import { refusedBy } from "../upgrade/hops/rules";
import type { HelmValue, HelmValues } from "../upgrade/model";
import { getValue, isMap, path } from "../upgrade/values/tree";
import { parseTag } from "../upgrade/versions/images";
import { isVersion } from "../upgrade/versions/versions";

/** What a policy is shown of a `helm.v3.Release`. */
export interface ReleaseInputs {
  readonly chart: string;
  /** Of the chart; missing for the newest there is. */
  readonly version?: string;
  readonly values: HelmValues;
  readonly description: string;
  readonly isProtected: boolean;
}

/** Milvus by its chart, from a repository, a registry or a folder (`charts/milvus-4.0.34`). */
export function isMilvus({ chart }: Pick<ReleaseInputs, "chart">): boolean {
  return /(^|\/)milvus(-\d[^/]*)?$/.test(chart);
}

export function chartVersionProblem({ version }: ReleaseInputs): string | undefined {
  if (version === undefined || version === "")
    return "the chart's version is not pinned: tomorrow's run is another one";
  const bad = badChart(version);
  return bad && `chart ${version} must not be used: ${bad.reason} (${bad.source})`;
}

export function chartFitProblem({ version, values }: ReleaseInputs): string | undefined {
  const milvus = parseTag(tagOf(values)).version;
  if (version === undefined || milvus === undefined || !isChartVersion(version) || chartFits(version, milvus))
    return undefined;
  return `chart ${version} does not run Milvus ${milvus}`;
}

/** The hop stands in the description that this project's program gives its Release. */
export function hopProblem({ description }: ReleaseInputs): string | undefined {
  const [, from, to] = /^milvus-upgrade: (?:helm|rolling|migration) (\S+) to (\S+)/.exec(description) ?? [];
  if (from === undefined || to === undefined || !isVersion(from) || !isVersion(to)) return undefined;
  const rule = refusedBy({ from, to });
  return rule && `Milvus ${from} cannot go to ${to} (${rule.name}): ${rule.reason} (${rule.source})`;
}

export function protectionProblem({ isProtected }: ReleaseInputs): string | undefined {
  return isProtected ? undefined : "the Release is not protected: deleting it uninstalls Milvus";
}

const LEAST_QUERY_NODES = 2;

/** In production a query node that restarts must not be the only one. */
export function queryNodeProblem({ values }: ReleaseInputs, isProduction: boolean): string | undefined {
  if (!isProduction || getValue(values, path("cluster.enabled")) === false) return undefined;
  const replicas = getValue(values, path("queryNode.replicas")) ?? 1;
  // -1 leaves the number to an autoscaler.
  if (typeof replicas !== "number" || replicas < 0 || replicas >= LEAST_QUERY_NODES) return undefined;
  return `queryNode.replicas is ${replicas}; a stack tagged production has at least ${LEAST_QUERY_NODES}`;
}

/** A key whose text is a whole image: `image: repository:tag`, `initImage`, `sidecar_image`. */
const IMAGE_KEY = /^image$|[a-z_]image$|Image$/;

/** Paths of image tags, and of images in one text, that name no fixed version. */
export function floatingTags(values: HelmValues): string[] {
  const visit = (value: HelmValue, keys: readonly string[]): string[] => {
    if (Array.isArray(value)) return value.flatMap((item, index) => visit(item, [...keys, String(index)]));
    if (!isMap(value)) return [];
    return Object.entries(value).flatMap(([key, inner]) => {
      if (typeof inner !== "string") return visit(inner, [...keys, key]);
      const moves = key === "tag" ? isFloating(inner) : IMAGE_KEY.test(key) && inner !== "" && isFloatingImage(inner);
      return moves ? [`${[...keys, key].join(".")}: ${inner === "" ? "(empty)" : inner}`] : [];
    });
  };
  return visit(values, []);
}

/** An image reference without a tag or digest, or with one that moves. */
export function isFloatingImage(image: string): boolean {
  if (image.includes("@sha256:")) return false;
  const name = image.slice(image.lastIndexOf("/") + 1);
  return !name.includes(":") || isFloating(name.split(":")[1] ?? "");
}

function isFloating(tag: string): boolean {
  return /^(latest|master|main|edge|nightly|stable|)$|-latest$/.test(tag);
}

function tagOf(values: HelmValues): string {
  const tag = getValue(values, path("image.all.tag"));
  return typeof tag === "string" ? tag : "";
}
