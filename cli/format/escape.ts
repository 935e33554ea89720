/** Text of others in Markdown, as GitHub and GitLab read it. All of it is on one line already (`onOneLine`). */

/** A Helm value may be a book. */
const LONGEST_CODE = 200;
const LONGEST_PROSE = 1000;
/** Not seen, and no part of a word: a host then finds neither a mention nor a reference. None comes with the text. */
const GAP = "\u200b";

/** A sentence, or a part of one: no markup, HTML, link, mention, reference or command of the host is in it. */
export function prose(text: string): string {
  return (
    cut(text, LONGEST_PROSE)
      .trim()
      .replace(/[\\`*[\]{}<>~|]/g, "\\$&")
      .replace(/&(?=\d)/g, `&${GAP}`)
      // Within a word it is one: only_the_approved_plan_is_run.
      .replace(/(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])/g, "\\_")
      .replace(/(https?|ftp):(?=\/\/)/gi, "$1\\:")
      .replace(/www\./gi, (found) => `${found.slice(0, 3)}\\.`)
      // @team, #12, !12, ~label, $1, %1: people are told, and other pages link here.
      .replace(/[@#!~$%](?=\S)/g, (found) => `${found === "#" || found === "!" ? "\\" : ""}${found}${GAP}`)
      .replace(/\bGH-(?=\d)/gi, (found) => `${found.slice(0, 2)}${GAP}-`)
      // What begins a list, a heading, a line or a command of GitLab where the text begins a line.
      .replace(/^(?:[-+=#/:]|\d+(?=[.)]))/, (found) => (/\d/.test(found) ? `${found}${GAP}` : `\\${found}`))
      .replaceAll("&", "&amp;")
      .replaceAll(GAP, "&#8203;")
  );
}

/** What is to be read, or copied, character by character. */
export function code(text: string): string {
  const shown = cut(text, LONGEST_CODE).replaceAll("`", "'");
  return shown.trim() === "" ? "` `" : `\`${shown}\``;
}

/** The same in a table, where a bar ends the cell even within code, and a backslash before it hides that. */
export function codeCell(text: string): string {
  return code(text).replace(/\\*\|/g, (found) => `${found.slice(0, -1)}${found.length > 1 ? " " : ""}\\|`);
}

/** A block of lines, with a fence longer than any in them. */
export function fenced(lines: readonly string[], language = "diff"): string {
  const text = lines.join("\n");
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  return `${fence}${language}\n${text}\n${fence}`;
}

export function cutCode(text: string): string {
  return cut(text, LONGEST_CODE);
}

/** Never in the middle of a character. */
function cut(text: string, longest: number): string {
  if (text.length <= longest) return text;
  return `${text.slice(0, longest).replace(/[\ud800-\udbff]$/, "")}…`;
}
