import type { ClusterClient } from "../cluster/api/client";
import type { ServedApis } from "../cluster/api/discovery";
import { verdictOf } from "../cluster/api/rehearsal";
import type { PatchKind } from "../cluster/api/send";
import { ClusterError, hasCode } from "../cluster/errors";
import type { HelmValues } from "../upgrade/model";
import { isMap, withoutValue } from "../upgrade/values/tree";
import { inBatches } from "./batches";
import { type FieldChange, fieldChanges } from "./diff";
import type { Mask } from "./mask";
import type { ManifestObject } from "./objects";

/** What somebody changed in the cluster past Helm. */
export interface Drift {
  readonly objects: readonly DriftedObject[];
  /** Why others could not be looked at, each reason once. */
  readonly unknown: readonly string[];
}

export interface DriftedObject {
  readonly kind: string;
  readonly name: string;
  /** It is not in the cluster any more. */
  readonly missing: boolean;
  /** Before: as Helm has left it; after: as it is. */
  readonly fields: readonly FieldChange[];
}

export interface DriftRequest {
  readonly client: ClusterClient;
  readonly apis: ServedApis;
  /** Of the Helm record. */
  readonly recorded: readonly ManifestObject[];
  readonly mask: Mask;
  /** Deployments whose replicas an autoscaler sets. */
  readonly scaled: readonly string[];
  /** Of the objects as Helm recorded them, laid over what is there. Default: merge, by which a list is what was recorded. */
  readonly patch?: PatchKind;
}

/** What the API server counts and not the manifest. */
const NOT_COMPARED = [
  ["status"],
  ["metadata", "managedFields"],
  ["metadata", "resourceVersion"],
  ["metadata", "generation"],
];

/**
 * Shows the API server every object as Helm recorded it (dryRun=All), and compares what it would make of that with what
 * is there. So defaults, units and the order of keys are its own, and only what differs in earnest is found.
 */
export async function driftOf(request: DriftRequest): Promise<Drift> {
  const found = await inBatches(
    request.recorded.filter(({ hook }) => hook === undefined),
    (object) => lookAt(object, request),
  );
  return {
    objects: found.filter((it): it is DriftedObject => typeof it === "object"),
    unknown: [...new Set(found.filter((it) => typeof it === "string"))].map((why) => request.mask.text(why)),
  };
}

/** A sentence where it could not be seen; undefined where nothing differs. */
async function lookAt(
  object: ManifestObject,
  { client, apis, mask, scaled, patch }: DriftRequest,
): Promise<DriftedObject | string | undefined> {
  const { apiVersion, kind, name, namespace, content } = object;
  const served = apis.kinds.find((it) => it.api === apiVersion && it.kind === kind);
  if (served === undefined) return `the cluster serves no ${kind} of ${apiVersion}`;
  const place = { api: apiVersion, resource: served.resource, ...(served.namespaced && { namespace }), name };
  try {
    const live = (await client.read(place)) as HelmValues;
    const answer = await client.rehearse(place, content, patch);
    const verdict = verdictOf(answer);
    if (verdict.kind !== "taken") {
      const why = verdict.kind === "unknown" ? verdict.why : `as recorded, it would be ${verdict.kind} now`;
      return `${kind} ${name}: ${why}`;
    }
    const [recorded, actual] = [JSON.parse(answer.text) as HelmValues, live].map(compared) as [HelmValues, HelmValues];
    const fields = fieldChanges(kind, recorded, actual, mask).filter(
      ({ path }) => !(path === "spec.replicas" && scaled.includes(name)),
    );
    return fields.length === 0 ? undefined : { kind, name, missing: false, fields };
  } catch (error) {
    if (hasCode(error, "notFound")) return { kind, name, missing: true, fields: [] };
    if (error instanceof ClusterError) return error.what;
    throw error;
  }
}

function compared(object: HelmValues): HelmValues {
  return isMap(object) ? NOT_COMPARED.reduce((rest, path) => withoutValue(rest, path), object) : object;
}
