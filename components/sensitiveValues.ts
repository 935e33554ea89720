import * as pulumi from "@pulumi/pulumi";
import type { HelmValue, HelmValues } from "../upgrade/model";

/** Keys of the chart and its subcharts that hold passwords and keys, and what users add in that manner. */
const SENSITIVE_KEY =
  /pass(word|wd|phrase)?$|secret|token|credential|private.?key|access.?key|root.?user|auth.?params/i;

/**
 * The values as input of a resource. Passwords and keys are encrypted in the state and hidden in the diff wherever they
 * came from; with `all`, everything is.
 */
export function secretValues(values: HelmValues, all: boolean): pulumi.Input<Record<string, unknown>> {
  return all ? pulumi.secret(values) : wrapTree(values);
}

/** The passwords and keys themselves, for those who must not print them. */
export function sensitiveTexts(value: HelmValue, key = ""): string[] {
  if (typeof value === "object" && value !== null) {
    return Object.entries(value).flatMap(([inner, below]) => sensitiveTexts(below, Array.isArray(value) ? key : inner));
  }
  return isSensitive(key, value) ? [String(value)] : [];
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

function isSensitive(key: string, value: HelmValue): boolean {
  return typeof value === "string" && value !== "" && SENSITIVE_KEY.test(key);
}
