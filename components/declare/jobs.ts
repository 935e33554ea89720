import * as k8s from "@pulumi/kubernetes";
import { upgradeServiceAccount } from "../../upgrade/marks";
import { jobName, shortRun } from "../../upgrade/steps/jobNames";
import { CONTAINER_SECURITY, jobAnnotations, jobLabels, jobResources, podSecurity } from "../../upgrade/steps/jobPod";
import type { After, StepContext, UpgradeSettings } from "./context";

/** One command of a Job: a container. */
export interface Command {
  /** RFC 1123 label; different for each command of a Job, so that a failure names the command. */
  readonly name: string;
  readonly image: string;
  /** Default: the image's entrypoint. */
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly mounts?: readonly k8s.types.input.core.v1.VolumeMount[];
  /** It calls the API server. Only such a container gets the token of the upgrade's ServiceAccount. */
  readonly needsApi?: boolean;
}

export interface UpgradeJob {
  /** What it does, e.g. `resume-proxy`; with the component's name before it, the name in Pulumi's display. */
  readonly step: string;
  /** What its name in Kubernetes begins with: the release's, or that of the attempt's claim. */
  readonly nameBase: string;
  /** Run one after the other in one pod; the first that fails ends the Job. */
  readonly commands: readonly Command[];
  readonly volumes?: readonly k8s.types.input.core.v1.Volume[];
  /** Seconds for all commands together. */
  readonly limit: number;
  /** Seconds between the request to stop and the kill. Default 30. */
  readonly grace?: number;
}

/** Seconds after which Pulumi stops waiting for a Job whose end Kubernetes does not report. */
const REPORT_LIMIT = 120;
/** Where a client inside a pod looks for the API server's certificate and for its own token. */
const API_ACCESS_PATH = "/var/run/secrets/kubernetes.io/serviceaccount";
/**
 * What the API server would mount into every container if it were not told otherwise. The token may stop Milvus and
 * delete a Helm record, and the image of the migration tool is somebody else's.
 */
const API_ACCESS = {
  name: "api-access",
  projected: {
    sources: [
      // Renewed by the kubelet before it is over, and read again by kubectl: a wait may take longer.
      { serviceAccountToken: { path: "token", expirationSeconds: 3600 } },
      { configMap: { name: "kube-root-ca.crt", items: [{ key: "ca.crt", path: "ca.crt" }] } },
      {
        downwardAPI: {
          items: [{ path: "namespace", fieldRef: { apiVersion: "v1", fieldPath: "metadata.namespace" } }],
        },
      },
    ],
  },
};
/**
 * The root file system cannot be written to; this can. kubectl keeps what it knows of the API there, and the migration tool
 * the number of its session.
 */
const SCRATCH = { name: "tmp", path: "/tmp", size: "64Mi" };
/**
 * A Job that runs its commands once. It never retries by itself: the next `pulumi up` replaces it, after the plan has
 * been made again from what is there then. A step that is in the plan is to be done now, so a Job that succeeded in an
 * earlier run counts for nothing, whether the state knows it or not: each run's Jobs have names of their own. Its pod passes
 * the Pod Security standard "restricted".
 */
export function declareJob(context: StepContext, job: UpgradeJob, after: After): k8s.batch.v1.Job {
  const { settings } = context;
  const labels = jobLabels(settings, context.releaseName, job.step);
  const annotations = { "pulumi.com/replaceUnready": "true" };
  const name = `${context.name}-${job.step}`;
  return new k8s.batch.v1.Job(
    name,
    {
      metadata: { name: nameOf(context, job), namespace: context.namespace, labels, annotations, ...owner(context) },
      spec: {
        backoffLimit: 0,
        activeDeadlineSeconds: settings.timeouts.start + job.limit,
        template: {
          metadata: { labels, annotations: jobAnnotations(settings) },
          spec: podSpec(context, job),
        },
      },
    },
    {
      ...context.options,
      aliases: context.earlier.urnsOf("kubernetes:batch/v1:Job", name, `${context.releaseName}-${job.step}`),
      dependsOn: context.gate.open(after),
      deleteBeforeReplace: true,
      replacementTrigger: context.run,
      customTimeouts: { create: `${settings.timeouts.start + job.limit + REPORT_LIMIT}s`, delete: "5m" },
    },
  );
}

/**
 * The run after an upgrade deletes the Jobs that the state knows. A Job of a run that was killed may be in no state:
 * Kubernetes collects it once its owner is deleted.
 */
function owner({ access }: StepContext): Pick<k8s.types.input.meta.v1.ObjectMeta, "ownerReferences"> {
  if (access === undefined) {
    return {};
  }
  const ownerReferences = access.account.metadata.apply(({ name, uid }) =>
    // A preview that may not rehearse the account has no uid for it, and the API server takes none without.
    uid ? [{ apiVersion: "v1", kind: "ServiceAccount", name, uid }] : [],
  );
  return { ownerReferences };
}

function nameOf({ run }: StepContext, { nameBase, step }: UpgradeJob): string {
  return jobName(nameBase, `${step}-${shortRun(run)}`);
}

/** A Job of kubectl commands. */
export function declareKubectlJob(
  context: StepContext,
  job: Omit<UpgradeJob, "nameBase">,
  after: After,
): k8s.batch.v1.Job {
  return declareJob(context, { ...job, nameBase: context.releaseName }, after);
}

/** kubectl with these arguments, in the release's namespace. */
export function kubectl(context: StepContext, name: string, ...args: string[]): Command {
  const image = context.settings.kubectlImage;
  return { name, image, args: [...args, `--namespace=${context.namespace}`], needsApi: true };
}

/** Evicted pods, and those that were shut down with their node, lie about until somebody deletes them. */
const NOT_ENDED = "status.phase!=Failed,status.phase!=Succeeded";

/**
 * Waits until these pods are gone; that there is none is fine.
 * @param limit seconds
 */
export function awaitPodsGone(context: StepContext, name: string, selector: string, limit: number): Command {
  return kubectl(
    context,
    name,
    ...["wait", "--for=delete", "pod", `--selector=${selector}`, `--field-selector=${NOT_ENDED}`],
    `--timeout=${limit}s`,
  );
}

/** The labels that the chart's Deployments select their pods by; it takes the name from the value nameOverride. */
export function podSelector({ releaseName, state }: StepContext, components: readonly string[]): string {
  const override = state.release?.userValues.nameOverride;
  const name = typeof override === "string" && override !== "" ? override : "milvus";
  return `app.kubernetes.io/instance=${releaseName},app.kubernetes.io/name=${name},component in (${components.toSorted().join(",")})`;
}

function podSpec({ settings, releaseName, state }: StepContext, job: UpgradeJob): k8s.types.input.core.v1.PodSpec {
  const containers = job.commands.map((command) => container(command, settings));
  return {
    restartPolicy: "Never",
    ...(job.grace !== undefined && { terminationGracePeriodSeconds: job.grace }),
    serviceAccountName: upgradeServiceAccount(releaseName),
    automountServiceAccountToken: false,
    securityContext: podSecurity(settings.user, state),
    imagePullSecrets: settings.imagePullSecrets.map((name) => ({ name })),
    nodeSelector: settings.nodeSelector,
    tolerations: [...settings.tolerations],
    initContainers: containers.slice(0, -1),
    containers: containers.slice(-1),
    volumes: [
      ...(job.volumes ?? []),
      { name: SCRATCH.name, emptyDir: { sizeLimit: SCRATCH.size } },
      ...(job.commands.some(({ needsApi }) => needsApi) ? [API_ACCESS] : []),
    ],
  };
}

function container(command: Command, settings: UpgradeSettings): k8s.types.input.core.v1.Container {
  return {
    name: command.name,
    image: command.image,
    ...(command.command && { command: [...command.command] }),
    ...(command.args && { args: [...command.args] }),
    env: Object.entries({ HOME: SCRATCH.path, ...command.env }).map(([name, value]) => ({ name, value })),
    volumeMounts: [
      ...(command.mounts ?? []),
      { name: SCRATCH.name, mountPath: SCRATCH.path },
      ...(command.needsApi ? [{ name: API_ACCESS.name, mountPath: API_ACCESS_PATH, readOnly: true }] : []),
    ],
    resources: jobResources(settings),
    securityContext: CONTAINER_SECURITY,
    terminationMessagePolicy: "FallbackToLogsOnError",
  };
}
