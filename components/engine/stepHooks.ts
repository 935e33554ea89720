import { AsyncResource } from "node:async_hooks";
import * as pulumi from "@pulumi/pulumi";
import { RELEASE_TYPE } from "../../upgrade/marks";
import type { Step } from "../../upgrade/model";
import type { StepListener, StepPlace } from "../declare/context";

/** What the provider says of an operation that the engine was asked to stop. */
const CANCELLED = /operation was cancell?ed|context canceled|update cancell?ed/i;

/** Was it Ctrl-C, and no failure? */
export function isInterrupt(errors: readonly string[] = []): boolean {
  return errors.some((error) => CANCELLED.test(error));
}

/** Tell a listener of one step: nothing of it is sent before `begin` has ended. */
export function stepHooks(name: string, step: Step, listener: StepListener): pulumi.ResourceHookBinding {
  // The engine calls back on a connection of its own; the log belongs to the program that registered the hook.
  const begin = new pulumi.ResourceHook(
    `${name}-begins`,
    AsyncResource.bind((args: pulumi.ResourceHookArgs) => listener.begin(step, placeOf(args))),
  );
  const end = new pulumi.ResourceHook(
    `${name}-ends`,
    AsyncResource.bind(() => listener.end(step, "done")),
  );
  const fail = new pulumi.ErrorHook(
    `${name}-fails`,
    AsyncResource.bind(({ errors }: pulumi.ErrorHookArgs) => {
      listener.end(step, isInterrupt(errors) ? "interrupted" : "failed");
      return false;
    }),
  );
  return { beforeCreate: [begin], beforeUpdate: [begin], afterCreate: [end], afterUpdate: [end], onError: [fail] };
}

function placeOf({ urn, type, newInputs }: pulumi.ResourceHookArgs): StepPlace {
  const { metadata } = (newInputs ?? {}) as { readonly metadata?: { readonly name?: unknown } };
  const job = type !== RELEASE_TYPE && typeof metadata?.name === "string" ? metadata.name : undefined;
  return { urn, ...(job !== undefined && { job }) };
}

const KINDS = ["beforeCreate", "afterCreate", "beforeUpdate", "afterUpdate", "onError"] as const;

/** Those of the first before those of the second. */
export function joinHooks(
  first: pulumi.ResourceHookBinding,
  second: pulumi.ResourceHookBinding = {},
): pulumi.ResourceHookBinding {
  return Object.fromEntries(
    KINDS.flatMap((kind) => {
      const both = [...(first[kind] ?? []), ...(second[kind] ?? [])];
      return both.length === 0 ? [] : [[kind, both]];
    }),
  );
}
