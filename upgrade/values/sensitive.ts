import type { HelmValue } from "../model";

/** Keys of the chart and its subcharts that hold passwords and keys, and what users add in that manner. */
const SENSITIVE_KEY =
  /pass(word|wd|phrase)?$|secret|token|credential|private.?key|access.?key|root.?user|auth.?params/i;

/** True for a text under a key that is named like a password or key. */
export function isSensitive(key: string, value: unknown): value is string {
  return typeof value === "string" && value !== "" && SENSITIVE_KEY.test(key);
}

/** The passwords and keys themselves, for those who must not print them. */
export function sensitiveTexts(value: HelmValue, key = ""): string[] {
  if (typeof value === "object" && value !== null) {
    return Object.entries(value).flatMap(([inner, below]) => sensitiveTexts(below, Array.isArray(value) ? key : inner));
  }
  return isSensitive(key, value) ? [value] : [];
}
