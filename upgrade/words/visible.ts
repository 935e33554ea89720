/**
 * The border between what this program says and what others have written: names, events, logs, ids, values. Every output lets text
 * through here once. What a terminal or a reader would take for something else than a character does not pass.
 */

/** Ends of lines and the like, with what indents the next one: by one of them foreign text would begin a line of its own. */
const BREAKS = /[\t\n\v\f\r\u0085\u2028\u2029][\t\n\v\f\r\u0085\u2028\u2029 ]*/g;
/** Control characters, escape sequences with them, direction overrides, characters without width, halves of characters. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Cs}]/gu;

/** Text within a line of ours. */
export function oneLine(text: string): string {
  return spelledOut(text.replace(BREAKS, " "));
}

/** Text whose lines are ours, such as a message with its remedy. */
export function severalLines(text: string): string {
  return text.replaceAll("\r\n", "\n").split("\n").map(oneLine).join("\n");
}

/** A tree of data with every text in it on one line. */
export function onOneLine<T>(tree: T): T {
  return mapped(tree) as T;
}

function mapped(tree: unknown): unknown {
  if (typeof tree === "string") return oneLine(tree);
  if (Array.isArray(tree)) return tree.map(mapped);
  if (typeof tree !== "object" || tree === null) return tree;
  return Object.fromEntries(Object.entries(tree).map(([key, value]) => [key, mapped(value)]));
}

/** `\u{1b}` for an escape. */
function spelledOut(text: string): string {
  return text.replace(INVISIBLE, (found) => `\\u{${(found.codePointAt(0) ?? 0).toString(16)}}`);
}
