import { AsyncResource } from "node:async_hooks";
import * as pulumi from "@pulumi/pulumi";

/** What holds other runs off while this one is at work. */
export interface RunGuard {
  /** @throws Error when this run must not go on */
  check(): Promise<void>;
  /** Once the run has ended, well or not. */
  release(): Promise<void>;
}

/** Runs before anything is created or changed: a run that has lost its lock, in a laptop that slept, stops there. */
export function guardHook(name: string, guard: RunGuard): pulumi.ResourceHook {
  return new pulumi.ResourceHook(
    name,
    AsyncResource.bind(() => guard.check()),
  );
}

/** States of a gRPC channel (grpc-js has them as an enum of its own). */
const CHANNEL = { transientFailure: 3, shutdown: 4 } as const;

interface Client {
  getChannel?(): { getConnectivityState(tryToConnect: boolean): number };
}

/**
 * Tells whether the engine that runs this program is there. A program that an Automation API process runs lives on
 * when its engine was killed; one of its own process usually ends, in its own time.
 */
export function watchEngine(): () => boolean {
  const monitor = pulumi.runtime.getMonitor() as unknown as Client | undefined;
  return () => {
    try {
      const state = monitor?.getChannel?.().getConnectivityState(true);
      return state !== CHANNEL.transientFailure && state !== CHANNEL.shutdown;
    } catch {
      return false;
    }
  };
}
