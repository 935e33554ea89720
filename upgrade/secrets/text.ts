import type { HelmValue } from "../model";
import { isMap } from "../values/tree";
import { mapSecrets, secretsIn, secretTextsIn, structuredSecretTexts } from "./classify";
import { HIDDEN, scan } from "./lines";

/** Shorter ones would hide parts of ordinary words. */
const SHORTEST = 4;
/** Shorter ones are hidden where they stand as a word of their own: the user `root` is not in `rootcoord`. */
const SHORTEST_IN_WORDS = 8;

/** A text with more of them is hidden as a whole: each is looked for in all of it. */
const MOST_LISTED = 500;

/** The secrets themselves, for those who must not print them. A text that holds some is not among them, what it holds is. */
export function secretTexts(values: HelmValue): string[] {
  return secretsIn(values).flatMap(({ value, form }) => {
    if (form === "text") return secretTextsIn(String(value));
    // True and false are in every other sentence.
    return typeof value === "boolean" ? [] : [String(value)];
  });
}

/**
 * Takes out the known secrets first, then what looks like one.
 * @param known texts that must not appear whatever they look like, such as passwords from the Helm values
 */
export function hideSecrets(text: string, known: readonly string[] = []): string {
  const withoutKnown = hideKnown(text, known);
  const listed = structuredSecretTexts(withoutKnown);
  return listed.length > MOST_LISTED ? HIDDEN : scan(hideKnown(withoutKnown, listed)).text;
}

/**
 * The value as it may be shown.
 * @param keys under which it stands; an item of a list by its name, as `[DB_PASSWORD]`
 */
export function withoutSecrets(value: HelmValue, keys: readonly string[], known: readonly string[] = []): HelmValue {
  const whole = new Set(known);
  const walk = (inner: HelmValue): HelmValue => {
    if (typeof inner === "string") return inner !== "" && whole.has(inner) ? HIDDEN : hideSecrets(inner, known);
    if (Array.isArray(inner)) return inner.map(walk);
    return isMap(inner) ? Object.fromEntries(Object.entries(inner).map(([key, below]) => [key, walk(below)])) : inner;
  };
  return walk(mapSecrets(value, (secret) => (secret.form === "text" ? secret.value : HIDDEN), ...keys) as HelmValue);
}

/**
 * The beginning of a long text, cut between words, and not within a known secret, whose first half nothing would know.
 * Whatever reads on may take time that grows with the length.
 */
export function beginningOf(text: string, longest: number, known: readonly string[] = []): string {
  if (text.length <= longest) return text;
  let end = longest;
  while (end > 0 && !/\s/.test(text.charAt(end - 1))) end--;
  for (const secret of known.flatMap(spellings)) {
    const at = text.slice(0, end + secret.length).indexOf(secret, Math.max(0, end - secret.length));
    if (secret !== "" && at >= 0 && at < end) end = at;
  }
  return `${text.slice(0, end)}…`;
}

/** Takes out the known secrets alone: for texts of this program, which hold no others. */
export function hideKnown(text: string, known: readonly string[]): string {
  return [...new Set(known.flatMap(spellings))]
    .filter((secret) => secret.length >= SHORTEST && secret !== HIDDEN)
    .sort((a, b) => b.length - a.length)
    .reduce((shown, secret) => hideOne(shown, secret), text);
}

/** As other formats write it: each line of several, escaped in JSON, in a URL, in base64. */
function spellings(secret: string): string[] {
  const lines = secret.includes("\n") ? secret.split("\n").map((line) => line.trim()) : [];
  const long = lines.filter(({ length }) => length >= SHORTEST_IN_WORDS);
  if (secret.length < SHORTEST_IN_WORDS) return [secret, ...long];
  return [
    secret,
    ...long,
    JSON.stringify(secret).slice(1, -1),
    // Without halves of characters, which have no such spelling.
    encodeURIComponent(Buffer.from(secret).toString()),
    Buffer.from(secret).toString("base64").replace(/=+$/, ""),
  ];
}

function hideOne(text: string, secret: string): string {
  if (secret.length >= SHORTEST_IN_WORDS) return text.replaceAll(secret, HIDDEN);
  let shown = "";
  let from = 0;
  for (let at = text.indexOf(secret); at >= 0; at = text.indexOf(secret, at + 1)) {
    const after = at + secret.length;
    if (at < from || isWord(text.charAt(at - 1), secret.charAt(0)) || isWord(secret.slice(-1), text.charAt(after)))
      continue;
    shown += text.slice(from, at) + HIDDEN;
    from = after;
  }
  return shown + text.slice(from);
}

/** Two characters that belong to one word. */
function isWord(left: string, right: string): boolean {
  return /\w/.test(left) && /\w/.test(right);
}
