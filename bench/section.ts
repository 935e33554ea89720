import { table } from "../cli/format/table";

/** Rows of text under a head; the first column names what was measured. */
export interface BenchTable {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** What one part of the benchmark found. */
export interface Findings {
  /** What was compared, and how; a paragraph each. */
  readonly about: readonly string[];
  readonly tables: readonly BenchTable[];
  /** What has to be known to read the tables. */
  readonly notes: readonly string[];
  /** Pictures beside the document; missing: none. */
  readonly plots?: readonly Plot[];
}

export interface Plot {
  /** Of the file, without folder and ending. */
  readonly name: string;
  readonly title: string;
  readonly svg: string;
}

/** From the folder of the document. */
export function plotFile({ name }: Plot): string {
  return `benchmarks/${name}.svg`;
}

export interface Section extends Findings {
  readonly name: string;
  readonly title: string;
  /** Machine, versions, day and commit, in one line. */
  readonly stamp: string;
}

export function sectionText({ title, about, tables, notes }: Section): string {
  const parts = [title, ...about, ...tables.map(({ head, rows }) => table([head, ...rows]).join("\n"))];
  return [...parts, ...(notes.length > 0 ? [notes.map((note) => `- ${note}`).join("\n")] : [])].join("\n\n");
}

export function sectionMarkdown({ title, about, tables, notes, stamp, plots = [] }: Section): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  const drawn = tables.map(({ head, rows }) =>
    [line(head), line(head.map((_, column) => (column === 0 ? "---" : "---:"))), ...rows.map(line)].join("\n"),
  );
  const said = notes.length > 0 ? [notes.map((note) => `- ${note}`).join("\n")] : [];
  const shown = plots.map((plot) => `![${plot.title}](${plotFile(plot)})`);
  return [`## ${title}`, ...about, ...drawn, ...shown, ...said, `*${stamp}*`].join("\n\n");
}

/**
 * The document with this section written anew, in its place between its two marks; all else stays as it is.
 *
 * @throws when the document has no place for it
 */
export function withSection(document: string, name: string, markdown: string): string {
  const begin = `<!-- bench: ${name} -->`;
  const end = `<!-- end of bench: ${name} -->`;
  const [before, rest] = split(document, begin);
  const [, after] = split(rest, end);
  return `${before}${begin}\n${markdown}\n${end}${after}`;
}

function split(text: string, mark: string): readonly [string, string] {
  const at = text.indexOf(mark);
  if (at < 0) throw new Error(`docs/benchmarks.md has no line ${mark}; put it where the section belongs.`);
  return [text.slice(0, at), text.slice(at + mark.length)];
}
