import type { ClusterClient } from "../cluster/api/client";
import { apiVersions, readServedApis } from "../cluster/api/discovery";
import { ClusterError } from "../cluster/errors";
import type { ChartAccess } from "../config/schema";
import { appliedObjects, type Comparison, compareWithRelease } from "../manifests/compare";
import { NotRendered, renderChart } from "../manifests/helm";
import { type Mask, maskOf } from "../manifests/mask";
import { type ManifestObject, type ParsedDocuments, parseManifest } from "../manifests/objects";
import { changesNoPod } from "../manifests/restarts";
import { besideUpgrade, setBackOf } from "../manifests/setBack";
import type { ClusterState, HelmValues, UpgradePlan } from "../upgrade/model";
import type { RenderFacts } from "../upgrade/preflight/facts";
import { secretTexts } from "../upgrade/secrets/text";
import { layBack, type OpaqueValue } from "../upgrade/values/opaque";
import type { RenderedAgain } from "../upgrade/words/sentAgain";
import type { ChangedPastHelm } from "../upgrade/words/setBack";

/** What Helm makes of a plan before anything is done, and what the API server says of it. */
export type Rendering =
  | { readonly kind: "failed" | "unseen"; readonly why: string }
  | {
      readonly kind: "compared";
      readonly objects: readonly ManifestObject[];
      /** Missing: the cluster was not asked. */
      readonly comparison?: Comparison;
      /** What is not as Helm has left it, and the Release sets back. Missing: the cluster was not asked. */
      readonly setBack?: readonly ChangedPastHelm[];
    };

export interface RenderingRequest {
  readonly releaseName: string;
  readonly namespace: string;
  readonly plan: UpgradePlan;
  readonly state: ClusterState;
  /** Missing: the cluster is not asked. */
  readonly client?: ClusterClient;
  /** Helm values that the caller keeps to itself, marked in the plan's. Default: none. */
  readonly opaque?: readonly OpaqueValue[];
  /** What a private repository is told. Default: nothing. */
  readonly chartAccess?: ChartAccess;
  /** Texts that no line may show, beside the secrets among the values. Default: none. */
  readonly hidden?: readonly string[];
  /** Whether what fields change from and to is wanted, and not only which. Default: no. */
  readonly showsChanges?: boolean;
}

/** Stands for a value that nobody knows before it is made. */
const NOT_KNOWN_YET = "not-known-yet";

/**
 * Renders the chart of the plan as an upgrade, compares it with what is there, and asks the API server (dryRun=All).
 * Nothing is written; Helm gets the values by stdin and no way to the cluster.
 *
 * @throws ClusterError when the API server does not answer
 */
export async function renderPlan(request: RenderingRequest): Promise<Rendering> {
  const { releaseName, namespace, plan, state, client, chartAccess, opaque = [] } = request;
  const values = layBack(plan.values, opaque, (index, changed) => changed ?? opaque[index]?.value ?? NOT_KNOWN_YET);
  const mask = maskFor(request, values as HelmValues);
  const isGuess = opaque.some(({ value }) => value === undefined);
  try {
    const apis = client ? await readServedApis(client) : { versions: [], kinds: [] };
    // Read while Helm renders.
    const parsed: ParsedDocuments = new Map();
    const applied = client && appliedObjects({ ...request, client, release: state.release }, parsed);
    applied?.catch(() => undefined);
    // How many pods of Milvus run is for the planner to say.
    const scaled = state.components.map(({ name }) => name);
    const changedPast = client && applied?.then((recorded) => setBackOf({ client, apis, recorded, mask, scaled }));
    changedPast?.catch(() => undefined);
    const manifest = await renderChart({
      chart: plan.chart,
      releaseName,
      namespace,
      values: values as HelmValues,
      kubernetesVersion: state.kubernetesVersion,
      apiVersions: apiVersions(apis),
      isUpgrade: plan.adopt,
      // Relative folders count from the working folder, as the provider counts them.
      projectFolder: process.cwd(),
      ...(chartAccess && { chartAccess }),
    });
    const objects = readManifest(manifest, namespace, parsed);
    if (client === undefined || applied === undefined || changedPast === undefined)
      return { kind: "compared", objects };
    const before = await applied;
    const comparison = await compareWithRelease({
      ...request,
      client,
      apis,
      release: state.release,
      before,
      after: objects,
      mask,
      isShown: request.showsChanges === true,
    });
    const found = await changedPast;
    const setBack = changesNoPod(comparison) ? found : besideUpgrade(found, comparison.changes, scaled);
    return { kind: "compared", objects, comparison, setBack };
  } catch (error) {
    if (error instanceof NotRendered) {
      const isCertain = error.isOfChart && !isGuess;
      return { kind: isCertain ? "failed" : "unseen", why: mask.text(error.message) };
    }
    if (error instanceof ClusterError && ["forbidden", "notFound", "badRecord"].includes(error.code)) {
      return { kind: "unseen", why: mask.text(error.what) };
    }
    throw error;
  }
}

/** Helm has read it as YAML already; what only this program cannot read is no reason to stop. */
function readManifest(manifest: string, namespace: string, parsed: ParsedDocuments): ManifestObject[] {
  try {
    return parseManifest(manifest, namespace, parsed);
  } catch (error) {
    throw new NotRendered((error as Error).message);
  }
}

function maskFor({ state, hidden = [] }: RenderingRequest, values: HelmValues): Mask {
  return maskOf([...hidden, ...secretTexts(values), ...secretTexts(state.release?.userValues ?? {})]);
}

/** What is said of a Release that is sent although nothing is to be done. */
export function renderedAgain(rendering: Rendering | undefined): RenderedAgain {
  if (rendering === undefined) return { kind: "unseen", why: "milvus:preflight.chartRenders is off" };
  if (rendering.kind !== "compared") return { kind: "unseen", why: rendering.why };
  const { comparison, setBack = [] } = rendering;
  const objects = (comparison?.changes ?? []).map(({ kind, name }) => `${kind}/${name}`);
  return objects.length === 0
    ? { kind: "same", setBack }
    : { kind: "changed", objects, restartsPods: !changesNoPod(comparison), setBack };
}

/** What the preflight is told of it. */
export function renderFacts(
  rendering: Rendering,
  { namespaceExists }: Pick<ClusterState, "namespaceExists">,
): RenderFacts {
  if (rendering.kind !== "compared") return rendering;
  const { changes = [], dryRun } = rendering.comparison ?? {};
  return {
    kind: "compared",
    refused: changes.flatMap(({ kind, name, refused }) =>
      refused.map(({ path, why }) => ({ object: `${kind}/${name}`, path, why })),
    ),
    // In a namespace that is not there nothing can be asked.
    unjudged: namespaceExists ? (dryRun?.unknown ?? []) : [],
  };
}
