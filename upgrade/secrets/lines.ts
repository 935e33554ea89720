import { isNameOfSetting, isSecretName, isSwitchName } from "./names";
import { hidePairs } from "./pairs";
import { hideShapes } from "./shapes";
import { back, HIDDEN, isReference, quotedLength, type Take, takeInto } from "./take";

/** A text without what looks like a password, key or token, and what that was. */
export interface Scanned {
  readonly text: string;
  readonly found: readonly string[];
}

/** Takes out what looks like a secret in any text: logs, configuration files, command lines, URLs. */
export function scan(text: string): Scanned {
  const found: string[] = [];
  const shown = hide(text, (secret) => {
    // What is hidden to the end of its line may be more than the secret: `password=hunter2;database=milvus`.
    const parts = /^[^;&]*/.exec(secret)?.[0] ?? "";
    found.push(secret, ...(parts === secret ? [] : [parts]));
    hide(secret, (inner) => void found.push(inner));
  });
  return { text: shown, found: found.filter((secret) => secret !== "" && secret !== HIDDEN) };
}

function hide(text: string, found: (secret: string) => void): string {
  const take = takeInto(found);
  return scanLines(hidePairs(hideEncoded(hideShapes(text, take), take), take), take);
}

// ------------------------------------------------------------------------------------------------ base64

const ENCODED = /(?<![A-Za-z0-9+/=_-])[A-Za-z0-9+/_-]{24,}={0,2}(?![A-Za-z0-9+/=_-])/g;

/** A text in base64 that holds a secret, such as a configuration file. */
function hideEncoded(text: string, take: Take): string {
  return text.replace(ENCODED, (encoded) => {
    const plain = decoded(encoded);
    if (plain === undefined) return encoded;
    const inner = scan(plain).found;
    for (const secret of inner) take(secret);
    return inner.length > 0 ? take(encoded) : encoded;
  });
}

/** Undefined for what is no text. */
function decoded(encoded: string): string | undefined {
  const plain = Buffer.from(encoded, "base64").toString();
  return /\ufffd|(?!\s)\p{Cc}/u.test(plain) ? undefined : plain;
}

// ------------------------------------------------------------------------------------------------ lines

interface Assignment {
  readonly name: string;
  /** Where the name begins. */
  readonly start: number;
  /** Where the value begins, after blanks. */
  readonly value: number;
  /** `:` of YAML and the like; `=` also for `:=` and `=>`. */
  readonly sign: ":" | "=";
  /** `line`: nothing is before it but indentation, dashes and quotes; `flow`: it follows a bracket or comma. */
  readonly place: "line" | "flow" | "prose";
}

/** Lines below a secret name, which are its value or hold it. */
interface Block {
  /** Whether this line still belongs to it, and what of it is secret. */
  readonly part: (line: string) => "all" | "value" | "none" | "end";
  isShown: boolean;
}

const LONGEST_NAME = 200;
const LONGEST_GAP = 64;
const LONGEST_INDENT = 200;
/** Lines in which a quote is looked for that another one is to close. */
const MOST_QUOTED_LINES = 100;
/** Quotes, and the backslashes before them in a text within a text. */
const QUOTES = /[\s"'`\\]/;
/** A block scalar's header, or nothing. */
const BLOCK = /^(?:[|>][-+0-9]{0,2})?(?:\s*#.*)?$/;
const NAMED_LINE = /^\s*(?:- )?["']?([\w./-]{1,80})["']?\s*:(?:\s|$)/;
/** Words that messages use before a colon as well: `failed to fetch token: not found`. */
const PROSE = /^(?:tokens?|secrets?|credentials?)$/i;

function scanLines(text: string, take: Take): string {
  const given = text.split("\n");
  const shown: string[] = [];
  let block: Block | undefined;
  for (const [index, line] of given.entries()) {
    const part = block?.part(line) ?? "end";
    if (block !== undefined && part === "all") {
      const value = line.trim().replace(/^- /, "");
      // Without the quote that ends a text of several lines.
      for (const secret of new Set([value, value.replace(/["'`]+[;,]?$/, "")])) take(secret);
      if (!block.isShown) shown.push(`${" ".repeat(indentOf(line))}${HIDDEN}`);
      block.isShown = true;
      continue;
    }
    // Blank lines end no block.
    if (block !== undefined && line.trim() === "") continue;
    const scanned = scanLine(line, take, (quote) => closesLater(given, index, quote));
    shown.push(part === "value" && scanned.text === line ? withoutValue(line, take) : scanned.text);
    if (part === "end" || scanned.block !== undefined) block = scanned.block;
  }
  return shown.join("\n");
}

function closesLater(lines: readonly string[], from: number, quote: string): boolean {
  return lines.slice(from + 1, from + 1 + MOST_QUOTED_LINES).some((line) => line.includes(quote));
}

/** `root: hunter2` below `passwords:`. */
function withoutValue(line: string, take: Take): string {
  const head = NAMED_LINE.exec(line)?.[0] ?? "";
  const value = line.slice(head.length);
  const isOpen = isReference(value) || BLOCK.test(value.trim()) || /^\s*(?:true|false|[{[].*)$/i.test(value);
  return isOpen ? line : head + take(value);
}

function indentOf(line: string): number {
  return /^ */.exec(line)?.[0].length ?? 0;
}

/** What is indented deeper, such as a block scalar or the next line of a text. */
function deeper(indent: number, isShown: boolean): Block {
  return { part: (line) => (line.trim() === "" ? "none" : indentOf(line) > indent ? "all" : "end"), isShown };
}

/** Nothing stands behind the name: below is a text, a list or a map, whose names are asked themselves. */
function below(indent: number): Block {
  // A setting beside the secrets may be a map: annotations, labels.
  let setting = Number.POSITIVE_INFINITY;
  const part: Block["part"] = (line) => {
    if (line.trim() === "") return "none";
    const own = indentOf(line);
    // An item of a list may stand at its key's own indentation.
    if (own < indent || (own === indent && !/^\s*- /.test(line))) return "end";
    if (own > setting) return "none";
    const name = NAMED_LINE.exec(line)?.[1];
    setting = name !== undefined && isNameOfSetting(name) ? own : Number.POSITIVE_INFINITY;
    if (name === undefined) return "all";
    return setting === own ? "none" : "value";
  };
  return { part, isShown: false };
}

/** The next lines, up to the first of which this is true. */
function upTo(isLast: (line: string) => boolean): Block {
  let isOpen = true;
  const part: Block["part"] = (line) => {
    const belongs = isOpen;
    isOpen &&= !isLast(line);
    return belongs ? "all" : "end";
  };
  return { part, isShown: true };
}

interface ScannedLine {
  readonly text: string;
  readonly block?: Block;
}

function scanLine(line: string, take: Take, closes: (quote: string) => boolean): ScannedLine {
  let text = "";
  let at = 0;
  for (const assignment of assignments(line)) {
    const { name, start, value, sign, place } = assignment;
    if (start < at || !isSecretName(name)) continue;
    const indent = place === "line" && sign === ":" ? (/^ *(?:- )*/.exec(line)?.[0].length ?? 0) : undefined;
    const rest = line.slice(value);
    const header = rest.trim();
    if (indent !== undefined && BLOCK.test(header)) {
      const block = /^[|>]/.test(header) ? deeper(indent, false) : below(indent);
      return { text: text + hideFlags(line.slice(at), take), block };
    }
    const goesOn = place === "line" ? continuation(rest, sign, closes) : undefined;
    const length = goesOn === undefined ? valueLength(line, assignment) : rest.length;
    const secret = rest.slice(0, length);
    if (goesOn === undefined && isOpen(name, secret)) continue;
    text += hideFlags(line.slice(at, value), take) + take(secret);
    at = value + length;
    if (goesOn !== undefined) return { text, block: goesOn };
    // A plain or quoted text goes on below where that is indented deeper.
    if (indent !== undefined && at === line.length) return { text, block: deeper(indent, true) };
  }
  return { text: text + hideFlags(line.slice(at), take) };
}

function isOpen(name: string, secret: string): boolean {
  return isReference(secret) || (isSwitchName(name) && /^(?:true|false)\W*$/i.test(secret));
}

/** How the value goes on in the next lines: `\` at the end, three quotes, one quote that another line closes. */
function continuation(rest: string, sign: string, closes: (quote: string) => boolean): Block | undefined {
  if (/\\\s*$/.test(rest)) return upTo((line) => !/\\\s*$/.test(line));
  const triple = /^(?:"""|''')/.exec(rest)?.[0];
  if (triple !== undefined) return rest.indexOf(triple, 3) >= 0 ? undefined : upTo((line) => line.includes(triple));
  const quote = /^["'`]/.exec(rest)?.[0];
  const isWhole = quote === undefined || sign === ":" || rest.indexOf(quote, 1) >= 0;
  return isWhole || !closes(quote) ? undefined : upTo((line) => line.includes(quote));
}

function valueLength(line: string, { name, start, value, sign, place }: Assignment): number {
  const rest = line.slice(value);
  const quoted = quotedLength(rest);
  if (quoted !== undefined) return quoted;
  if (place === "prose" && (sign !== ":" || PROSE.test(name))) return /^\S*/.exec(rest)?.[0].length ?? 0;
  // 'Authorization: token hunter2': the quote is around both.
  const around = /["'`]/.exec(line.charAt(start - 1))?.[0];
  const isAround = around !== undefined && line.charAt(start + name.length) !== around;
  const end = isAround ? rest.indexOf(around) : -1;
  return end >= 0 ? end : rest.length;
}

function* assignments(line: string): Generator<Assignment> {
  for (const { 0: written, index } of line.matchAll(/::?=?|=+>?|\uff1a/g)) {
    const end = back(line, index, LONGEST_GAP, QUOTES);
    const start = back(line, end, LONGEST_NAME, /[\w.-]/);
    if (start === end) continue;
    const from = index + written.length;
    let value = from;
    while (value - from <= LONGEST_GAP && /[ \t]/.test(line.charAt(value))) value++;
    const sign = written.endsWith("=") || written.endsWith(">") ? "=" : ":";
    yield { name: line.slice(start, end), start, value, sign, place: placeOf(line, start) };
  }
}

function placeOf(line: string, start: number): Assignment["place"] {
  if (start <= LONGEST_INDENT && /^[\s"'`\\-]*$/.test(line.slice(0, start))) return "line";
  return /[{,[]/.test(line.charAt(back(line, start, LONGEST_GAP, QUOTES) - 1)) ? "flow" : "prose";
}

/** `--password x`, where no sign stands between the two. */
function hideFlags(text: string, take: Take): string {
  let done = "";
  let at = 0;
  for (const { 0: flag, 1: name = "", index } of text.matchAll(/(?<![\w-])--?([a-zA-Z][\w.-]{0,79})[ \t]{1,8}(?!-)/g)) {
    if (index < at || !isSecretName(name)) continue;
    const from = index + flag.length;
    const length = quotedLength(text.slice(from)) ?? /^\S*/.exec(text.slice(from))?.[0].length ?? 0;
    if (isReference(text.slice(from, from + length))) continue;
    done += text.slice(at, from) + take(text.slice(from, from + length));
    at = from + length;
  }
  return done + text.slice(at);
}
