import { existsSync } from "node:fs";
import { resolve } from "node:path";
import type { V1Deployment, V1PersistentVolumeClaim, V1StatefulSet, V1StorageClass } from "@kubernetes/client-node";
import type { ClusterState, UpgradePlan, Wanted } from "../upgrade/model";
import type { PreflightLevels } from "../upgrade/preflight/checks";
import type {
  Dependency,
  DependencyRole,
  Permission,
  PodFacts,
  PreflightFacts,
  RenderFacts,
} from "../upgrade/preflight/facts";
import { type Findings, NO_FINDINGS } from "../upgrade/preflight/findings";
import { type GrantedRule, isGranted } from "../upgrade/preflight/grants";
import { judgePreflight, preflightQuestions } from "../upgrade/preflight/judge";
import type { VerificationNeeds } from "../upgrade/preflight/permissions";
import { type JobPodSettings, rehearsedPod } from "../upgrade/steps/jobPod";
import type { ClusterClient } from "./api/client";
import { apiVersions, readServedApis } from "./api/discovery";
import { verdictOf } from "./api/rehearsal";
import { ClusterError, hasCode } from "./errors";
import { listedManifest } from "./helm/manifest";
import type { Json } from "./json";
import type { ReleaseAddress } from "./releaseAddress";
import { readEtcdSecret } from "./state/etcdSecret";
import { readSettingsInEtcd } from "./state/settingsInEtcd";
import { DEFAULT_NAME_LABEL } from "./state/workloads";

/** The parts of the config that matter here. */
export interface PreflightOptions {
  readonly preflight: PreflightLevels;
  readonly settings: JobPodSettings & { readonly backup: { readonly storageClass?: string } };
  readonly verification?: VerificationNeeds;
  /** What came of rendering the chart, while it is still being rendered. Default: it was not. */
  readonly rendered?: Promise<RenderFacts | undefined>;
}

/**
 * What stands in the way of the plan, and what is to be said of it. Reads only what this plan needs, and writes nothing;
 * what may not be read becomes a note.
 *
 * @throws ClusterError when the API server does not answer
 */
export async function preflight(
  client: ClusterClient,
  { releaseName, namespace, messageQueue }: ReleaseAddress & Pick<Wanted, "messageQueue">,
  plan: UpgradePlan,
  state: ClusterState,
  { preflight: levels, settings, verification, rendered }: PreflightOptions,
): Promise<Findings> {
  const reader = new Reader(client, namespace);
  // The manifest tells which permissions are needed; all else can be read meanwhile.
  const kinds = reader.recordedKinds(releaseName, plan, state);
  const questionsFor = (recorded: readonly string[] = []) =>
    preflightQuestions(plan, state, namespace, recorded, verification);
  const questions = questionsFor();
  if (questions === undefined) return NO_FINDINGS;
  const denied = async () => {
    const asked = questionsFor(await kinds);
    return levels.permissions === "off" || asked === undefined ? undefined : reader.denied(asked.permissions);
  };
  const isRecorded = state.release !== undefined;
  const [
    recordedKinds,
    notAllowed,
    servedKinds,
    storageClasses,
    dependencies,
    claims,
    otherReleases,
    render,
    jobPod,
    settingsInEtcd,
    etcdSecret,
  ] = await Promise.all([
    kinds,
    denied(),
    isRecorded ? reader.optional("the served APIs", async () => apiVersions(await readServedApis(client))) : undefined,
    questions.storageClasses ? reader.storageClasses() : undefined,
    reader.dependencies(releaseName, state),
    reader.claims(releaseName),
    plan.kind === "install" ? reader.otherReleases(releaseName) : undefined,
    rendered,
    questions.jobPod && levels.jobPods !== "off"
      ? rehearse(client, namespace, rehearsedPod(settings, state, { releaseName, namespace }))
      : undefined,
    questions.settingsRoot === undefined || levels.queueInEtcd === "off"
      ? undefined
      : readSettingsInEtcd(client, { releaseName, namespace }, plan.values, questions.settingsRoot),
    questions.etcdTls === undefined || levels.etcdCertificates === "off"
      ? undefined
      : readEtcdSecret(client, namespace, questions.etcdTls),
  ]);
  const missingChart = missingChartOf(plan);
  const facts: PreflightFacts = {
    notes: reader.notes,
    ...(notAllowed && { denied: notAllowed }),
    ...(recordedKinds && servedKinds && { servedKinds }),
    ...(recordedKinds && { recordedKinds }),
    ...(storageClasses && { storageClasses }),
    ...(dependencies && { dependencies }),
    ...(claims && { claims }),
    ...(otherReleases && { otherReleases }),
    ...(missingChart !== undefined && { missingChart }),
    // The chart that is missing is named once.
    ...(render && missingChart === undefined && { rendered: render }),
    ...(jobPod && { jobPod }),
    ...(settingsInEtcd && { settingsInEtcd }),
    ...(etcdSecret && { etcdSecret }),
  };
  const backupStorageClass = settings.backup.storageClass;
  const subject = {
    plan,
    state,
    facts,
    namespace,
    releaseName,
    ...(backupStorageClass !== undefined && { backupStorageClass }),
    ...(settings.user !== undefined && { jobUser: settings.user }),
    ...(messageQueue !== undefined && { messageQueue }),
    ...(verification && { verification }),
  };
  return judgePreflight(subject, levels);
}

/** Shown with dryRun=All: nothing is made. */
async function rehearse(client: ClusterClient, namespace: string, pod: object): Promise<PodFacts> {
  const verdict = verdictOf(await client.rehearse({ api: "v1", resource: "pods", namespace }, pod));
  switch (verdict.kind) {
    case "taken":
      return verdict;
    case "refused":
      return {
        kind: "refused",
        why: verdict.reasons.map(({ path, why }) => (path ? `${path}: ${why}` : why)).join("; "),
      };
    case "unknown":
      return verdict;
    default:
      return { kind: "unknown", why: `the API server says that it is ${verdict.kind}` };
  }
}

class Reader {
  readonly notes: string[] = [];

  constructor(
    private readonly client: ClusterClient,
    private readonly namespace: string,
  ) {}

  /** Undefined, with a note, when the server forbids or does not know it. */
  async optional<T>(what: string, read: () => Promise<T>): Promise<T | undefined> {
    try {
      return await read();
    } catch (error) {
      if (error instanceof ClusterError && ["forbidden", "notFound", "badRecord"].includes(error.code)) {
        this.notes.push(`The preflight could not read ${what}, and continues without.`);
        return undefined;
      }
      throw error;
    }
  }

  async denied(permissions: readonly Permission[]): Promise<readonly Permission[] | undefined> {
    return this.optional("what these credentials may do", async () => {
      // An administrator is asked once, and of others only what their rules leave open.
      const everything = { verb: "*", group: "*", resource: "*" };
      const [mayAll, rules] = await Promise.all([this.client.review(everything), this.grants()]);
      if (mayAll) return [];
      const open = permissions.filter((permission) => !isGranted(permission, rules));
      const answers = await Promise.all(open.map((permission) => this.client.review(permission)));
      return open.filter((_, index) => answers[index] !== true);
    });
  }

  /** A short cut only: where it is not open, every permission is asked for. */
  private async grants(): Promise<readonly GrantedRule[]> {
    try {
      return await this.client.grants(this.namespace);
    } catch (error) {
      if (hasCode(error, "forbidden", "notFound")) return [];
      throw error;
    }
  }

  recordedKinds(
    releaseName: string,
    plan: UpgradePlan,
    { release }: ClusterState,
  ): Promise<readonly string[] | undefined> {
    if (release === undefined || plan.kind === "nothing") return Promise.resolve(undefined);
    const { recordName } = release;
    return this.optional("the manifest of the release", async () => {
      const manifest = await listedManifest(this.client, { releaseName, namespace: this.namespace }, recordName);
      return kindsIn(manifest);
    });
  }

  storageClasses() {
    return this.optional("the storage classes", async () => {
      const items = await this.list<Json<V1StorageClass>>("storage.k8s.io/v1", "storageclasses", true);
      return items.map(({ metadata }) => ({
        name: metadata?.name ?? "",
        isDefault: metadata?.annotations?.["storageclass.kubernetes.io/is-default-class"] === "true",
      }));
    });
  }

  dependencies(releaseName: string, { components }: ClusterState): Promise<readonly Dependency[] | undefined> {
    const milvus = new Set(components.map(({ name }) => name));
    return this.optional("the StatefulSets of the release", async () => {
      const [sets, deployments] = await Promise.all([
        this.list<Workload>("apps/v1", "statefulsets"),
        this.list<Workload>("apps/v1", "deployments"),
      ]);
      const all = [
        ...sets.map((workload) => ({ kind: "StatefulSet" as const, workload })),
        ...deployments.map((workload) => ({ kind: "Deployment" as const, workload })),
      ];
      return all
        .filter(({ workload }) => belongsTo(workload, releaseName) && !milvus.has(workload.metadata?.name ?? ""))
        .map(({ kind, workload: { metadata, spec, status } }) => ({
          kind,
          name: metadata?.name ?? "",
          role: roleOf(`${metadata?.name ?? ""} ${Object.values(metadata?.labels ?? {}).join(" ")}`, kind),
          replicas: spec?.replicas ?? 1,
          ready: status?.readyReplicas ?? 0,
        }));
    });
  }

  claims(releaseName: string) {
    return this.optional("the claims of the release", async () => {
      const items = await this.list<Json<V1PersistentVolumeClaim>>("v1", "persistentvolumeclaims");
      return items
        .filter((claim) => belongsTo(claim, releaseName))
        .map(({ metadata, status }) => ({ name: metadata?.name ?? "", phase: status?.phase ?? "Pending" }));
    });
  }

  otherReleases(releaseName: string) {
    return this.optional("the Deployments of the namespace", async () => {
      const deployments = await this.list<Workload>("apps/v1", "deployments");
      const names = deployments
        .filter(({ metadata }) => metadata?.labels?.["app.kubernetes.io/name"] === DEFAULT_NAME_LABEL)
        .flatMap(({ metadata }) => metadata?.labels?.["app.kubernetes.io/instance"] ?? []);
      return [...new Set(names)].filter((name) => name !== releaseName).sort();
    });
  }

  private async list<T>(api: string, resource: string, clusterWide = false): Promise<readonly T[]> {
    const where = clusterWide ? {} : { namespace: this.namespace };
    const { items } = (await this.client.read({ api, resource, ...where })) as { readonly items?: readonly T[] };
    return items ?? [];
  }
}

/** Relative folders count from the working folder, as the provider counts them. */
function missingChartOf({ chart }: UpgradePlan): string | undefined {
  if (chart.kind !== "folder") return undefined;
  const file = resolve(chart.location, "Chart.yaml");
  return existsSync(file) ? undefined : file;
}

type Workload = Json<V1StatefulSet> | Json<V1Deployment>;

/** The subcharts label their objects with the release's name in one of these two ways. */
function belongsTo(
  { metadata }: { readonly metadata?: { readonly labels?: Readonly<Record<string, string>> } },
  releaseName: string,
): boolean {
  const { labels = {} } = metadata ?? {};
  return labels["app.kubernetes.io/instance"] === releaseName || labels.release === releaseName;
}

const ROLES: readonly (readonly [RegExp, DependencyRole])[] = [
  [/\bzookeeper\b/, "zookeeper"],
  [/\betcd\b/, "etcd"],
  [/\bminio\b/, "object storage"],
  [/\b(pulsar|pulsarv\d|kafka|bookie|bookkeeper|broker|woodpecker)\b/, "message queue"],
];

/** By name and labels: `my-release-pulsar-zookeeper`. */
function roleOf(words: string, kind: Dependency["kind"]): DependencyRole {
  return kind === "Deployment" ? "other" : (ROLES.find(([pattern]) => pattern.test(words))?.[1] ?? "other");
}

/** `apps/v1/Deployment` for each kind in it, each once; hooks are not part of a record's manifest. */
function kindsIn(manifest: string): string[] {
  const kinds = manifest.split(/^---[ \t]*$/m).flatMap((document) => {
    const api = /^apiVersion:[ \t]*["']?([^\s"']+)/m.exec(document)?.[1];
    const kind = /^kind:[ \t]*["']?([^\s"']+)/m.exec(document)?.[1];
    return api === undefined || kind === undefined ? [] : [`${api}/${kind}`];
  });
  return [...new Set(kinds)].sort();
}
