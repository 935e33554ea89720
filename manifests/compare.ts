import type { ClusterClient } from "../cluster/api/client";
import type { ServedApis } from "../cluster/api/discovery";
import { listedManifest } from "../cluster/helm/manifest";
import type { HelmRelease } from "../upgrade/model";
import { diffManifests, type ObjectChange } from "./diff";
import { type DryRun, dryRun } from "./dryRun";
import type { Mask } from "./mask";
import { type ManifestObject, type ParsedDocuments, parseManifest } from "./objects";

/** What an upgrade changes of the objects that Helm has applied, with what stands in its way. */
export interface Comparison {
  /** Of the release that it is compared with; missing where there is none. */
  readonly revision?: number;
  readonly changes: readonly ObjectChange[];
  readonly dryRun: DryRun;
}

export interface ComparisonRequest {
  readonly client: ClusterClient;
  readonly apis: ServedApis;
  readonly releaseName: string;
  readonly namespace: string;
  readonly release: HelmRelease | undefined;
  /** What Helm has applied, of `appliedObjects`. */
  readonly before: readonly ManifestObject[];
  /** What the new chart renders. */
  readonly after: readonly ManifestObject[];
  readonly mask: Mask;
  /** Whether somebody wants to see what the fields change from and to. */
  readonly isShown: boolean;
}

/**
 * The manifest in force; nothing where there is none.
 *
 * @throws ClusterError when it cannot be read
 */
export async function appliedObjects(
  {
    client,
    releaseName,
    namespace,
    release,
  }: Pick<ComparisonRequest, "client" | "releaseName" | "namespace" | "release">,
  parsed?: ParsedDocuments,
): Promise<ManifestObject[]> {
  if (release === undefined) return [];
  const { recordName } = appliedRecord(release);
  return parseManifest(await listedManifest(client, { releaseName, namespace }, recordName), namespace, parsed);
}

/** Compares with the manifest in force, and shows the API server what changes (dryRun=All). */
export async function compareWithRelease(request: ComparisonRequest): Promise<Comparison> {
  const { release, before, after, mask, isShown } = request;
  const record = release && appliedRecord(release);
  const asked = await dryRun(diffManifests(before, after, isShown ? mask : undefined), request);
  return { ...(record && { revision: record.revision }), changes: asked.objects, dryRun: asked.dryRun };
}

/** Helm compares with the last revision that was deployed, whatever failed since. */
export function appliedRecord(release: HelmRelease): { readonly recordName: string; readonly revision: number } {
  const { lastDeployed, name, recordName, revision } = release;
  if (release.status === "deployed" || lastDeployed === undefined) return { recordName, revision };
  return { recordName: `sh.helm.release.v1.${name}.v${lastDeployed.revision}`, revision: lastDeployed.revision };
}
