import * as pulumi from "@pulumi/pulumi";
import type { ClusterClient } from "../cluster/api/client";
import { nameLabelOf } from "../cluster/state/readCluster";
import type { EventSink } from "../run/events";
import type { ReceiptKeeper } from "../run/receipts";
import { type WatchedStep, watchStep } from "../run/watchStep";
import type { ClusterState, Step, UpgradePlan } from "../upgrade/model";
import { terminalLine } from "../upgrade/progress/terminalLine";
import type { StepTimeouts } from "../upgrade/steps/limits";
import { describeStep, runsAsJob, stepLimit, stepName } from "../upgrade/steps/steps";
import { oneLine } from "../upgrade/words/visible";
import type { StepListener, StepPlace } from "./declare/context";
import { isOnTerminal } from "./engine/operation";
import { secondsBetween } from "./measure";

export interface ListenerRequest {
  readonly component: pulumi.Resource;
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
 * Keeps when the steps began, and tells each step's progress. Ephemeral: on a terminal a line replaces the one before; in a log, where Pulumi prints each, there is
 * one for each change. In a log it stands on the line of the step's own resource. On a terminal it stands on the component's row: the step's own is
 * written by the provider too, which has the last word, and begins with the list of changed properties.
 */
export function stepListener(request: ListenerRequest): StepListener {
  const { client, component, plan, state, timeouts, words, receipts, events } = request;
  const watched = new Map<Step, { readonly end: () => void; readonly began: number }>();
  const refreshes = isOnTerminal();
  const show = (text: string, line: pulumi.Resource) =>
    void pulumi.log.info(oneLine(words(text)), line, undefined, true);
  const showStep = (step: Step, text: string) => show(terminalLine(plan, step, text), component);
  return {
    async begin(step, at) {
      await receipts?.step(step);
      const job = runsAsJob(step) ? at.job : undefined;
      const isFirst = plan.steps.find(({ kind }) => kind === step.kind) === step;
      const limit = stepLimit(step, timeouts, isFirst) + (runsAsJob(step) ? timeouts.start : 0);
      const line = lineOf(at);
      const named = nameIn(plan, step);
      events.tell({ event: "stepStarted", ...named });
      if (refreshes) showStep(step, "begins");
      let said = 0;
      let isStuck = false;
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
          // What holds it up stays to be read until something moves.
          if (!isNew && (!refreshes || isStuck || now - said < REFRESH)) return;
          said = now;
          isStuck = false;
          if (refreshes) showStep(step, text);
          else show(text, line);
        },
        stuck(text) {
          events.tell({ event: "stepStuck", ...named, text: words(text) });
          isStuck = true;
          void pulumi.log.warn(oneLine(words(text)), refreshes ? component : line);
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
      if (refreshes) showStep(step, `${result} after ${seconds} s`);
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
