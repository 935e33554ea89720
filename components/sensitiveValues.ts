import * as pulumi from "@pulumi/pulumi";
import type { HelmValue, HelmValues } from "../upgrade/model";
import { isSensitive } from "../upgrade/values/sensitive";

/**
 * The values as input of a resource. Passwords and keys are encrypted in the state and hidden in the diff wherever they
 * came from; with `all`, everything is.
 */
export function secretValues(values: HelmValues, all: boolean): pulumi.Input<Record<string, unknown>> {
  return all ? pulumi.secret(values) : wrapTree(values);
}

function wrapTree(values: HelmValues): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(values).map(([key, value]) => [key, isSensitive(key, value) ? pulumi.secret(value) : wrap(value)]),
  );
}

function wrap(value: HelmValue): unknown {
  if (Array.isArray(value)) {
    return value.map(wrap);
  }
  return typeof value === "object" && value !== null ? wrapTree(value) : value;
}
