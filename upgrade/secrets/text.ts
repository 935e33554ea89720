import type { HelmValue } from "../model";
import { isMap } from "../values/tree";
import { mapSecrets, secretsIn, secretTextsIn, structuredSecretTexts } from "./classify";
import { scan } from "./lines";
import { HIDDEN } from "./take";

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
  if (listed.length > MOST_LISTED) return HIDDEN;
  const shown = scan(hideKnown(withoutKnown, listed)).text;
  // Written otherwise than it is read (`\u0077`, `0x1F`), or too short to be looked for: then nothing of it is shown.
  return listed.length > 0 && structuredSecretTexts(shown).length > 0 ? HIDDEN : shown;
}

/**
 * The value as it may be shown.
 * @param keys under which it stands; an item of a list by its name, as `[DB_PASSWORD]`
 */
export function withoutSecrets(value: HelmValue, keys: readonly string[], known: readonly string[] = []): HelmValue {
  const own = secretsIn(value, ...keys).flatMap(({ value: secret, form }) =>
    form === "value" ? [String(secret)] : [],
  );
  // Of those that the value itself has, short ones may be anything elsewhere in it.
  const all = [...known, ...own.filter(({ length }) => length >= SHORTEST_IN_WORDS)];
  const whole = new Set(all);
  const walk = (inner: HelmValue): HelmValue => {
    if (typeof inner === "string") return inner !== "" && whole.has(inner) ? HIDDEN : hideSecrets(inner, all);
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

/** As other formats write it: each line of several, escaped in JSON, YAML and URLs, in base64 after whatever else. */
function spellings(secret: string): string[] {
  const lines = secret.includes("\n") ? secret.split("\n").map((line) => line.trim()) : [];
  const long = lines.filter(({ length }) => length >= SHORTEST_IN_WORDS);
  if (secret.length < SHORTEST_IN_WORDS) return [secret, ...long];
  // Without halves of characters, which have no such spelling.
  const bytes = Buffer.from(secret);
  const json = JSON.stringify(secret).slice(1, -1);
  const url = encodeURIComponent(bytes.toString());
  return [
    secret,
    ...long,
    json,
    // Go's JSON, and so Helm's and the API server's.
    json.replace(/[<>&\u2028\u2029]/g, (it) => `\\u${it.charCodeAt(0).toString(16).padStart(4, "0")}`),
    secret.replaceAll("'", "''"),
    secret.replaceAll("'", "'\\''"),
    url,
    url.replace(/%../g, (it) => it.toLowerCase()),
    url.replaceAll("%20", "+"),
    ...encoded(bytes),
    ...numberAsGo(secret),
  ];
}

/** Three bytes are four characters of base64, so what is before the secret moves it by none, one or two bytes. */
function encoded(bytes: Buffer): string[] {
  return [0, 1, 2].flatMap((before) => {
    const text = Buffer.concat([Buffer.alloc(before), bytes])
      .toString("base64")
      .replace(/=+$/, "");
    // The characters at the edges are also made of what is beside the secret.
    const end = (before + bytes.length) % 3 === 0 ? text.length : text.length - 1;
    const start = Math.ceil((before * 4) / 3);
    // The last one is its own where nothing comes after it.
    return [text.slice(start, end), text.slice(start)].flatMap((own) => [
      own,
      own.replaceAll("+", "-").replaceAll("/", "_"),
    ]);
  });
}

/** A number that came through JSON: 12345678 is 1.2345678e+07 in a template. */
function numberAsGo(secret: string): string[] {
  if (!/^[1-9]\d{7,15}$/.test(secret)) return [];
  return [
    Number(secret)
      .toExponential()
      .replace(/\+(\d)$/, "+0$1"),
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
