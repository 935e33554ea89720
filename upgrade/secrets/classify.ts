import { parseAllDocuments } from "yaml";
import type { HelmValue, HelmValues } from "../model";
import { isMap } from "../values/tree";
import { isReference, scan } from "./lines";
import { holdsSecrets, isNameOfSetting, isPlainName, isSecretName, isSwitchName } from "./names";

/** What is secret in a tree of values, and where. */
export interface Secret {
  /** Keys from the root; numbers are places in a list. */
  readonly path: readonly (string | number)[];
  readonly value: string | number | boolean;
  /** `value`: it is the secret; `text`: it is a text (a file, an argument) that holds one. */
  readonly form: "value" | "text";
}

/** How the names above a value have it judged. */
interface Judged {
  /** The value itself is secret. */
  readonly isSecret: boolean;
  /** Every value in the map below is. */
  readonly ofAll: boolean;
  /** The next key says nothing by itself (`value`). */
  readonly ofPlain: boolean;
  readonly isSwitch: boolean;
}

const OPEN: Judged = { isSecret: false, ofAll: false, ofPlain: false, isSwitch: false };

/** Longer texts are scanned line by line only. */
const LONGEST_PARSED = 200_000;

/** Every secret in a value that stands under these keys. */
export function secretsIn(value: HelmValue, ...keys: readonly string[]): Secret[] {
  const secrets: Secret[] = [];
  mapSecrets(value, (secret) => void secrets.push(secret), ...keys);
  return secrets;
}

/**
 * A copy of the value with something else in the place of each secret.
 * @param keys under which the value stands; an item of a list by its name, as `[DB_PASSWORD]`
 */
export function mapSecrets(
  value: HelmValue,
  replace: (secret: Secret) => unknown,
  ...keys: readonly string[]
): unknown {
  const visit = (of: HelmValue, judged: Judged, path: Secret["path"]): unknown => {
    if (Array.isArray(of)) {
      return of.map((item, index) =>
        visit(item, isBehindSecretFlag(of, index) ? { ...judged, isSecret: true } : judged, [...path, index]),
      );
    }
    if (isPlainMap(of)) {
      const ofItem = isSecretVariable(of) ? { ...judged, ofPlain: true } : judged;
      return Object.fromEntries(
        Object.entries(of).map(([key, below]) => [key, visit(below, judgeKey(ofItem, key), [...path, key])]),
      );
    }
    if (typeof of === "object" || of === "") return of;
    const form = formOf(of, judged);
    return form === undefined ? of : replace({ path, value: of, form });
  };
  return visit(value, keys.reduce(judgeKey, OPEN), []);
}

/** True for a text in which a secret is: a configuration file, JSON, a URL, an argument. */
export function holdsSecret(text: string): boolean {
  return scan(text).found.length > 0 || structured(text).some((tree) => secretsIn(tree).length > 0);
}

/** The secrets in such a text. */
export function secretTextsIn(text: string): string[] {
  return [...new Set([...scan(text).found, ...structuredSecretTexts(text)])];
}

/** Those of them that only its structure shows: the value beside `name: DB_PASSWORD`, the items of a list. */
export function structuredSecretTexts(text: string): string[] {
  const found = structured(text).flatMap((tree) => secretsIn(tree));
  return found.flatMap(({ value, form }) => {
    if (form === "text" && typeof value === "string") return value === text ? [] : secretTextsIn(value);
    // True and false are in every other sentence.
    return typeof value === "boolean" ? [] : [String(value)];
  });
}

function formOf(value: string | number | boolean, judged: Judged): Secret["form"] | undefined {
  const isReal = typeof value !== "string" || !isReference(value);
  const isOn = judged.isSwitch && /^(true|false)$/.test(String(value));
  if (judged.isSecret && isReal && !isOn) return "value";
  return typeof value === "string" && holdsSecret(value) ? "text" : undefined;
}

function judgeKey(above: Judged, key: string): Judged {
  const item = /^\[(.*)\]$/s.exec(key)?.[1];
  if (item !== undefined) return { ...above, ofPlain: above.ofPlain || isSecretName(item) };
  const isSecret = isSecretName(key) || (above.ofPlain && isPlainName(key)) || (above.ofAll && !isNameOfSetting(key));
  return {
    isSecret,
    ofAll: holdsSecrets(key) || (isSecret && above.ofAll),
    ofPlain: isSecret,
    isSwitch: isSwitchName(key),
  };
}

/** Not an object of a class, which a program may have put into the tree. */
function isPlainMap(value: HelmValue): value is HelmValues {
  return isMap(value) && Object.getPrototypeOf(value) === Object.prototype;
}

/** `{name: DB_PASSWORD, value: …}`. */
function isSecretVariable(map: HelmValues): boolean {
  const name = map.name ?? map.key;
  return typeof name === "string" && isSecretName(name);
}

/** `[--password, hunter2]`. */
function isBehindSecretFlag(list: readonly HelmValue[], index: number): boolean {
  const [before, item] = [list[index - 1], list[index]];
  if (typeof before !== "string" || typeof item !== "string" || item.startsWith("--")) return false;
  const flag = /^--?([a-zA-Z][\w.-]*)$/.exec(before)?.[1];
  return flag !== undefined && isSecretName(flag);
}

/** What a text is as JSON or YAML; empty for one that is neither a map nor a list. */
function structured(text: string): HelmValue[] {
  if (text.length > LONGEST_PARSED || !/^\s*[[{]|:\s|\n/.test(text)) return [];
  try {
    return parseAllDocuments(text, { logLevel: "silent" })
      .filter(({ errors }) => errors.length === 0)
      .map((document) => document.toJS() as HelmValue)
      .filter((tree) => typeof tree === "object" && tree !== null);
  } catch {
    // Aliases without end, or nested too deep: the lines have been looked at.
    return [];
  }
}
