import { scrub } from "../../cluster/diagnose/scrub";
import type { HelmValue } from "../../upgrade/model";
import { isSensitive } from "../../upgrade/values/sensitive";

export const HIDDEN = "(hidden)";

/** Keys that are named like a secret and hold the name of one, or a switch. */
const ONLY_A_NAME = /(Name|Ref|Secrets|Key)s?$|^existing|^secret$|^key$|automount|checksum/;
/** Keys with the word key in them whose value is the key itself. */
const A_KEY_ITSELF = /(access|private|secret|api)[-_.]?key$/i;
const SHORTEST_IN_TEXT = 4;

/** What a path's value is shown as: masked where it may be a password. */
export interface Mask {
  /** @param path keys from the object's root, `[name]` for an item of a list */
  show(kind: string, path: readonly string[], value: HelmValue): string;
  /** Any text, such as a line of a configuration file. */
  text(text: string): string;
}

/**
 * @param known texts that must not appear, such as passwords from the Helm values
 */
export function maskOf(known: readonly string[]): Mask {
  const exact = new Set(known.filter((text) => text !== ""));
  const inText = [...exact].filter(({ length }) => length >= SHORTEST_IN_TEXT).sort((a, b) => b.length - a.length);
  const hide = (text: string) =>
    exact.has(text)
      ? HIDDEN
      : inText.reduce((shown, secret) => shown.replaceAll(secret, HIDDEN), scrub(text).replaceAll("[hidden]", HIDDEN));
  return {
    show(kind, path, value) {
      if (isOfSecret(kind, path) || (typeof value === "string" && isSecretKey(path.at(-1) ?? "", value))) return HIDDEN;
      return typeof value === "string" ? hide(value) : JSON.stringify(hideIn(kind, path, value, this));
    },
    text: hide,
  };
}

function hideIn(kind: string, path: readonly string[], value: HelmValue, mask: Mask): HelmValue {
  if (Array.isArray(value)) return value.map((item) => hideIn(kind, path, item, mask));
  if (typeof value === "object" && value !== null) {
    const isSecretVariable = typeof value.name === "string" && isSecretKey(value.name, value.value ?? null);
    return Object.fromEntries(
      Object.entries(value).map(([key, inner]) => [
        key,
        key === "value" && isSecretVariable ? HIDDEN : hideIn(kind, [...path, key], inner, mask),
      ]),
    );
  }
  return typeof value === "string" ? mask.show(kind, path, value) : value;
}

/** Everything in a Secret is secret; so is the value of an environment variable with such a name. */
function isOfSecret(kind: string, path: readonly string[]): boolean {
  if (kind === "Secret") return path[0] === "data" || path[0] === "stringData";
  const variable = /^\[(.*)\]$/.exec(path.at(-2) ?? "")?.[1];
  return path.at(-1) === "value" && variable !== undefined && isSecretKey(variable, "x");
}

/** True for a text under a key that is named like a password, and not like the name of a Secret. */
export function isSecretKey(key: string, value: HelmValue): boolean {
  return isSensitive(key, value) && (A_KEY_ITSELF.test(key) || !ONLY_A_NAME.test(key));
}
