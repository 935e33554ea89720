import { isSecretName, isSwitchName } from "./names";

/** Stands where a secret was. */
export const HIDDEN = "(hidden)";

/** A text without what looks like a password, key or token, and what that was. */
export interface Scanned {
  readonly text: string;
  readonly found: readonly string[];
}

/**
 * What needs no name beside it to be seen as secret. No pattern may begin in the middle of what it repeats (hence the
 * lookbehinds), so that each reads a text once, however hostile it is.
 */
const SHAPES: readonly RegExp[] = [
  /-----BEGIN [A-Z ]{1,40}-----[\s\S]*?(?:-----END [A-Z ]{1,40}-----|$)/g,
  // The same in base64.
  /(?<![A-Za-z0-9+/])LS0tLS1CRUdJTi[A-Za-z0-9+/=]*/g,
  /(?<=\b(?:bearer|basic)[ \t])[A-Za-z0-9+/_.~=-]{8,}/gi,
  // A JSON web token.
  /(?<![\w-])eyJ[\w-]+\.[\w-]+\.[\w-]*/g,
  /(?<![A-Z0-9])(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Z0-9])/g,
];

/** Keeps what was found, and gives what is shown instead, in the same quotes. */
type Take = (secret: string) => string;

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
  const take: Take = (secret) => {
    const quote = /^\\*["'`]/.exec(secret)?.[0] ?? "";
    const isClosed = quote !== "" && secret.length > quote.length && secret.endsWith(quote);
    found(secret.slice(quote.length, isClosed ? -quote.length : undefined));
    return `${quote}${HIDDEN}${isClosed ? quote : ""}`;
  };
  const shaped = SHAPES.reduce((rest, shape) => rest.replace(shape, take), text);
  return scanLines(hideUserInformation(shaped, take), take);
}

// ------------------------------------------------------------------------------------------------ URLs

/** `user:password@` between `://` and the host. A password may hold a slash: what is no port number is one. */
function hideUserInformation(text: string, take: Take): string {
  const [first = "", ...rest] = text.split("://");
  return rest.reduce((done, part) => {
    const run = /^[^\s"'<>`]*/.exec(part)?.[0] ?? "";
    const authority = /^[^/?#]*/.exec(run)?.[0] ?? "";
    const hasNoPort = /^[^:[@]*:(?!\d+(?:\W|$)|[${]|$)/.test(authority);
    const end = hasNoPort ? run.lastIndexOf("@") : authority.lastIndexOf("@");
    if (end >= 0) {
      // The password is a secret without the user as well.
      const colon = part.slice(0, end).indexOf(":");
      if (colon >= 0) take(part.slice(colon + 1, end));
      return `${done}://${take(part.slice(0, end))}${part.slice(end)}`;
    }
    return `${done}://${hasNoPort ? take(authority) : authority}${part.slice(authority.length)}`;
  }, first);
}

// ------------------------------------------------------------------------------------------------ lines

interface Assignment {
  readonly name: string;
  /** Where the name begins. */
  readonly start: number;
  /** Where the value begins, after blanks. */
  readonly value: number;
  readonly sign: string;
  /** `line`: nothing is before it but indentation, dashes and quotes; `flow`: it follows a bracket or comma. */
  readonly place: "line" | "flow" | "prose";
}

/** Lines below a secret name, which are its value while they are indented deeper. */
interface Block {
  readonly indent: number;
  /** Nothing stands behind the name: what is below may be a map, whose names are asked themselves. */
  readonly mayBeMap: boolean;
  isShown: boolean;
}

const LONGEST_NAME = 80;
const LONGEST_GAP = 8;
const LONGEST_INDENT = 200;
/** Quotes, and the backslashes before them in a text within a text. */
const QUOTES = /[\s"'`\\]/;
/** A block scalar's header, or nothing. */
const BLOCK = /^(?:[|>][-+0-9]{0,2})?(?:\s*#.*)?$/;
const NAMED_LINE = /^\s*(?:- )?["']?[\w./-]{1,80}["']?\s*:(?:\s|$)/;
/** What is put in later, from elsewhere: `$(NAME)`, `${NAME}`, `{{ .Values.name }}`. */
const REFERENCE = /^["']?(?:\$\([\w.-]+\)|\$\{[\w.-]+\}|\{\{-? ?[.$][\w.]* ?-?\}\})["']?[\s,;}\])]*$/;
const NOTHING = /^(?:null|~|nil|<nil>|""|''|\\"\\")?[\s,;}\])]*$/;
/** Words that messages use before a colon as well: `failed to fetch token: not found`. */
const PROSE = /^(?:tokens?|secrets?|credentials?|authorization)$/i;

/** True for a text that only says where the secret comes from, or that there is none. */
export function isReference(value: string): boolean {
  return REFERENCE.test(value) || NOTHING.test(value);
}

function scanLines(text: string, take: Take): string {
  const lines: string[] = [];
  let block: Block | undefined;
  for (const line of text.split("\n")) {
    if (block !== undefined && belongsTo(line, block)) {
      take(line.trim().replace(/^- /, ""));
      if (!block.isShown) lines.push(`${" ".repeat(indentOf(line))}${HIDDEN}`);
      block.isShown = true;
      continue;
    }
    // Blank lines end no block.
    if (block === undefined || line.trim() !== "") {
      const scanned = scanLine(line, take);
      block = scanned.block;
      lines.push(scanned.text);
    }
  }
  return lines.join("\n");
}

function belongsTo(line: string, { indent, mayBeMap }: Block): boolean {
  if (line.trim() === "") return false;
  if (!mayBeMap) return indentOf(line) > indent;
  // An item of a list may stand at its key's own indentation.
  return (indentOf(line) > indent || /^\s*- /.test(line)) && !NAMED_LINE.test(line);
}

function indentOf(line: string): number {
  return /^ */.exec(line)?.[0].length ?? 0;
}

function scanLine(line: string, take: Take): { readonly text: string; readonly block?: Block } {
  let text = "";
  let at = 0;
  for (const { name, start, value, sign, place } of assignments(line)) {
    if (start < at || !isSecretName(name)) continue;
    const indent = place === "line" && sign === ":" ? (/^ *(?:- )*/.exec(line)?.[0].length ?? 0) : undefined;
    const rest = line.slice(value);
    const header = rest.trim();
    if (indent !== undefined && BLOCK.test(header)) {
      const mayBeMap = !/^[|>]/.test(header);
      return { text: text + hideFlags(line.slice(at), take), block: { indent, mayBeMap, isShown: false } };
    }
    const toEnd = place !== "prose" || (sign === ":" && !PROSE.test(name));
    const length = quotedLength(rest) ?? (toEnd ? rest.length : (/^\S*/.exec(rest)?.[0].length ?? 0));
    const secret = rest.slice(0, length);
    if (isReference(secret) || (isSwitchName(name) && /^(?:true|false)\W*$/i.test(secret))) continue;
    text += hideFlags(line.slice(at, value), take) + take(secret);
    at = value + length;
    // A plain or quoted text goes on below where that is indented deeper.
    if (indent !== undefined && at === line.length) return { text, block: { indent, mayBeMap: false, isShown: true } };
  }
  return { text: text + hideFlags(line.slice(at), take) };
}

/** Every `name: value` and `name=value`, found by its sign and read backwards from there. */
function* assignments(line: string): Generator<Assignment> {
  for (const { 0: sign, index } of line.matchAll(/[:=]/g)) {
    const end = back(line, index, LONGEST_GAP, QUOTES);
    const start = back(line, end, LONGEST_NAME, /[\w.-]/);
    if (start === end) continue;
    let value = index + 1;
    while (value - index <= LONGEST_GAP && /[ \t]/.test(line.charAt(value))) value++;
    yield { name: line.slice(start, end), start, value, sign, place: placeOf(line, start) };
  }
}

/** The place before `at` from where on every character is such a one; not farther back than `most`. */
function back(line: string, at: number, most: number, such: RegExp): number {
  let start = at;
  while (start > 0 && at - start < most && such.test(line.charAt(start - 1))) start--;
  return start;
}

function placeOf(line: string, start: number): Assignment["place"] {
  if (start <= LONGEST_INDENT && /^[\s"'`\\-]*$/.test(line.slice(0, start))) return "line";
  return /[{,[]/.test(line.charAt(back(line, start, LONGEST_GAP, QUOTES) - 1)) ? "flow" : "prose";
}

/** With both quotes, or to the end where the second is missing; undefined for what is not quoted. */
function quotedLength(rest: string): number | undefined {
  const opening = /^\\*["'`]/.exec(rest)?.[0];
  if (opening === undefined) return undefined;
  for (let at = rest.indexOf(opening, opening.length); at >= 0; at = rest.indexOf(opening, at + 1)) {
    // A backslash more than the opening has keeps the quote inside.
    const slashes = at - back(rest, at, LONGEST_NAME, /\\/);
    if (slashes % 2 === 0) return at + opening.length;
  }
  return rest.length;
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
