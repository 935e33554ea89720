/** Stands where a secret was. */
export const HIDDEN = "(hidden)";

/** Keeps what was found, and gives what is shown instead, in the same quotes. */
export type Take = (secret: string) => string;

export function takeInto(found: (secret: string) => void): Take {
  return (secret) => {
    const quote = /^\\*["'`]/.exec(secret)?.[0] ?? "";
    const isClosed = quote !== "" && secret.length > quote.length && secret.endsWith(quote);
    found(secret.slice(quote.length, isClosed ? -quote.length : undefined));
    return `${quote}${HIDDEN}${isClosed ? quote : ""}`;
  };
}

const MOST_SLASHES = 80;

/** With both quotes, or to the end where the second is missing; undefined for what is not quoted. */
export function quotedLength(rest: string): number | undefined {
  const opening = /^\\*["'`]/.exec(rest)?.[0];
  if (opening === undefined) return undefined;
  for (let at = rest.indexOf(opening, opening.length); at >= 0; at = rest.indexOf(opening, at + 1)) {
    // A backslash more than the opening has keeps the quote inside.
    const slashes = at - back(rest, at, MOST_SLASHES, /\\/);
    if (slashes % 2 === 0) return at + opening.length;
  }
  return rest.length;
}

/** The place before `at` from where on every character is such a one; not farther back than `most`. */
export function back(line: string, at: number, most: number, such: RegExp): number {
  let start = at;
  while (start > 0 && at - start < most && such.test(line.charAt(start - 1))) start--;
  return start;
}

/** What is put in later, from elsewhere: `$(NAME)`, `${NAME}`, `{{ .Values.name }}`; one with a default is none. */
const REFERENCE = /^["']?(?:\$\([\w.-]+\)|\$\{[\w.]+\}|\{\{-? ?[.$][\w.]* ?-?\}\})["']?[\s,;}\])]*$/;
const NOTHING = /^(?:null|~|nil|<nil>|""|''|\\"\\")?[\s,;}\])]*$/;

/** True for a text that only says where the secret comes from, or that there is none. */
export function isReference(value: string): boolean {
  return REFERENCE.test(value) || NOTHING.test(value);
}
