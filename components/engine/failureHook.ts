import { AsyncResource } from "node:async_hooks";
import * as pulumi from "@pulumi/pulumi";
import { RELEASE_TYPE } from "../../upgrade/marks";
import { severalLines } from "../../upgrade/words/visible";
import type { Diagnose, FailedResource } from "../declare/context";
import type { RunGuard } from "./guard";

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
  diagnose: Diagnose | undefined,
  guard?: RunGuard,
): pulumi.ErrorHook {
  const onError: pulumi.ErrorHookFunction = async (args) => {
    const isReal = !pulumi.runtime.isDryRun() && diagnose !== undefined;
    const text = isReal ? await diagnosisOf(args, namespace, diagnose) : undefined;
    if (text !== undefined) {
      await pulumi.log.error(severalLines(text));
    }
    // The steps are a chain: nothing comes after one that has failed.
    await guard?.release();
    return false;
  };
  // The engine calls back on a connection of its own; the log belongs to the program that registered the hook.
  return new pulumi.ErrorHook(name, AsyncResource.bind(onError));
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
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${limit / 1000} s`)), limit);
  });
  try {
    return await Promise.race([diagnose(failed), timeout]);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return `${failed.kind} ${namespace}/${failed.name} failed; why could not be read from the cluster: ${reason}`;
  } finally {
    clearTimeout(timer);
  }
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
