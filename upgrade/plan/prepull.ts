import { isMilvusComponent } from "../milvusComponents";
import type { ClusterState, ExpectedInterruption, HelmValues, UpgradePlan, Wanted } from "../model";
import { PULL, touchesMetadata } from "../steps/steps";
import { asText, filledText, getValue, isHidden, path } from "../values/tree";

const REPOSITORY = path("image.all.repository");
const TAG = path("image.all.tag");
/** Of the charts, in every release. */
const DEFAULT_REPOSITORY = "milvusdb/milvus";

/** The image of every component, as the chart puts it together; undefined where the program keeps its repository to itself. */
export function milvusImage(values: HelmValues, chartValues: HelmValues = {}): string | undefined {
  if (isHidden(values, REPOSITORY)) return undefined;
  const repository =
    filledText(getValue(values, REPOSITORY)) ?? filledText(getValue(chartValues, REPOSITORY)) ?? DEFAULT_REPOSITORY;
  return `${repository}:${asText(getValue(values, TAG))}`;
}

/**
 * The plan with the pulls before all else, where it takes something away that runs and other images come: what a node has not
 * got is then pulled while Milvus serves, and an image that cannot be pulled is found before anything stops.
 *
 * @param expected of the plan, with every image on its node
 */
export function withPrepull(
  plan: UpgradePlan,
  state: ClusterState,
  { prepull }: Pick<Wanted, "prepull">,
  expected: ExpectedInterruption,
): UpgradePlan & { readonly expected: ExpectedInterruption } {
  const takesAway = expected.kind !== "none" && expected.isDown !== true;
  if (prepull === undefined || !takesAway || !needsImages(plan, state)) return { ...plan, expected };
  const { seconds } = PULL;
  if (prepull === "off") {
    const dearer = { ...expected, seconds: expected.seconds + seconds, parts: [...expected.parts, PULL] };
    return { ...plan, expected: dearer };
  }
  const image = milvusImage(plan.values, state.release?.chartValues) ?? `the image of Milvus ${plan.to}`;
  return {
    ...plan,
    steps: [{ kind: "prepull", image }, ...plan.steps],
    expected: { ...expected, savedSeconds: seconds },
  };
}

/** Pods come with other images than nodes may have: another one of Milvus, or those of the Jobs while nothing runs. */
function needsImages(plan: UpgradePlan, state: ClusterState): boolean {
  const image = milvusImage(plan.values, state.release?.chartValues);
  const isOther = image === undefined ? plan.from !== plan.to : isNew(image, state);
  return isOther || plan.steps.some(touchesMetadata);
}

function isNew(image: string, { components }: ClusterState): boolean {
  return components.some((it) => isMilvusComponent(it.component) && it.image !== image);
}
