import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as k8s from "@pulumi/kubernetes";
import { upgradeLabels } from "../../upgrade/marks";
import { attemptLabels, attemptName, PHASE_ANNOTATION } from "../../upgrade/metadata/attempt";
import { installationAnnotations, installationOf } from "../../upgrade/metadata/installation";
import { secretLine } from "../../upgrade/metadata/metaStore";
import { letGoLine } from "../../upgrade/metadata/migration";
import {
  ATTEMPT_PHASES,
  type AttemptPhase,
  type AttemptState,
  type ClusterState,
  type MigrationPlan,
} from "../../upgrade/model";
import { configLine } from "../../upgrade/refusal";
import { toolLimit } from "../../upgrade/steps/limits";
import { type MetadataStepKind, stepLimit } from "../../upgrade/steps/steps";
import type { EarlierRun } from "../engine/earlierRun";
import type { After, StepContext } from "./context";
import { type Command, declareJob, kubectl } from "./jobs";
import { FORCED } from "./rbac";

const SCRIPT = "metadata.sh";
/** Where the script and the tool find their things; the script is told by its environment. */
const PATHS = { scripts: "/milvus/scripts", data: "/milvus/data", work: "/milvus/work" } as const;
const ETCD_TLS = { name: "etcd-tls", path: "/milvus/etcd-tls" } as const;
const TOOL = "/milvus/bin/meta-migration";
/** Seconds a script that is told to stop gets to put the metadata back. */
const GRACE = 600;

/**
 * The claim that keeps the backup. It is made for the first step that works on the metadata, and is kept in the cluster when it is
 * no longer declared and on `pulumi destroy`: nothing but a person deletes a backup. The phase is set by the Jobs and not
 * declared here, so that Pulumi never sets it back.
 */
export function declareBackupClaim(context: StepContext): k8s.core.v1.PersistentVolumeClaim {
  const { attempt, claimName } = migrationOf(context);
  return declareClaim(context, { id: attempt, claimName }, ["spec"]);
}

/**
 * The claims of earlier attempts, for as long as they are in the cluster: a claim that is no longer declared would read as
 * deleted, which it is not. Nothing of them is changed.
 */
export function declareKeptClaims(context: StepContext): void {
  const declared = context.plan.steps.some(({ kind }) => kind === "backup")
    ? context.plan.migration?.claimName
    : undefined;
  for (const attempt of keptAttempts(context.state, context.earlier)) {
    if (attempt.claimName !== declared) declareClaim(context, attempt, ["spec", "metadata"]);
  }
}

/** Attempts whose claim is in the cluster and in the stack's state, the oldest first. */
export function keptAttempts({ attempts }: ClusterState, { claims }: EarlierRun): AttemptState[] {
  return attempts
    .filter(({ claimName }) => claims.includes(claimName))
    .sort((a, b) => a.createdAt.localeCompare(b.createdAt));
}

function declareClaim(
  context: StepContext,
  { id, claimName }: Pick<AttemptState, "id" | "claimName">,
  ignoreChanges: string[],
): k8s.core.v1.PersistentVolumeClaim {
  const { size, storageClass } = context.settings.backup;
  const name = backupName(context, claimName);
  return new k8s.core.v1.PersistentVolumeClaim(
    name,
    {
      metadata: {
        name: claimName,
        namespace: context.namespace,
        labels: {
          ...upgradeLabels(context.releaseName),
          ...attemptLabels(context.releaseName, id),
        },
        // A class that binds on first use binds only when the backup's pod is there.
        annotations: { ...installationAnnotations(installationOf(context.state)), "pulumi.com/skipAwait": "true" },
      },
      spec: {
        accessModes: ["ReadWriteOnce"],
        resources: { requests: { storage: size } },
        ...(storageClass !== undefined && { storageClassName: storageClass }),
      },
    },
    {
      ...context.options,
      aliases: context.earlier.urnsOf("kubernetes:core/v1:PersistentVolumeClaim", name, claimName),
      retainOnDelete: true,
      ignoreChanges,
    },
  );
}

/** `milvus-backup-2.1.4-to-2.2.9-r7`. */
function backupName({ name, releaseName }: StepContext, claimName: string): string {
  return `${name}-backup-${claimName.replace(`${releaseName}-meta-`, "")}`;
}

/** The script that the metadata Jobs run. */
export function declareScript(context: StepContext): k8s.core.v1.ConfigMap {
  const { claimName } = migrationOf(context);
  const data = { [SCRIPT]: readFileSync(join(__dirname, "..", "scripts", SCRIPT), "utf8") };
  const name = `${context.name}-meta-script`;
  return new k8s.core.v1.ConfigMap(
    name,
    {
      metadata: {
        name: scriptName(claimName),
        namespace: context.namespace,
        labels: upgradeLabels(context.releaseName),
        annotations: FORCED,
      },
      data,
    },
    {
      ...context.options,
      aliases: context.earlier.urnsOf("kubernetes:core/v1:ConfigMap", name, `${context.releaseName}-meta-script`),
      deleteBeforeReplace: true,
    },
  );
}

/**
 * One step of the migration. Two of them never work side by side: the lock keeps other runs off, a run waits at its start for
 * the Jobs that a dead one has left at work, and the script takes its turn on the volume.
 */
export function declareMetadataJob(context: StepContext, step: MetadataStepKind, after: After): k8s.batch.v1.Job {
  const { claimName, store } = migrationOf(context);
  const { timeouts } = context.settings;
  const verb = step === "restore" && context.plan.kind === "rollback" ? "rollback" : step;
  const job = {
    step: verb,
    nameBase: claimName,
    commands: commandsOf(context, step, runScript(context, verb, toolLimit(step, timeouts))),
    volumes: [
      { name: "scripts", configMap: { name: scriptName(claimName), defaultMode: 0o555 } },
      { name: "data", persistentVolumeClaim: { claimName } },
      { name: "work", emptyDir: { sizeLimit: scratchSize(context.settings.backup.size) } },
      ...(store.tls ? [{ name: ETCD_TLS.name, secret: { secretName: store.tls.secret } }] : []),
    ],
    limit: stepLimit({ kind: step }, timeouts, true),
    grace: GRACE,
  };
  return declareJob(context, job, after);
}

/**
 * How much the script's scratch space may hold: one that is full ends the pod, also in the middle of a migration, and nothing is
 * set aside for the limit. In it are four listings of the metadata at most, and where the claim has no room a copy of it. The claim
 * has a copy and a listing, which is as long as the copy where all values are empty: five of them are less than three claims.
 *
 * @param claimSize Kubernetes quantity
 */
export function scratchSize(claimSize: string): string {
  const [, number = "", unit = ""] = /^\+?([\d.]+)(.*)$/.exec(claimSize) ?? [];
  // Tenths are no whole numbers in binary: 0.3, not 0.30000000000000004.
  return `${Number((3 * Number(number)).toPrecision(12))}${unit}`;
}

/** The script, between the commands that record on the claim how far the attempt has come. */
function commandsOf(context: StepContext, step: MetadataStepKind, script: Command): Command[] {
  switch (step) {
    case "probe":
      return [script];
    case "backup":
      return hasPassed(context, "backedUp") ? [script] : [script, setPhase(context, "backedUp")];
    case "migrate":
      return [setPhase(context, "migrating"), script, setPhase(context, "migrated")];
    case "restore":
      return [...leaveMigrated(context), script, setPhase(context, "restored")];
  }
}

/** From the begin of a rollback until its end neither version may be started on the metadata. */
function leaveMigrated(context: StepContext): Command[] {
  return phaseOf(context) === "migrated" ? [setPhase(context, "restoring")] : [];
}

/** A backup that is looked at again must not make the attempt look as if nothing had been migrated. */
function hasPassed(context: StepContext, phase: AttemptPhase): boolean {
  const found = phaseOf(context);
  return found !== undefined && ATTEMPT_PHASES.indexOf(found) > ATTEMPT_PHASES.indexOf(phase);
}

/** As it was when the plan was made. */
function phaseOf({ state, plan }: StepContext): AttemptPhase | undefined {
  return state.attempts.find(({ claimName }) => claimName === plan.migration?.claimName)?.phase;
}

function runScript(context: StepContext, verb: MetadataStepKind | "rollback", toolTimeout: number): Command {
  const {
    attempt,
    claimName,
    sourceVersion,
    targetVersion,
    store,
    installation = "",
    overwrite = false,
  } = migrationOf(context);
  const { words = (text: string) => text } = context;
  return {
    name: verb,
    image: context.settings.metaMigrationImage,
    command: ["/bin/sh", `${PATHS.scripts}/${SCRIPT}`, verb],
    env: {
      META_MIGRATION: TOOL,
      DATA_DIR: PATHS.data,
      WORK_DIR: PATHS.work,
      ATTEMPT: attemptName(attempt),
      INSTALLATION: installation,
      OVERWRITE: overwrite ? "yes" : "no",
      HINT_OVERWRITE: words(`${configLine("overwriteMetadata", claimName)}, then pulumi up`),
      HINT_NEW_ATTEMPT: `forget this attempt (${letGoLine(context.namespace, claimName)}), then pulumi up, which takes a new backup`,
      HINT_ROLLBACK: words(`${configLine("rollback", "true")}, then pulumi up`),
      SOURCE_VERSION: sourceVersion,
      TARGET_VERSION: targetVersion,
      ETCD_ENDPOINTS: store.endpoints.join(","),
      ETCD_ROOT_PATH: store.rootPath,
      ETCD_META_SUB_PATH: store.metaSubPath,
      ETCD_KV_SUB_PATH: store.kvSubPath,
      SESSION_TIMEOUT: String(context.settings.timeouts.sessions),
      TOOL_TIMEOUT: String(toolTimeout),
      TERMINATION_LOG: "/dev/termination-log",
      ...tlsEnvironment(context),
    },
    mounts: [
      ...Object.entries(PATHS).map(([name, mountPath]) => ({ name, mountPath })),
      ...(store.tls ? [{ name: ETCD_TLS.name, mountPath: ETCD_TLS.path, readOnly: true }] : []),
    ],
  };
}

/** Where etcd speaks TLS, the script is told the files; and in any case what a person types where etcd's TLS is refused. */
function tlsEnvironment(context: StepContext): Readonly<Record<string, string>> {
  const { store } = migrationOf(context);
  const { namespace, words = (text: string) => text } = context;
  if (store.tls === undefined) {
    return { HINT_ETCD_TLS: words("pulumi config set --path milvus:etcdTls.secret NAME, then pulumi up") };
  }
  const { caFile, certificateFile, keyFile, minVersion } = store.tls;
  const file = (name: string) => `${ETCD_TLS.path}/${name}`;
  return {
    ETCD_TLS_CA: file(caFile),
    ETCD_TLS_CERT: file(certificateFile),
    ETCD_TLS_KEY: file(keyFile),
    ...(minVersion !== undefined && { ETCD_TLS_MIN_VERSION: minVersion }),
    HINT_ETCD_TLS: `put the files that Milvus itself uses into the Secret (${secretLine(namespace, store.tls)}), then pulumi up`,
    HINT_ETCD_PLAIN: words("pulumi config rm milvus:etcdTls"),
    HINT_ETCD_MIN_VERSION: words("pulumi config set --path milvus:etcdTls.minVersion 1.2"),
  };
}

function setPhase(context: StepContext, phase: AttemptPhase): Command {
  const claim = `persistentvolumeclaim/${migrationOf(context).claimName}`;
  return kubectl(
    context,
    `record-${phase.toLowerCase()}`,
    "annotate",
    "--overwrite",
    claim,
    `${PHASE_ANNOTATION}=${phase}`,
  );
}

function scriptName(claimName: string): string {
  return `${claimName}-script`;
}

function migrationOf({ plan }: StepContext): MigrationPlan {
  if (plan.migration === undefined) {
    throw new Error(
      `The plan (${plan.kind}) has a step on the metadata, but names no attempt. This is a bug: please report it.`,
    );
  }
  return plan.migration;
}
