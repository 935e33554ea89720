import type { HelmValue } from "../upgrade/model";
import { HIDDEN } from "../upgrade/secrets/take";
import { hideKnown, hideSecrets, withoutSecrets } from "../upgrade/secrets/text";

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
  return {
    show(kind, path, value) {
      if (isOfSecret(kind, path)) return HIDDEN;
      const shown = withoutSecrets(value, path, known);
      return typeof shown === "string" ? shown : hideKnown(JSON.stringify(shown), known);
    },
    text: (text) => hideSecrets(text, known),
  };
}

/** Everything in a Secret is secret. */
function isOfSecret(kind: string, path: readonly string[]): boolean {
  return kind === "Secret" && (path[0] === "data" || path[0] === "stringData");
}
