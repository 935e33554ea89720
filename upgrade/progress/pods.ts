import type { Step } from "../model";
import { parseImage } from "../versions/images";
import { jobLine } from "./jobs";
import type { Seen, SeenPod, SeenWorkload } from "./seen";
import { groupedBy, MOST_NAMED, rough, startingText } from "./starting";

/** `2 of 8 pods are ending: querynode 2 (28 min of 30 left)`. */
export function endingLine({ deployments }: Extract<Step, { kind: "stop" }>, seen: Seen, withClock: boolean): string {
  const names = new Set(deployments.map(({ name }) => name));
  const left = seen.pods.filter(({ deployment }) => deployment !== undefined && names.has(deployment));
  if (left.length === 0) return jobLine(seen);
  const byComponent = groupedBy(left, ({ component }) => component);
  const parts = [...byComponent].map(
    ([component, pods]) => `${component} ${pods.length}${withClock ? timeLeft(pods, seen.at) : ""}`,
  );
  return `${count(left.length, "pod")} still there: ${parts.toSorted().join(", ")}`;
}

/** `5 of 8 Deployments are ready; querynode 1 of 3 pods, 2 pull milvusdb/milvus:v2.5.16 on node-1; etcd 2 of 3 pods`. */
export function releaseLine({ workloads, pods }: Seen): string {
  const open = workloads.filter(({ done }) => !done);
  if (workloads.length === 0) return "no Deployment is there yet";
  if (open.length === 0) return `all ${workloads.length} workloads are ready`;
  const parts = open.map((workload) => {
    const own = pods.filter((pod) => isOf(pod, workload) && pod.stage !== "ready" && pod.stage !== "ends");
    const starting = own.length === 0 ? "" : ` (${startingText(own)})`;
    return `${workload.label} ${workload.ready} of ${workload.replicas}${starting}`;
  });
  const more = parts.length - MOST_NAMED;
  return `${workloads.length - open.length} of ${workloads.length} workloads are ready; ${parts.slice(0, MOST_NAMED).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}

/** `querynode: 3 of 8 pods at 2.5.16, 1 old one ending (28 min of 30 left)`. */
export function rolloutLine(
  { component, deployment, oldPods }: Extract<Step, { kind: "resume" }>,
  seen: Seen,
  withClock: boolean,
): string {
  const { job, workloads, pods, at } = seen;
  if (job?.command?.endsWith("dependencies") === true) {
    const open = workloads.filter(({ isMilvus, done }) => !isMilvus && !done);
    const parts = open.map(({ label, ready, replicas }) => `${label} ${ready} of ${replicas}`);
    return `waits for the dependencies${parts.length === 0 ? "" : `: ${parts.join(", ")} ready`}`;
  }
  const workload = workloads.find(({ name }) => name === deployment);
  if (workload === undefined) return jobLine(seen);
  const own = pods.filter((pod) => pod.deployment === deployment);
  const isNew = ({ template, image, stage }: SeenPod) =>
    stage !== "ends" && image === workload.image && oldPods?.hashes.includes(template) !== true;
  const fresh = own.filter(isNew);
  const old = own.filter((pod) => !isNew(pod));
  const ending = old.filter(({ stage }) => stage === "ends");
  const starting = fresh.filter(({ stage }) => stage !== "ready");
  const version = parseImage(workload.image).version;
  const all = `${fresh.length - starting.length} of ${count(workload.replicas, "pod")}`;
  return [
    `${component}: ${all} ${version === undefined ? "of the new template ready" : `at ${version}`}`,
    ...(starting.length > 0 ? [startingText(starting)] : []),
    ...(old.length > ending.length ? [`${old.length - ending.length} old still at work`] : []),
    ...(ending.length > 0 ? [`${ending.length} old ending${withClock ? timeLeft(ending, at) : ""}`] : []),
  ].join(", ");
}

/** Of the one that takes longest. */
function timeLeft(pods: readonly SeenPod[], at: number): string {
  const ends = pods.flatMap(({ endsAt, graceSeconds }) =>
    endsAt === undefined ? [] : [{ left: (Date.parse(endsAt) - at) / 1000, grace: graceSeconds ?? 0 }],
  );
  const last = ends.toSorted((a, b) => b.left - a.left)[0];
  if (last === undefined) return "";
  if (last.left <= 0) return ` (its grace period of ${rough(last.grace)} is over)`;
  return ` (${rough(last.left)} of ${rough(last.grace)} left)`;
}

function isOf(pod: SeenPod, { name, isMilvus }: SeenWorkload): boolean {
  if (isMilvus) return pod.deployment === name;
  return pod.name.startsWith(`${name}-`) && /^\d+$/.test(pod.name.slice(name.length + 1));
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}
