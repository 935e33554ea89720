import * as pulumi from "@pulumi/pulumi";
import type { ClusterClient } from "../cluster/api/client";
import { nameLabelOf } from "../cluster/state/readCluster";
import type { EventSink } from "../run/events";
import type { ReceiptKeeper } from "../run/receipts";
import { type WatchedStep, watchStep } from "../run/watchStep";
import type { ClusterState, Step, UpgradePlan } from "../upgrade/model";
import type { StepTimeouts } from "../upgrade/steps/limits";
import { describeStep, runsAsJob, stepLimit, stepName } from "../upgrade/steps/steps";
import { oneLine } from "../upgrade/words/visible";
import type { StepListener, StepPlace } from "./declare/context";
import { isOnTerminal } from "./engine/operation";
import { secondsBetween } from "./measure";

export interface ListenerRequest {
  readonly client: ClusterClient;
  readonly releaseName: string;
  readonly namespace: string;
  readonly plan: UpgradePlan;
  readonly state: ClusterState;
  readonly timeouts: StepTimeouts;
  readonly hide: readonly string[];
  /** As a person reads it. */
  readonly words: (text: string) => string;
  /** Missing: nothing is kept of when the steps began. */
  readonly receipts?: ReceiptKeeper | undefined;
  readonly events: EventSink;
}

/** On a terminal a line is written anew this often (milliseconds), so that the clock in it moves. */
const REFRESH = 10_000;

/**
 * Keeps when the steps began, and tells each step's progress, on the line of its own resource. Ephemeral: on a terminal a line replaces the one before; in a log,
 * where Pulumi prints each, there is one for each change.
 */
export function stepListener(request: ListenerRequest): StepListener {
  const { client, plan, state, timeouts, words, receipts, events } = request;
  const watched = new Map<Step, { readonly end: () => void; readonly began: number }>();
  const refreshes = isOnTerminal();
  return {
    async begin(step, at) {
      await receipts?.step(step);
      const job = runsAsJob(step) ? at.job : undefined;
      const isFirst = plan.steps.find(({ kind }) => kind === step.kind) === step;
      const limit = stepLimit(step, timeouts, isFirst) + (runsAsJob(step) ? timeouts.start : 0);
      const line = lineOf(at);
      const named = nameIn(plan, step);
      events.tell({ event: "stepStarted", ...named });
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
          if (isNew) events.tell({ event: "stepProgress", ...named, text: words(text) });
          if (!isNew && !(refreshes && now - said >= REFRESH)) return;
          said = now;
          void pulumi.log.info(oneLine(words(text)), line, undefined, true);
        },
        stuck(text) {
          events.tell({ event: "stepStuck", ...named, text: words(text) });
          void pulumi.log.warn(oneLine(words(text)), line);
        },
      });
      watched.set(step, { end, began: Date.now() });
    },
    end(step, result) {
      const found = watched.get(step);
      if (found === undefined) return;
      found.end();
      watched.delete(step);
      const seconds = secondsBetween(found.began, Date.now());
      events.tell({ event: "stepEnded", ...nameIn(plan, step), seconds, result });
    },
  };
}

/** Of a step, as events name it. */
export function nameIn({ steps }: UpgradePlan, step: Step) {
  return { step: stepName(step), title: describeStep(step), number: steps.indexOf(step) + 1, of: steps.length };
}

/** The SDK takes the line from a resource, and waits for its URN: that of one at work is known only once it is done. */
function lineOf({ urn }: StepPlace): pulumi.Resource {
  return Object.assign(Object.create(pulumi.Resource.prototype) as pulumi.Resource, { urn: pulumi.output(urn) });
}
