import { isDown, isMilvusComponent, isUnknownComponent } from "../milvusComponents";
import type { ClusterState, ComponentState, HelmRelease, HelmValues, Wanted } from "../model";
import { configLine, list, refuse } from "../refusal";
import { getValue, path } from "../values/tree";
import { parseImage, parseTag } from "../versions/images";
import { compareVersions, isVersion, sortVersions } from "../versions/versions";

/** What runs, as the rules need it. */
export interface Observed {
  /** Deployments that are Milvus. */
  readonly components: readonly ComponentState[];
  readonly unknown: readonly ComponentState[];
  /** Versions of the images, oldest first; several while an upgrade is under way. */
  readonly versions: readonly string[];
  /** The oldest that runs: what is planned from. */
  readonly version: string;
  readonly newest: string;
  /** Image variant such as `-gpu`; empty when there is none or the components differ in it. */
  readonly variant: string;
  /** Every component is at 0 and its pods are gone. */
  readonly stopped: boolean;
  /** Some Deployments are paused or held to a strategy, or run other versions than others: a roll that did not finish. */
  readonly isUnderWay: boolean;
  /** Chart, values and revision that are in force: those of the last revision that was deployed, if they are known. */
  readonly inForce: InForce;
}

export interface InForce {
  readonly revision: number;
  readonly chart: string;
  readonly userValues: HelmValues;
  readonly chartValues: HelmValues;
}

/**
 * The version is what is seen running, not what the record says: half an upgrade by hand leaves the record behind.
 * An image whose tag names no version is never guessed.
 */
export function observe(state: ClusterState, release: HelmRelease, wanted: Wanted): Observed {
  const components = state.components.filter(({ component }) => isMilvusComponent(component));
  const versions = sortVersions(components.flatMap((component) => versionsOf(component, wanted.currentVersion)));
  const inForce = valuesInForce(release);
  const recorded = recordedVersion(release, inForce, wanted.currentVersion);
  const version = versions[0] ?? recorded ?? unknownVersion(`the release ${release.name}`, release.appVersion);
  const variants = new Set(components.map(({ image }) => parseImage(image).variant));
  return {
    components,
    unknown: state.components.filter(isUnknownComponent),
    versions: versions.length > 0 ? versions : [version],
    version,
    newest: versions.at(-1) ?? version,
    variant: variants.size === 1 ? ([...variants][0] ?? "") : "",
    stopped: components.length > 0 && components.every(isDown),
    isUnderWay: versions.length > 1 || components.some(({ paused, recreating }) => paused || recreating === true),
    inForce,
  };
}

/** Versions of the template's image and of the pods' images; what was told wins for an image without a version. */
function versionsOf(component: ComponentState, told: string | undefined): string[] {
  // Once it is rolled out, another image is that of a pod that takes its time to end: a query node up to half an hour.
  const images = new Set([component.image, ...(component.rolledOut ? [] : (component.podImages ?? []))]);
  return [...images].map((image) => {
    const { version } = parseImage(image);
    return version ?? told ?? unknownVersion(component.name, image);
  });
}

function unknownVersion(what: string, found: string): never {
  return refuse({
    rule: "an_unknown_version_is_never_guessed",
    reason: `The Milvus version of ${what} is not known from ${found === "" ? "an empty image" : `"${found}"`}.`,
    remedy: `Look it up (kubectl logs shows it at the start of every component) and set it: ${configLine("currentVersion", "2.4.16")}`,
  });
}

/** Chart and values always of the same revision: a value means nothing without its chart. */
function valuesInForce(release: HelmRelease): InForce {
  const last = release.status === "deployed" ? undefined : release.lastDeployed;
  if (last?.userValues === undefined || last.chartValues === undefined) {
    const { revision, chartVersion: chart, userValues, chartValues } = release;
    return { revision, chart, userValues, chartValues };
  }
  const { revision, chartVersion: chart, userValues, chartValues } = last;
  return { revision, chart, userValues, chartValues };
}

/** Without Deployments: the image tag in the values, or else what the chart calls its version (fact 1.4). */
function recordedVersion(release: HelmRelease, { userValues }: InForce, told: string | undefined): string | undefined {
  const tag = getValue(userValues, path("image.all.tag"));
  const fromTag = typeof tag === "string" ? parseTag(tag).version : undefined;
  // The chart's own version says nothing of another image.
  if (typeof tag === "string" && tag !== "" && fromTag === undefined) return told ?? unknownVersion(release.name, tag);
  const app = (release.lastDeployed?.appVersion ?? release.appVersion).replace(/^v/, "");
  return fromTag ?? (isVersion(app) ? app : undefined);
}

/** `2.3.5 and 2.4.1 (on the newer one: querynode, proxy)`: which components are ahead, for a message. */
export function describeVersions({ components, versions, version }: Observed): string {
  if (versions.length < 2) return version;
  const isNewer = (image: string) => {
    const found = parseImage(image).version;
    return found !== undefined && compareVersions(found, version) > 0;
  };
  // Of a Deployment that is paused the pods say what runs.
  const ahead = components.filter(({ image, paused, podImages = [] }) =>
    (paused && podImages.length > 0 ? podImages : [image]).every(isNewer),
  );
  // Set back a moment ago, as by helm rollback: the template has the older one already.
  const ending = components.filter(({ podImages = [] }) => podImages.some(isNewer));
  const [where, found] =
    ahead.length > 0 ? ["on the newer one", ahead] : ["pods of the newer one are still there", ending];
  const names = found.map(({ component }) => component).join(", ");
  return names === "" ? list(versions) : `${list(versions)} (${where}: ${names})`;
}
