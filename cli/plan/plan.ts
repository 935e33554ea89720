import { type ClusterClient, connect } from "../../cluster/api/client";
import { apiVersions, readServedApis, type ServedApis } from "../../cluster/api/discovery";
import { oneLook } from "../../cluster/api/oneLook";
import { readManifest } from "../../cluster/helm/manifest";
import type { Config } from "../../config/schema";
import { look, shownPlan } from "../../run/look";
import { approvalLines } from "../../upgrade/approval";
import { attemptName } from "../../upgrade/metadata/attempt";
import type { ClusterState, HelmRelease, Plan, UpgradePlan } from "../../upgrade/model";
import { describeExpected } from "../../upgrade/plan/interruption";
import { planUpgrade } from "../../upgrade/plan/plan";
import { secretTexts } from "../../upgrade/secrets/text";
import { describeStep, outlookOf } from "../../upgrade/steps/steps";
import { type LastFacts, stateFromFacts } from "../../upgrade/walk/lastFacts";
import { planTitle } from "../../upgrade/words/describe";
import { splitCommon } from "../manifests/common";
import { diffManifests } from "../manifests/diff";
import { type Drift, driftOf } from "../manifests/drift";
import { dryRun } from "../manifests/dryRun";
import { imagesOf } from "../manifests/images";
import { type Mask, maskOf } from "../manifests/mask";
import { type ManifestObject, parseManifest } from "../manifests/objects";
import type { Project } from "../pulumi/project";
import type { StackConfig } from "../pulumi/stackConfig";
import { NotRendered, renderChart } from "./helm";
import { jobImages } from "./jobImages";
import { planOfStack } from "./planOfStack";
import {
  type ImageReport,
  type ManifestReport,
  outcomeOf,
  PLAN_FORMAT,
  type PlanPart,
  type PlanReport,
} from "./report";

export interface PlanRequest {
  readonly project: Project;
  readonly stack: string;
  readonly settings: StackConfig;
  /** Compare the manifests. */
  readonly withManifests: boolean;
  readonly withImages: boolean;
  readonly withDrift?: boolean;
  /** What was read of the cluster a moment ago. Default: it is read. */
  readonly state?: ClusterState;
  /** How the last run left things: the cluster is not asked then. */
  readonly lastFacts?: LastFacts;
}

/** Reads the cluster, plans, and compares what runs with what the new chart renders. Changes nothing anywhere. */
export async function makePlan(request: PlanRequest): Promise<PlanReport> {
  const { config } = request.settings;
  const { releaseName, namespace } = config.wanted;
  const head = { format: PLAN_FORMAT, stack: request.stack, release: `${namespace}/${releaseName}` } as const;
  if (request.lastFacts !== undefined) {
    const state = stateFromFacts(request.lastFacts, config.wanted, new Date().toISOString());
    const plan = planUpgrade(config.wanted, state);
    return { ...head, basis: "last outputs", ...(await reportOf(request, { state, plan })) };
  }
  const client = oneLook(connect(config.access));
  // Those who plan may have fewer rights than those who run: a pull request's runner should only read.
  const found = await look(client, config, {
    levels: { permissions: "warn" },
    ...(request.state && { state: request.state }),
    plan: (wanted, state) => planOfStack(request.project, request.stack, wanted, state),
  });
  const { state, hash } = found;
  const planned = { state, plan: shownPlan(found), client, ...(hash !== undefined && { hash }) };
  const report = { ...head, basis: "cluster", ...(await reportOf(request, planned)) } as const;
  if (request.withDrift !== true) return report;
  return { ...report, drift: await findDrift(request, client, state) };
}

async function findDrift(
  { settings: { config, secrets } }: PlanRequest,
  client: ClusterClient,
  { release, components }: ClusterState,
): Promise<Drift> {
  const record = release && appliedRecord(release);
  if (record === undefined) return { objects: [], unknown: [] };
  const { namespace } = config.wanted;
  return driftOf({
    client,
    apis: await readServedApis(client),
    recorded: parseManifest(await readManifest(client, { namespace, ...record }), namespace),
    mask: maskOf([...secrets, ...secretTexts(release?.userValues ?? {})]),
    scaled: components.filter(({ autoscaler }) => autoscaler !== undefined).map(({ name }) => name),
  });
}

interface Planned {
  readonly state: ClusterState;
  readonly plan: Plan;
  readonly hash?: string;
  /** Missing: the plan was made without the cluster. */
  readonly client?: ClusterClient;
}

async function reportOf(
  request: PlanRequest,
  { state, plan, hash, client }: Planned,
): Promise<Omit<PlanReport, "format" | "stack" | "release" | "basis">> {
  const { config, secrets } = request.settings;
  const outcome = outcomeOf(plan);
  if (plan.kind === "refused") return { outcome, refusal: plan };

  const mask = maskOf([...secrets, ...knownSecrets(plan, state.release)]);
  // Whoever mirrors images wants to know of each that is not.
  const withImages = request.withImages || config.wanted.imageRegistry !== undefined;
  const rendered = request.withManifests || withImages ? await render(request, plan, state, client) : undefined;
  return {
    outcome,
    plan: { ...partOf(plan, mask), ...approvalOf(hash, config) },
    ...(rendered &&
      request.withManifests && { manifests: await compare(rendered, client, state.release, mask, config) }),
    ...(rendered && withImages && { images: imageList(rendered, plan, config, mask) }),
  };
}

function knownSecrets(plan: UpgradePlan, release: HelmRelease | undefined): string[] {
  return [...secretTexts(plan.values), ...secretTexts(release?.userValues ?? {})];
}

function approvalOf(hash: string | undefined, { approvedPlan }: Config): Pick<PlanPart, "hash" | "approval"> {
  return hash === undefined ? { approval: [] } : { hash, approval: approvalLines(approvedPlan, hash) };
}

function partOf(plan: UpgradePlan, mask: Mask): Omit<PlanPart, "approval"> {
  const { kind, from, to, chart, reason, interruption, reversibility, warnings, migration } = plan;
  return {
    kind,
    title: planTitle(plan),
    ...(from !== undefined && { from }),
    to,
    chart,
    reason,
    steps: plan.steps.map((step) => ({ step: describeStep(step), ...outlookOf(step, plan) })),
    ...(plan.expected && plan.kind !== "nothing" && { expected: describeExpected(plan.expected) }),
    expectedSeconds: plan.expected?.seconds ?? 0,
    interruption,
    reversibility,
    // A value that was moved from one key to another may be a password.
    added: plan.added.map(({ value, ...added }) => ({ ...added, shown: mask.show("", added.path.split("."), value) })),
    warnings,
    ...(migration && { attempt: attemptName(migration.attempt), backupClaim: migration.claimName }),
  };
}

/** What the new chart renders, or why it could not be rendered. */
type Rendered = { readonly objects: readonly ManifestObject[]; readonly apis: ServedApis } | { readonly why: string };

async function render(
  { project, settings }: PlanRequest,
  plan: UpgradePlan,
  state: ClusterState,
  client: ClusterClient | undefined,
): Promise<Rendered> {
  const { releaseName, namespace } = settings.config.wanted;
  const apis = client ? await readServedApis(client) : { versions: [], kinds: [] };
  try {
    const manifest = await renderChart({
      chart: plan.chart,
      releaseName,
      namespace,
      values: plan.values,
      kubernetesVersion: state.kubernetesVersion,
      apiVersions: apiVersions(apis),
      isUpgrade: plan.adopt,
      projectFolder: project.folder,
      ...(settings.config.chartAccess && { chartAccess: settings.config.chartAccess }),
    });
    return { objects: parseManifest(manifest, namespace), apis };
  } catch (error) {
    if (error instanceof NotRendered) return { why: error.message };
    throw error;
  }
}

async function compare(
  rendered: Rendered,
  client: ClusterClient | undefined,
  release: HelmRelease | undefined,
  mask: Mask,
  { wanted: { namespace, releaseName } }: Config,
): Promise<ManifestReport> {
  if ("why" in rendered) return { compared: false, why: mask.text(rendered.why) };
  if (client === undefined) return { compared: false, why: "the Helm release is in the cluster, which was not asked" };
  const record = release && appliedRecord(release);
  const before = record ? parseManifest(await readManifest(client, { namespace, ...record }), namespace) : [];
  const { objects: after, apis } = rendered;
  const changes = diffManifests(before, after, mask);
  const { objects, dryRun: asked } = await dryRun(changes, { client, apis, before, after, mask, releaseName });
  const { common, own } = splitCommon(objects);
  return { compared: true, ...(record && { revision: record.revision }), common, objects: own, dryRun: asked };
}

/** Helm compares with the last revision that was deployed, whatever failed since. */
function appliedRecord(release: HelmRelease): { readonly recordName: string; readonly revision: number } {
  const { lastDeployed, name, recordName, revision } = release;
  if (release.status === "deployed" || lastDeployed === undefined) return { recordName, revision };
  return { recordName: `sh.helm.release.v1.${name}.v${lastDeployed.revision}`, revision: lastDeployed.revision };
}

function imageList(rendered: Rendered, plan: UpgradePlan, { settings, wanted }: Config, mask: Mask): ImageReport {
  const found = new Map<string, readonly string[]>("why" in rendered ? [] : imagesOf(rendered.objects));
  for (const [image, users] of jobImages(plan, settings)) found.set(image, [...(found.get(image) ?? []), ...users]);
  const prefix = wanted.imageRegistry;
  return {
    list: [...found].map(([image, users]) => ({ image, users })).sort((a, b) => a.image.localeCompare(b.image)),
    outside: prefix === undefined ? [] : [...found.keys()].filter((image) => !image.startsWith(`${prefix}/`)).sort(),
    ...("why" in rendered && { incomplete: mask.text(rendered.why) }),
  };
}
