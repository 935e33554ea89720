import { setTimeout as sleep } from "node:timers/promises";
import { type ApiServer, isStatus } from "../podRunner/apiServer";
import { at, isObject, type Json, type Properties, text } from "./values";

export interface Waiting {
  readonly timeoutSeconds: number;
  /** Annotation pulumi.com/skipAwait. */
  readonly skip: boolean;
  readonly signal: AbortSignal;
  readonly onStatus: (message: string) => void;
}

/** The object is there but did not get ready. */
export class NotReady extends Error {
  constructor(
    message: string,
    readonly live: Properties,
    readonly reasons: readonly string[],
  ) {
    super(message);
    this.name = "NotReady";
  }
}

type Verdict =
  | { readonly kind: "ready" }
  | { readonly kind: "waiting"; readonly status: string }
  | { readonly kind: "failed"; readonly reasons: readonly string[] };

const POLL_MS = 300;

/** Waits until a kind that has a notion of readiness is ready, and gives the live object. */
export async function awaitReady(
  api: ApiServer,
  path: string,
  created: Properties,
  waiting: Waiting & { readonly isNew: boolean },
): Promise<Properties> {
  const judge = waiting.skip ? undefined : await judgeFor(api, created, waiting.isNew);
  if (!judge) {
    return created;
  }
  const name = text(at(created, "metadata", "name")) ?? "";
  const deadline = Date.now() + waiting.timeoutSeconds * 1000;
  let live = created;
  for (;;) {
    const verdict = judge(live);
    if (verdict.kind === "ready") {
      return live;
    }
    if (verdict.kind === "failed") {
      throw new NotReady(`Resource '${name}' was created but failed to initialize`, live, verdict.reasons);
    }
    waiting.onStatus(verdict.status);
    if (waiting.signal.aborted) {
      throw new NotReady(`Resource operation was cancelled for "${name}"`, live, [verdict.status]);
    }
    if (Date.now() > deadline) {
      throw new NotReady(`'${name}' timed out waiting to be Ready`, live, [verdict.status]);
    }
    await sleep(POLL_MS);
    live = await look(api, path, live, name);
  }
}

/** Waits until the object is gone. */
export async function awaitDeleted(api: ApiServer, path: string, id: string, waiting: Waiting): Promise<void> {
  const deadline = Date.now() + waiting.timeoutSeconds * 1000;
  while (!waiting.skip) {
    try {
      const live = await api.call<Properties>("GET", path);
      const finalizers = at(live, "metadata", "finalizers");
      waiting.onStatus(`waiting for deletion; finalizers: ${JSON.stringify(finalizers ?? [])}`);
    } catch (error) {
      if (isStatus(error, 404)) {
        return;
      }
    }
    if (waiting.signal.aborted || Date.now() > deadline) {
      throw new Error(
        waiting.signal.aborted ? `deletion of ${id} was cancelled` : `'${id}' timed out waiting to be deleted`,
      );
    }
    await sleep(POLL_MS);
  }
}

/** A server that is away for a moment is waited for, as by an informer; an object that went away is not. */
async function look(api: ApiServer, path: string, last: Properties, name: string): Promise<Properties> {
  try {
    return await api.call<Properties>("GET", path);
  } catch (error) {
    if (isStatus(error, 404)) {
      throw new NotReady(`Resource '${name}' was created but failed to initialize`, last, [
        `${name} was deleted while it was waited for`,
      ]);
    }
    return last;
  }
}

async function judgeFor(
  api: ApiServer,
  created: Properties,
  isNew: boolean,
): Promise<((live: Properties) => Verdict) | undefined> {
  switch (created.kind) {
    case "Job":
      return judgeJob;
    case "Deployment":
      return judgeDeployment;
    case "PersistentVolumeClaim": {
      const waitsForPod = isNew && (await bindsOnFirstUse(api, created));
      return (live) =>
        at(live, "status", "phase") === "Bound" || waitsForPod
          ? { kind: "ready" }
          : { kind: "waiting", status: "waiting for the claim to be bound" };
    }
    default:
      return undefined;
  }
}

export function jobIsComplete(job: Properties): boolean {
  return condition(job, "Complete") !== undefined && condition(job, "Failed") === undefined;
}

/** Ends early only on these two reasons, as the official provider does. */
const FATAL = ["BackoffLimitExceeded", "DeadlineExceeded"];

export function judgeJob(job: Properties): Verdict {
  const failed = condition(job, "Failed");
  const reason = text(failed?.reason) ?? "";
  if (failed && FATAL.includes(reason)) {
    return { kind: "failed", reasons: [`[${reason}] ${text(failed.message) ?? ""}`] };
  }
  if (jobIsComplete(job)) {
    return { kind: "ready" };
  }
  const count = (key: string) => Number(at(job, "status", key) ?? 0);
  return {
    kind: "waiting",
    status:
      `Waiting for Job "${text(at(job, "metadata", "name")) ?? ""}" to succeed ` +
      `(Active: ${count("active")} | Succeeded: ${count("succeeded")} | Failed: ${count("failed")})`,
  };
}

export function judgeDeployment(deployment: Properties): Verdict {
  const number = (...path: string[]) => Number(at(deployment, ...path) ?? 0);
  const wanted = Number(at(deployment, "spec", "replicas") ?? 1);
  const current = number("status", "observedGeneration") >= number("metadata", "generation");
  const ready = [number("status", "updatedReplicas"), number("status", "availableReplicas")].every((n) => n >= wanted);
  return current && ready && number("status", "replicas") === wanted
    ? { kind: "ready" }
    : { kind: "waiting", status: `waiting for ${wanted} replicas, ${number("status", "availableReplicas")} available` };
}

async function bindsOnFirstUse(api: ApiServer, claim: Properties): Promise<boolean> {
  const name = text(at(claim, "spec", "storageClassName"));
  if (name === undefined) {
    return false;
  }
  const storageClass = await api
    .call<Properties>("GET", `/apis/storage.k8s.io/v1/storageclasses/${name}`)
    .catch(() => undefined);
  return storageClass?.volumeBindingMode === "WaitForFirstConsumer";
}

function condition(object: Properties, type: string): Properties | undefined {
  const conditions: Json = at(object, "status", "conditions") ?? [];
  return Array.isArray(conditions)
    ? conditions.filter(isObject).find((item) => item.type === type && item.status === "True")
    : undefined;
}
