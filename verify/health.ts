import type { PodReport } from "../cluster/state/podHealth";
import { isMilvusComponent } from "../upgrade/milvusComponents";
import type { ClusterState } from "../upgrade/model";
import { parseImage } from "../upgrade/versions/images";

export interface WantedHealth {
  /** Milvus version, without `v`. */
  readonly version: string;
  /** Seconds that every pod has to be ready without a restart. */
  readonly settle: number;
  /** ISO 8601, by the clock of whoever asks. */
  readonly now: string;
}

/** Everything that is not as it should be, one sentence each; empty when all is well. Most of it may pass by itself. */
export function healthProblems(
  { release, components }: ClusterState,
  pods: readonly PodReport[],
  wanted: WantedHealth,
): string[] {
  const milvus = components.filter(({ component }) => isMilvusComponent(component));
  const names = new Set(milvus.filter(({ replicas }) => replicas !== 0).map(({ name }) => name));
  return [
    ...(release === undefined ? ["There is no Helm release."] : []),
    ...(release !== undefined && release.status !== "deployed"
      ? [`The Helm record of ${release.name} (revision ${release.revision}) is ${release.status}, not deployed.`]
      : []),
    ...(names.size === 0 ? ["No component of Milvus runs."] : []),
    ...milvus.flatMap(({ name, image, paused, rolledOut, readyReplicas, replicas }) => [
      ...versionProblem(`The Deployment ${name}`, image, wanted.version),
      ...(paused ? [`The Deployment ${name} is paused.`] : []),
      ...(rolledOut || paused
        ? []
        : [`The Deployment ${name} is not rolled out: ${readyReplicas} of ${replicas} replicas are ready.`]),
    ]),
    ...pods.filter(({ deployment }) => names.has(deployment)).flatMap((pod) => podProblems(pod, wanted)),
  ];
}

function podProblems(pod: PodReport, wanted: WantedHealth): string[] {
  const { name, image, ready, restarts, readyAt, startedAt, waiting } = pod;
  const version = versionProblem(`The pod ${name}`, image, wanted.version);
  const often = restarts > 0 ? `, ${restarts} restarts` : "";
  if (!ready)
    return [...version, `The pod ${name} is not ready${waiting === undefined ? "" : ` (${waiting})`}${often}.`];
  // A clock that is behind the cluster's must not make a pod wait for ever: what is in the future counts as now.
  const since = Math.max(0, ...[readyAt, startedAt].flatMap((time) => (time === undefined ? [] : [Date.parse(time)])));
  const settled = (Date.parse(wanted.now) - since) / 1000;
  return settled >= wanted.settle
    ? version
    : [...version, `The pod ${name} is ready for ${Math.max(0, Math.floor(settled))} s of ${wanted.settle} s${often}.`];
}

/** An image whose tag names no version says nothing, and is not guessed about. */
function versionProblem(what: string, image: string, wanted: string): string[] {
  const { version } = parseImage(image);
  return version === undefined || version === wanted ? [] : [`${what} runs Milvus ${version}, not ${wanted}.`];
}

/** True when the service says the version that was asked for, in its own manner (`v2.3.5-lite`), or says none. */
export function saysVersion(said: string, wanted: string): boolean {
  const numbers = (text: string) => /(?:^|[^\d.])(\d+\.\d+\.\d+)/.exec(text)?.[1];
  const heard = numbers(said);
  return heard === undefined || heard === numbers(wanted);
}
