import { AsyncResource } from "node:async_hooks";
import * as pulumi from "@pulumi/pulumi";
import { RELEASE_TYPE } from "../../upgrade/marks";
import { severalLines } from "../../upgrade/words/visible";
import type { Diagnose, FailedResource, PlannedRun } from "../declare/context";
import { isInterrupt } from "./stepHooks";

const JOB_TYPE = "kubernetes:batch/v1:Job";
/** Milliseconds for reading pods, events and logs once a step has failed. */
const TIME_LIMIT = 60_000;

/**
 * Runs when a resource has failed and logs what the cluster says about it: the provider's own message is
 * "BackoffLimitExceeded" or "context deadline exceeded". It never retries and never hides the provider's error.
 */
export function failureHook(
  name: string,
  namespace: string,
  asks: Pick<PlannedRun, "diagnose" | "standing" | "guard">,
): pulumi.ErrorHook {
  const onError: pulumi.ErrorHookFunction = async (args) => {
    try {
      const isReal = !pulumi.runtime.isDryRun();
      const text = isReal ? await explained(args, namespace, asks) : undefined;
      if (text !== undefined) {
        await pulumi.log.error(severalLines(text));
      }
    } finally {
      // The steps are a chain: nothing comes after one that has failed.
      await asks.guard?.release();
    }
    return false;
  };
  // The engine calls back on a connection of its own; the log belongs to the program that registered the hook.
  return new pulumi.ErrorHook(name, AsyncResource.bind(onError));
}

/** Of what was interrupted there is no cause to look for: how things stand is what counts. */
export async function explained(
  args: pulumi.ErrorHookArgs,
  namespace: string,
  { diagnose, standing }: Pick<PlannedRun, "diagnose" | "standing">,
  limit = TIME_LIMIT,
): Promise<string | undefined> {
  if (isInterrupt(args.errors) && standing !== undefined) {
    try {
      return await within(standing(), limit);
    } catch (error) {
      return `interrupted; how the cluster stands cannot be read: ${reasonOf(error)}\ngo on: pulumi up`;
    }
  }
  return diagnose && diagnosisOf(args, namespace, diagnose, limit);
}

/**
 * What to tell about a failed resource; undefined for one that has no pods, or about which there is nothing to tell.
 *
 * @param limit milliseconds for reading the cluster
 */
export async function diagnosisOf(
  args: pulumi.ErrorHookArgs,
  namespace: string,
  diagnose: Diagnose,
  limit = TIME_LIMIT,
): Promise<string | undefined> {
  const failed = toFailedResource(args, namespace);
  if (failed === undefined) {
    return undefined;
  }
  try {
    return await within(diagnose(failed), limit);
  } catch (error) {
    return `${failed.kind} ${namespace}/${failed.name} failed; why could not be read from the cluster: ${reasonOf(error)}`;
  }
}

async function within<T>(work: Promise<T>, limit: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${limit / 1000} s`)), limit);
  });
  try {
    return await Promise.race([work, timeout]);
  } finally {
    clearTimeout(timer);
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function toFailedResource(args: pulumi.ErrorHookArgs, namespace: string): FailedResource | undefined {
  const inputs = (args.newInputs ?? args.oldInputs ?? {}) as Record<string, unknown>;
  if (args.type === RELEASE_TYPE) {
    return { kind: "Release", name: text(inputs.name) ?? args.name, namespace };
  }
  if (args.type === JOB_TYPE) {
    const metadata = inputs.metadata as Record<string, unknown> | undefined;
    return { kind: "Job", name: text(metadata?.name) ?? args.name, namespace };
  }
  return undefined;
}

function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
