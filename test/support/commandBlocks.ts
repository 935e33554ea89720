import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const root = join(__dirname, "..", "..");

/** A fenced block of a document. */
export interface Block {
  /** From the project's folder: `docs/ci.md`. */
  readonly file: string;
  readonly line: number;
  /** `sh`, `yaml`, `text`. */
  readonly language: string;
  readonly text: string;
}

/** Every document for users. */
export const DOCUMENTS: readonly string[] = [
  "README.md",
  join("examples", "README.md"),
  ...readdirSync(join(root, "docs"))
    .filter((name) => name.endsWith(".md"))
    .map((name) => join("docs", name)),
];

export function blocksOf(file: string): Block[] {
  const text = readFileSync(join(root, file), "utf8");
  return [...text.matchAll(/^```(\w*)\n(.*?)^```/gms)].map((match) => ({
    file,
    line: text.slice(0, match.index).split("\n").length,
    language: match[1] ?? "",
    text: match[2] ?? "",
  }));
}

/** Blocks of commands. */
export function commandBlocks(): Block[] {
  return DOCUMENTS.flatMap(blocksOf).filter(({ language }) => language === "sh");
}

/** Commands, those over several lines as one, without comments and empty lines. */
export function commandsOf({ text }: Block): string[] {
  return text
    .replace(/\\\n\s*/g, "")
    .split("\n")
    .map((line) => line.replace(/\s+# .*$/, "").trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
}
