import * as pulumi from "@pulumi/pulumi";
import type { ClusterClient } from "../cluster/api/client";
import { nameLabelOf } from "../cluster/state/readCluster";
import { type WatchedStep, watchStep } from "../run/watchStep";
import type { ClusterState, Step, UpgradePlan } from "../upgrade/model";
import type { StepTimeouts } from "../upgrade/steps/limits";
import { runsAsJob, stepLimit } from "../upgrade/steps/steps";
import { oneLine } from "../upgrade/words/visible";
import type { StepListener, StepPlace } from "./declare/context";
import { isOnTerminal } from "./engine/operation";

export interface MessagesRequest {
  readonly client: ClusterClient;
  readonly releaseName: string;
  readonly namespace: string;
  readonly plan: UpgradePlan;
  readonly state: ClusterState;
  readonly timeouts: StepTimeouts;
  readonly hide: readonly string[];
  /** As a person reads it. */
  readonly words: (text: string) => string;
}

/** On a terminal a line is written anew this often (milliseconds), so that the clock in it moves. */
const REFRESH = 10_000;

/**
 * Each step's progress, on the line of its own resource. Ephemeral: on a terminal a line replaces the one before; in a log,
 * where Pulumi prints each, there is one for each change.
 */
export function stepMessages(request: MessagesRequest): StepListener {
  const { client, plan, state, timeouts, words } = request;
  const watched = new Map<Step, () => void>();
  const refreshes = isOnTerminal();
  return {
    begin(step, at) {
      const job = runsAsJob(step) ? at.job : undefined;
      const isFirst = plan.steps.find(({ kind }) => kind === step.kind) === step;
      const limit = stepLimit(step, timeouts, isFirst) + (runsAsJob(step) ? timeouts.start : 0);
      const line = lineOf(at);
      let said = 0;
      const what: WatchedStep = {
        ...request,
        step,
        nameLabel: nameLabelOf(state.release),
        limit,
        ...(job !== undefined && { job }),
      };
      const end = watchStep(client, what, {
        progress(text, isNew) {
          const now = Date.now();
          if (!isNew && !(refreshes && now - said >= REFRESH)) return;
          said = now;
          void pulumi.log.info(oneLine(words(text)), line, undefined, true);
        },
        stuck: (text) => void pulumi.log.warn(oneLine(words(text)), line),
      });
      watched.set(step, end);
      return Promise.resolve();
    },
    end(step) {
      watched.get(step)?.();
      watched.delete(step);
    },
  };
}

/** The SDK takes the line from a resource, and waits for its URN: that of one at work is known only once it is done. */
function lineOf({ urn }: StepPlace): pulumi.Resource {
  return { urn: pulumi.output(urn) } as pulumi.Resource;
}
