/**
 * `npm run bench`: measures this program beside what people use today, prints tables, and writes them to
 * docs/benchmarks.md. `--only overhead,planning` runs parts of it, `--no-write` leaves the document as it is, `--quick`
 * measures once and small, and writes nothing. `--scene roll` measures one scene of a part that has several, and writes nothing.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { projectFolder } from "../sandbox/folders";
import { stamp } from "./environment";
import { chooseParts } from "./parts";
import { plotFile, sectionMarkdown, sectionText, withSection } from "./section";

const DOCUMENT = path.join(projectFolder, "docs", "benchmarks.md");

async function main(): Promise<void> {
  const { values: flags } = parseArgs({
    options: {
      only: { type: "string" },
      quick: { type: "boolean", default: false },
      scene: { type: "string" },
      "no-write": { type: "boolean", default: false },
    },
  });
  const { scene } = flags;
  for (const part of chooseParts(flags.only, scene)) {
    const providers = new Set<string>();
    const findings = await part.run({
      log: (line) => process.stderr.write(`  ${line}\n`),
      quick: flags.quick,
      ...(scene !== undefined && { scene }),
      usedProvider: (description) => void providers.add(description),
    });
    const { name, title } = part;
    const section = { ...findings, name, title, stamp: await stamp([...providers].join(", ") || undefined) };
    process.stdout.write(`\n${sectionText(section)}\n\n${section.stamp}\n`);
    if (!flags["no-write"] && !flags.quick && scene === undefined) {
      for (const plot of section.plots ?? []) {
        const file = path.join(path.dirname(DOCUMENT), plotFile(plot));
        mkdirSync(path.dirname(file), { recursive: true });
        writeFileSync(file, plot.svg);
      }
      writeFileSync(DOCUMENT, withSection(readFileSync(DOCUMENT, "utf8"), name, sectionMarkdown(section)));
    }
  }
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`error: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  },
);
