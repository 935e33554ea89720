import type { ClusterClient } from "../cluster/api/client";
import type { ServedApis } from "../cluster/api/discovery";
import { type Verdict, verdictOf } from "../cluster/api/rehearsal";
import type { ApiRequest } from "../cluster/api/request";
import { ClusterError } from "../cluster/errors";
import { getValue } from "../upgrade/values/tree";
import { inBatches } from "./batches";
import type { ObjectChange } from "./diff";
import type { Mask } from "./mask";
import { mergePatch } from "./mergePatch";
import { type ManifestObject, objectKey } from "./objects";

/** What came of showing the changes to the API server. */
export interface DryRun {
  /** Objects that it judged. */
  readonly judged: number;
  /** Why it did not judge others, each reason once. */
  readonly unknown: readonly string[];
}

export interface DryRunRequest {
  readonly client: ClusterClient;
  readonly apis: ServedApis;
  readonly before: readonly ManifestObject[];
  readonly after: readonly ManifestObject[];
  readonly mask: Mask;
  readonly releaseName: string;
}

/**
 * Asks the API server about every object that is added or changed (dryRun=All), and writes its objections to them. What
 * the fields alone forbid is in the changes already.
 */
export async function dryRun(
  changes: readonly ObjectChange[],
  request: DryRunRequest,
): Promise<{ readonly objects: ObjectChange[]; readonly dryRun: DryRun }> {
  const old = new Map(request.before.map((object) => [objectKey(object), object]));
  const next = new Map(request.after.map((object) => [objectKey(object), object]));
  const verdicts = await inBatches(changes, (change) => {
    const after = next.get(objectKey(change));
    return change.change === "removed" || after === undefined
      ? Promise.resolve(undefined)
      : judge(request, old.get(objectKey(change)), after);
  });
  const unknown = verdicts.flatMap((it) => (it?.kind === "unknown" ? [request.mask.text(it.why)] : []));
  return {
    objects: changes.map((change, index) => withObjections(change, verdicts[index], request.mask)),
    dryRun: {
      judged: verdicts.filter((it) => it !== undefined && it.kind !== "unknown").length,
      unknown: [...new Set(unknown)],
    },
  };
}

async function judge(
  request: DryRunRequest,
  before: ManifestObject | undefined,
  after: ManifestObject,
): Promise<Verdict> {
  const { client, apis, releaseName } = request;
  const served = apis.kinds.find(({ api, kind }) => api === after.apiVersion && kind === after.kind);
  if (served === undefined) return judgeUnserved(apis, after);
  const { api, resource, namespaced } = served;
  const place = { api, resource, ...(namespaced && { namespace: after.namespace }) };
  try {
    if (before !== undefined) {
      const patch = mergePatch(before.content, after.content);
      const verdict = verdictOf(await client.rehearse({ ...place, name: after.name }, patch));
      if (verdict.kind !== "missing") return verdict;
    }
    const verdict = verdictOf(await client.rehearse(place, after.content));
    if (verdict.kind === "missing") {
      return { kind: "unknown", why: `the namespace ${after.namespace} is not there yet` };
    }
    return verdict.kind === "exists" && before === undefined
      ? await judgeExisting(client, { ...place, name: after.name }, releaseName)
      : verdict;
  } catch (error) {
    if (error instanceof ClusterError) return { kind: "unknown", why: error.what };
    throw error;
  }
}

function judgeUnserved({ kinds }: ServedApis, { apiVersion, kind }: ManifestObject): Verdict {
  const why = `the cluster serves no ${kind} of ${apiVersion}`;
  // A version without any kind is one whose own server does not answer.
  return kinds.some(({ api }) => api === apiVersion)
    ? { kind: "refused", reasons: [{ why }] }
    : { kind: "unknown", why };
}

/** Helm takes over what has its annotation for this release, and refuses everything else. */
async function judgeExisting(client: ClusterClient, place: ApiRequest, releaseName: string): Promise<Verdict> {
  const found = (await client.read(place)) as ManifestObject["content"];
  const owner = getValue(found, ["metadata", "annotations", "meta.helm.sh/release-name"]);
  return owner === releaseName
    ? { kind: "taken" }
    : { kind: "refused", reasons: [{ why: "it is in the cluster already and not a part of this release" }] };
}

function withObjections(change: ObjectChange, verdict: Verdict | undefined, mask: Mask): ObjectChange {
  if (verdict?.kind !== "refused") return change;
  const known = new Set(change.refused.map(({ path }) => path));
  const more = verdict.reasons
    .map(({ path = "", why }) => ({ path, why: mask.text(why) }))
    // A StatefulSet's answer names the spec as a whole; its fields are named already.
    .filter(({ path }) => ![...known].some((it) => it === path || it.startsWith(`${path}.`)));
  return { ...change, refused: [...change.refused, ...more] };
}
