import { type ClusterClient, connect } from "../../cluster/api/client";
import { readServedApis } from "../../cluster/api/discovery";
import { oneLook } from "../../cluster/api/oneLook";
import { readManifest } from "../../cluster/helm/manifest";
import type { Config } from "../../config/schema";
import { splitCommon } from "../../manifests/common";
import { appliedRecord } from "../../manifests/compare";
import { type Drift, driftOf } from "../../manifests/drift";
import { imagesOf } from "../../manifests/images";
import { type Mask, maskOf } from "../../manifests/mask";
import { parseManifest } from "../../manifests/objects";
import { type Conditions, judgeConditions } from "../../run/conditions";
import { otherRun } from "../../run/lock";
import { look, shownPlan } from "../../run/look";
import { type Rendering, renderPlan } from "../../run/rendering";
import { approvalLines, approvalParts } from "../../upgrade/approval";
import { attemptName } from "../../upgrade/metadata/attempt";
import type { ClusterState, HelmRelease, Plan, UpgradePlan } from "../../upgrade/model";
import { describeExpected } from "../../upgrade/plan/interruption";
import { planUpgrade } from "../../upgrade/plan/plan";
import { describePulls } from "../../upgrade/prepull/describe";
import type { Pulls } from "../../upgrade/prepull/pulls";
import { secretTexts } from "../../upgrade/secrets/text";
import { openVerification } from "../../upgrade/verification";
import { type LastFacts, stateFromFacts } from "../../upgrade/walk/lastFacts";
import { planTitle } from "../../upgrade/words/describe";
import { withoutWays } from "../../upgrade/words/openUpgrade";
import { describeVerification } from "../../verify/describe";
import type { Project } from "../pulumi/project";
import { readStagedStack, type StackConfig } from "../pulumi/stackConfig";
import { jobImages } from "./jobImages";
import { planOfStack } from "./planOfStack";
import {
  type ImageReport,
  type ManifestReport,
  outcomeOf,
  PLAN_FORMAT,
  type PlanPart,
  type PlanReport,
  stepReports,
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
    const planned = { state, plan, ...(await conditionsOf(request, plan, state)) };
    return { ...head, basis: "last outputs", ...(await reportOf(request, planned)) };
  }
  const client = oneLook(connect(config.access));
  // Those who plan may have fewer rights than those who run: a pull request's runner should only read.
  const lookedUp = look(client, config, {
    levels: { permissions: "warn" },
    hidden: request.settings.secrets,
    showsChanges: request.withManifests,
    ...(request.state && { state: request.state }),
    plan: (wanted, state) => planOfStack(request.project, request.stack, wanted, state),
  });
  const [found, other] = await Promise.all([lookedUp, otherRun(client, config)]);
  const { state, hash, rendering } = found;
  const plan = shownPlan(found);
  const planned = {
    state,
    plan,
    client,
    ...(await conditionsOf(request, plan, state)),
    ...(hash !== undefined && { hash }),
    ...(rendering && { rendering }),
    ...(found.pulls && { pulls: found.pulls }),
  };
  const lines = other === undefined ? found.open : [other, ...withoutWays(found.open)];
  const open = lines.length > 0 ? { open: lines } : {};
  const report = { ...head, basis: "cluster", ...open, ...(await reportOf(request, planned)) } as const;
  if (request.withDrift !== true) return report;
  return { ...report, drift: await findDrift(request, client, state) };
}

async function conditionsOf(
  { project, settings: { config } }: PlanRequest,
  plan: Plan,
  state: ClusterState,
): Promise<Pick<Planned, "conditions">> {
  if (plan.kind === "refused") return {};
  return { conditions: await judgeConditions(config, plan, state, (stack) => readStagedStack(project, stack)) };
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
  /** Missing where they were not looked at. */
  readonly conditions?: Conditions;
  /** Of the preflight. */
  readonly rendering?: Rendering;
  readonly pulls?: Pulls;
  /** Missing: the plan was made without the cluster. */
  readonly client?: ClusterClient;
}

async function reportOf(
  request: PlanRequest,
  { state, plan, hash, conditions, rendering: known, client, pulls }: Planned,
): Promise<Omit<PlanReport, "format" | "stack" | "release" | "basis">> {
  const { config, secrets } = request.settings;
  const outcome = outcomeOf(plan);
  if (plan.kind === "refused") {
    // What the API server will not take is seen best beside what changes.
    const changes = (known?.kind === "compared" && known.comparison?.changes) || [];
    const isSeen = known && request.withManifests && changes.some(({ refused }) => refused.length > 0);
    return { outcome, refusal: plan, ...(isSeen && { manifests: manifestReport(known) }) };
  }

  const mask = maskOf([...secrets, ...knownSecrets(plan, state.release)]);
  // Whoever mirrors images wants to know of each that is not.
  const withImages = request.withImages || config.wanted.imageRegistry !== undefined;
  const rendering =
    request.withManifests || withImages
      ? (known ??
        (await renderPlan({
          ...config,
          ...config.wanted,
          plan,
          state,
          hidden: secrets,
          showsChanges: true,
          ...(client && { client }),
        })))
      : undefined;
  const { promotion, window } = conditions ?? {};
  const lines = [...(promotion?.lines ?? []), ...(window?.lines ?? [])];
  return {
    outcome: promotion?.refusal ? "refused" : outcome,
    ...(promotion?.refusal && { refusal: promotion.refusal }),
    ...(window?.refusal && { notNow: window.refusal }),
    plan: {
      ...partOf(plan, mask),
      verification: verificationLines(config, plan, state).map((line) => mask.text(line)),
      ...approvalOf(hash, config),
      ...(lines.length > 0 && { conditions: lines }),
      ...(pulls && { pulls: describePulls(pulls) }),
    },
    ...(rendering && request.withManifests && { manifests: manifestReport(rendering) }),
    ...(rendering && withImages && { images: imageList(rendering, plan, config) }),
  };
}

function verificationLines({ verification, wanted }: Config, plan: UpgradePlan, state: ClusterState): string[] {
  return describeVerification(verification, plan, openVerification(plan, state), wanted.namespace);
}

function knownSecrets(plan: UpgradePlan, release: HelmRelease | undefined): string[] {
  return [...secretTexts(plan.values), ...secretTexts(release?.userValues ?? {})];
}

function approvalOf(
  hash: string | undefined,
  { approvedPlan }: Config,
): Pick<PlanPart, "hash" | "hashParts" | "approval"> {
  return hash === undefined
    ? { approval: [] }
    : { hash, hashParts: approvalParts(hash), approval: approvalLines(approvedPlan, hash) };
}

function partOf(plan: UpgradePlan, mask: Mask): Omit<PlanPart, "approval" | "verification"> {
  const { kind, from, to, chart, reason, interruption, reversibility, warnings, migration } = plan;
  return {
    kind,
    title: planTitle(plan),
    ...(from !== undefined && { from }),
    to,
    chart,
    reason,
    steps: stepReports(plan),
    ...(plan.expected && plan.kind !== "nothing" && { expected: describeExpected(plan.expected) }),
    expectedSeconds: plan.expected?.seconds ?? 0,
    ...(plan.expected?.savedSeconds !== undefined && { savedSeconds: plan.expected.savedSeconds }),
    interruption,
    reversibility,
    // A value that was moved from one key to another may be a password.
    added: plan.added.map(({ value, ...added }) => ({ ...added, shown: mask.show("", added.path.split("."), value) })),
    warnings,
    ...(migration && { attempt: attemptName(migration.attempt), backupClaim: migration.claimName }),
  };
}

function manifestReport(rendering: Rendering): ManifestReport {
  if (rendering.kind !== "compared") return { compared: false, why: rendering.why };
  const { comparison } = rendering;
  if (comparison === undefined) {
    return { compared: false, why: "the Helm release is in the cluster, which was not asked" };
  }
  const { revision, changes, dryRun } = comparison;
  const { common, own } = splitCommon(changes);
  return { compared: true, ...(revision !== undefined && { revision }), common, objects: own, dryRun };
}

function imageList(rendering: Rendering, plan: UpgradePlan, { settings, wanted }: Config): ImageReport {
  const isRendered = rendering.kind === "compared";
  const found = new Map<string, readonly string[]>(isRendered ? imagesOf(rendering.objects) : []);
  for (const [image, users] of jobImages(plan, settings)) found.set(image, [...(found.get(image) ?? []), ...users]);
  const prefix = wanted.imageRegistry;
  return {
    list: [...found].map(([image, users]) => ({ image, users })).sort((a, b) => a.image.localeCompare(b.image)),
    outside: prefix === undefined ? [] : [...found.keys()].filter((image) => !image.startsWith(`${prefix}/`)).sort(),
    ...(!isRendered && { incomplete: rendering.why }),
  };
}
