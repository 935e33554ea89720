import { parseAllDocuments } from "yaml";
import type { HelmValue, HelmValues } from "../model";
import { isMap } from "../values/tree";
import { scan } from "./lines";
import { holdsSecrets, isNameOfSetting, isPlainName, isSecretName, isSwitchName } from "./names";
import { HIDDEN, isReference } from "./take";

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
  /** A true or false says only what is done. */
  readonly isSwitch: boolean;
  /** Every value below is, also one with the name of a setting. */
  readonly isWhole: boolean;
}

const OPEN: Judged = { isSecret: false, ofAll: false, ofPlain: false, isSwitch: false, isWhole: false };
const WHOLE: Judged = { ...OPEN, isSecret: true, isWhole: true };

/** Of a longer one nothing but its lines is looked at, so that it counts as one that holds a secret. */
const LONGEST_PARSED = 200_000;

/** A secret of at least so many characters is one under any other name too; shorter ones are parts of ordinary words. */
const SHORTEST_ELSEWHERE = 8;

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
  const looked = new Map<string, boolean>();
  const holds = (text: string) => {
    const found = looked.get(text) ?? holdsSecret(text);
    looked.set(text, found);
    return found;
  };
  const elsewhere = new Set<string>();
  mapTree(value, keys, holds, ({ value: secret, form }) => {
    const texts = form === "text" ? secretTextsIn(String(secret)) : [String(secret)];
    for (const text of texts) if (text.length >= SHORTEST_ELSEWHERE) elsewhere.add(text);
  });
  const known = [...elsewhere];
  return mapTree(value, keys, (text) => holds(text) || known.some((secret) => text.includes(secret)), replace);
}

/** @param holds whether a text that is not secret by its name holds a secret */
function mapTree(
  tree: HelmValue,
  keys: readonly string[],
  holds: (text: string) => boolean,
  replace: (secret: Secret) => unknown,
): unknown {
  const visit = (of: HelmValue, judged: Judged, path: Secret["path"]): unknown => {
    if (Array.isArray(of)) {
      const behind = behindFlags(of, path);
      return of.map((item, index) =>
        visit(item, behind.has(index) ? { ...judged, isSecret: true } : judged, [...path, index]),
      );
    }
    if (isPlainMap(of)) {
      const ofItem = isSecretVariable(of) ? { ...judged, ofPlain: true } : judged;
      const judge = (key: string) => (judged.isWhole || isContentOfSecret(of, key) ? WHOLE : judgeKey(ofItem, key));
      return Object.fromEntries(
        Object.entries(of).map(([key, below]) => [key, visit(below, judge(key), [...path, key])]),
      );
    }
    if (typeof of === "object" || of === "") return of;
    const form = isSecretValue(of, judged) ? "value" : typeof of === "string" && holds(of) ? "text" : undefined;
    return form === undefined ? of : replace({ path, value: of, form });
  };
  return visit(tree, keys.reduce(judgeKey, OPEN), []);
}

/** True for a text in which a secret is: a configuration file, JSON, a URL, an argument. */
export function holdsSecret(text: string): boolean {
  return (
    text.length > LONGEST_PARSED ||
    scan(text).found.length > 0 ||
    structured(text).some((tree) => secretsIn(tree).length > 0)
  );
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
    return typeof value === "boolean" || String(value).includes(HIDDEN) ? [] : [String(value)];
  });
}

function isSecretValue(value: string | number | boolean, judged: Judged): boolean {
  const isReal = typeof value !== "string" || !isReference(value);
  const isOn = judged.isSwitch && /^(true|false)$/.test(String(value));
  return judged.isSecret && isReal && !isOn;
}

function judgeKey(above: Judged, key: string): Judged {
  const item = /^\[(.*)\]$/s.exec(key)?.[1];
  if (item !== undefined) return { ...above, ofPlain: above.ofPlain || isSecretName(item) };
  const isNamed = isSecretName(key) || (above.ofPlain && isPlainName(key));
  const isSecret = isNamed || (above.ofAll && !isNameOfSetting(key));
  return {
    isSecret,
    ofAll: holdsSecrets(key) || (isSecret && above.ofAll),
    ofPlain: isSecret,
    isSwitch: isSwitchName(key) || !isNamed,
    isWhole: false,
  };
}

/** Not an object of a class, which a program may have put into the tree; some parsers make maps without a prototype. */
function isPlainMap(value: HelmValue): value is HelmValues {
  if (!isMap(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

const NAMES = /^(?:name|key|variable|var|env)$/i;

/** `{name: DB_PASSWORD, value: …}`. */
function isSecretVariable(map: HelmValues): boolean {
  return Object.entries(map).some(([key, name]) => typeof name === "string" && NAMES.test(key) && isSecretName(name));
}

/** Of a Secret of Kubernetes within the values, as some charts take whole objects. */
function isContentOfSecret(map: HelmValues, key: string): boolean {
  return map.kind === "Secret" && (key === "data" || key === "stringData");
}

/** Longer lists are no command line. */
const MOST_ARGUMENTS = 200;

/** `[--password, hunter2]`, `[curl, -u, root:hunter2]`, `[DB_PASSWORD, hunter2]` in a list of such: the places of the secrets. */
function behindFlags(list: readonly HelmValue[], path: Secret["path"]): ReadonlySet<number> {
  const isScalar = (item: HelmValue | undefined) => typeof item === "string" || typeof item === "number";
  const places = list.flatMap((item, index) => {
    const before = list[index - 1];
    if (typeof before !== "string" || !isScalar(item) || String(item).startsWith("--")) return [];
    const flag = /^--?([a-zA-Z][\w.-]*)$/.exec(before)?.[1];
    const isPair = list.length === 2 && typeof path.at(-1) === "number" && isSecretName(before);
    return isPair || (flag !== undefined && isSecretName(flag)) ? [index] : [];
  });
  if (list.length > MOST_ARGUMENTS || list.filter(isScalar).length < 2) return new Set(places);
  const found = new Set(scan(list.filter(isScalar).join(" ")).found);
  const alone = list.flatMap((item, index) => (typeof item === "string" && found.has(item) ? [index] : []));
  return new Set([...places, ...alone]);
}

/** What a text is as JSON or YAML; empty for one that is neither a map nor a list. */
function structured(text: string): HelmValue[] {
  if (text.length > LONGEST_PARSED || !/^\s*[[{]|:\s|\n/.test(text) || isTooDeep(text)) return [];
  try {
    // Pretty errors are looked up in the whole text, each of them.
    return parseAllDocuments(text, { logLevel: "silent", prettyErrors: false })
      .filter(({ errors }) => errors.length === 0)
      .map((document) => document.toJS() as HelmValue)
      .filter((tree) => typeof tree === "object" && tree !== null);
  } catch {
    // Aliases without end: the lines have been looked at.
    return [];
  }
}

/** The parser calls itself for each level. Where that has used up the stack, V8 may end the whole process. */
const DEEPEST = 500;
const DEEP_ROW = new RegExp(`(?:[-?:][ \\t]+){${DEEPEST}}`);

function isTooDeep(text: string): boolean {
  let depth = 0;
  for (const bracket of text.match(/[[\]{}]/g) ?? []) {
    depth = Math.max(0, depth + (bracket === "[" || bracket === "{" ? 1 : -1));
    if (depth > DEEPEST) return true;
  }
  return DEEP_ROW.test(text);
}
