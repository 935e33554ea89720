import { OWN_DESCRIPTION } from "../marks";
import type { ChartReference, ClusterState, HelmValues, UpgradePlan } from "../model";
import { sameValue } from "../values/tree";
import { type ChangedPastHelm, describeSetBack, shortened } from "./setBack";

/** What Pulumi's state has of the Release. */
export interface ReleaseInState {
  readonly hasRelease: boolean;
  /** The state cannot be read. Default false. */
  readonly isUnknown?: boolean;
  /** As `helm history` says it. */
  readonly releaseDescription?: string;
  /** Where its chart came from, as {@link placeOf} tells it. Missing: that is not known. */
  readonly releasePlace?: string;
  /** Its chart repository was opened with another user name, password or CA than the one that is given now. Default false. */
  readonly hasOtherLogin?: boolean;
  /** Of Helm. Missing: it is not known. */
  readonly releaseRevision?: number;
  /** Of its chart. */
  readonly releaseVersion?: string;
  readonly releaseValues?: HelmValues;
}

/** Why Pulumi sends the Release also where nothing is to be done, and the revision that is in force. */
export interface SentAgain {
  readonly why: "adopted" | "otherRevision" | "byHand" | "otherPlace" | "otherLogin";
  readonly revision: number;
}

/** What the chart of a Release that is sent again renders, beside what Helm has applied. */
export type RenderedAgain =
  | { readonly kind: "same"; readonly setBack: readonly ChangedPastHelm[] }
  | { readonly kind: "unseen"; readonly why: string }
  | {
      readonly kind: "changed";
      /** `Kind/name` each; at least one. */
      readonly objects: readonly string[];
      readonly restartsPods: boolean;
      readonly setBack: readonly ChangedPastHelm[];
    };

/**
 * A release that Pulumi takes over is imported and then sent, as it is. So is one of which the state has another revision than the one
 * that this program has made: the state or the cluster was put back, or a run was killed between Helm and the state. So is one that
 * was given by hand what the config asks for only now. And so is one whose chart is fetched from another place than before, or with
 * another password: Pulumi keeps it with the Release, and the provider opens the repository with it in every run.
 *
 * @returns undefined where nothing is sent
 */
export function sentAgain(
  plan: Pick<UpgradePlan, "kind" | "chart" | "values">,
  { release }: Pick<ClusterState, "release">,
  inState: ReleaseInState,
): SentAgain | undefined {
  const { hasRelease, isUnknown = false, releaseDescription = "", releasePlace, hasOtherLogin = false } = inState;
  if (plan.kind !== "nothing" || release === undefined || isUnknown) return undefined;
  const { description, revision } = release;
  if (!hasRelease) return { why: "adopted", revision };
  const isOwn = description.startsWith(OWN_DESCRIPTION);
  if (isOwn && description !== releaseDescription) return { why: "otherRevision", revision };
  if (!isOwn && isBehind(plan, revision, inState)) return { why: "byHand", revision };
  if (releasePlace !== undefined && releasePlace !== placeOf(plan.chart)) return { why: "otherPlace", revision };
  return hasOtherLogin ? { why: "otherLogin", revision } : undefined;
}

/** Pulumi compares what it sends with the revision that it knows, which is not the one in force. */
function isBehind(
  { chart, values }: Pick<UpgradePlan, "chart" | "values">,
  revision: number,
  { releaseRevision = revision, releaseVersion, releaseValues = {} }: ReleaseInState,
): boolean {
  return releaseRevision !== revision && !(releaseVersion === chart.version && sameValue(releaseValues, values));
}

/** Of a chart: the folder or the OCI reference; of a repository its address and the chart's name. */
export function placeOf({ kind, location, name }: Omit<ChartReference, "version">): string {
  return kind === "repository" ? `${location} ${name}` : location;
}

/**
 * For the plan that says that nothing is to be done, beside an update of the Release.
 *
 * @param rendered missing: nobody has looked
 */
export function describeSentAgain(sent: SentAgain | undefined, rendered: RenderedAgain | undefined): string[] {
  if (sent === undefined) return [];
  const { why, revision } = sent;
  const causes = {
    adopted: "takes the release over: Pulumi imports it and sends it once.",
    otherRevision: `sends the Release once more: Pulumi's state has another revision than the one in force, ${revision}, which this program has made (a state or a cluster that was put back, or a run that was killed at its end).`,
    byHand: `sends the Release once more: Pulumi's state has other values or another chart version than the revision in force, ${revision}, which somebody has made past Pulumi (helm upgrade or helm rollback by hand).`,
    otherPlace: "sends the Release once more: its chart comes from another place than before.",
    otherLogin:
      "sends the Release once more: Pulumi keeps with it the user name, password and CA of the chart repository, and they are others than before.",
  };
  const made = `Helm makes revision ${revision + 1} with the same chart version and values, and as many pods as run.`;
  return [`${causes[why]} ${made} ${effectOf(sent, rendered)}`];
}

const SHOWN = 5;

function effectOf({ why }: SentAgain, rendered: RenderedAgain | undefined): string {
  if (rendered?.kind === "same") {
    const { setBack } = rendered;
    const stays = setBack.length === 0 ? ": Milvus stays as it is" : `. ${describeSetBack(setBack)}`;
    return `It renders every object as Helm has it${stays}`;
  }
  if (rendered?.kind !== "changed") {
    const unseen = rendered && `. That was not looked at: ${rendered.why}`;
    return `Where it is the chart that is in force, Milvus stays as it is${unseen ?? ""}`;
  }
  const { objects, restartsPods, setBack } = rendered;
  const costs = restartsPods ? "Pods restart" : "No pod restarts";
  const from = why === "otherPlace" ? "back to where it came from" : "to where the chart in force comes from";
  const also = setBack.length === 0 ? "" : ` ${describeSetBack(setBack)}.`;
  return `It is another chart of that version: it changes ${shortened(objects, SHOWN)}. ${costs}, and no check of an upgrade is made.${also} To keep Milvus as it is, set milvus:chartSource ${from}`;
}

/** What `helm history` says of it; undefined: what it says of the revision in force. */
export function sentAgainForHistory({ to }: Pick<UpgradePlan, "to">, sent: SentAgain | undefined): string | undefined {
  if (sent === undefined || sent.why === "otherPlace" || sent.why === "otherLogin") return undefined;
  const cause = sent.why === "adopted" ? "taken over by Pulumi" : "once more: Pulumi's state had another revision";
  return `${OWN_DESCRIPTION} Milvus ${to} as in revision ${sent.revision}, ${cause}`;
}
