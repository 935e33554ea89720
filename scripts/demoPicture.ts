import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const DOCS = join(__dirname, "..", "docs");
export const DEMO_DOCUMENT = join(DOCS, "demo.md");
export const DEMO_PICTURE = join(DOCS, "demo.svg");

/** The acts that are shown: the changed line, the preview, the run, the comparison. */
const SHOWN = [3, 4, 5, 6];
/** Longer lines are cut. */
const COLUMNS = 112;
const LINE = 18;
const CHARACTER = 7.8;
const COLOURS = { heading: "#7ee787", value: "#d2a8ff", step: "#79c0ff", text: "#e6edf3", quiet: "#8b949e" };

/** A terminal with what the demo prints, as SVG; from the block in docs/demo.md, which is what a run has printed. */
export function demoPicture(document: string): string {
  const printed = /^```text\n(.*?)^```/ms.exec(document)?.[1] ?? "";
  const acts = printed.split(/\n(?=\d+\. )/).filter((act) => SHOWN.some((number) => act.startsWith(`${number}. `)));
  if (acts.length !== SHOWN.length) throw new Error(`${DEMO_DOCUMENT} does not have the acts ${SHOWN.join(", ")}`);
  const lines = acts.flatMap((act) => [...act.trimEnd().split("\n"), ""]).slice(0, -1);
  const width = Math.ceil(COLUMNS * CHARACTER) + 40;
  const height = lines.length * LINE + 60;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="What the demo prints">`,
    `<rect width="100%" height="100%" rx="8" fill="#0d1117"/>`,
    ...["#ff5f56", "#ffbd2e", "#27c93f"].map(
      (colour, index) => `<circle cx="${24 + index * 20}" cy="22" r="6" fill="${colour}"/>`,
    ),
    `<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, monospace" font-size="13" xml:space="preserve">`,
    ...lines.map(
      (line, index) => `<text x="20" y="${56 + index * LINE}" fill="${colourOf(line)}">${escaped(cut(line))}</text>`,
    ),
    "</g>",
    "</svg>",
    "",
  ].join("\n");
}

function colourOf(line: string): string {
  if (/^\d+\. /.test(line)) return COLOURS.heading;
  if (/^ {2}values /.test(line)) return COLOURS.value;
  if (/^ +[\d.]+ s {2}|^ {2}(create|import|update) /.test(line)) return COLOURS.step;
  return /^ {2}…$/.test(line) ? COLOURS.quiet : COLOURS.text;
}

const cut = (line: string) => (line.length > COLUMNS ? `${line.slice(0, COLUMNS - 1)}…` : line);

const escaped = (text: string) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");

if (require.main === module) writeFileSync(DEMO_PICTURE, demoPicture(readFileSync(DEMO_DOCUMENT, "utf8")));
