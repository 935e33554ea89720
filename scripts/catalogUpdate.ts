import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { ARCHIVED_REPOSITORY, CURRENT_REPOSITORY } from "../upgrade/charts/choice";
import { MINOR_ORDER } from "../upgrade/hops/rules";
import { CHART_RELEASES, type ChartRelease } from "../upgrade/versions/releases";
import { minorOf } from "../upgrade/versions/versions";
import { type CatalogueChange, compareCatalogues, formatCatalogue, mergeIndexes, readIndex } from "./chartIndex";

const CATALOGUE = join(__dirname, "..", "upgrade", "versions", "catalogue.json");
const TIMEOUT_SECONDS = 60;
const USAGE = "Usage: npm run catalog:update -- [--file INDEX.YAML] [--check]";

/** Brings upgrade/versions/catalogue.json up to date with the public repositories, or with an index given as a file. */
async function main(): Promise<void> {
  const { values } = parseArgs({ options: { file: { type: "string" }, check: { type: "boolean", default: false } } });
  const texts = values.file === undefined ? await fetchIndexes() : [readFileSync(values.file, "utf8")];
  const releases = mergeIndexes(texts.map(readIndex));
  const change = compareCatalogues(CHART_RELEASES, releases);
  console.log(describeChange(change, releases));
  if (isEmpty(change)) return;
  if (values.check) {
    process.exitCode = 1;
    return;
  }
  // Renamed into place: a run that is killed leaves the old file whole.
  writeFileSync(`${CATALOGUE}.new`, formatCatalogue(releases));
  renameSync(`${CATALOGUE}.new`, CATALOGUE);
}

async function fetchIndexes(): Promise<string[]> {
  // The current repository lists everything that the archived one does; its word counts.
  return Promise.all([CURRENT_REPOSITORY, ARCHIVED_REPOSITORY].map(fetchIndex));
}

async function fetchIndex(repository: string): Promise<string> {
  const url = new URL("index.yaml", repository);
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_SECONDS * 1000) });
    if (!response.ok) throw new Error(`it answers ${response.status} ${response.statusText}`);
    return await response.text();
  } catch (error) {
    const cause = error instanceof Error ? (error.cause ?? error) : error;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Error(
      `${url.href} cannot be read: ${why}. Without a way to it, give the file by hand: npm run catalog:update -- --file index.yaml`,
      { cause: error },
    );
  }
}

function isEmpty({ added, withdrawn, changed }: CatalogueChange): boolean {
  return added.length + withdrawn.length + changed.length === 0;
}

function describeChange(change: CatalogueChange, releases: readonly ChartRelease[]): string {
  const line = (what: string) => (release: ChartRelease) =>
    `${what} chart ${release.chart}: Milvus ${release.milvus}, ${release.date}`;
  const newMinors = new Set(
    change.added.map(({ milvus }) => minorOf(milvus)).filter((it) => !MINOR_ORDER.includes(it)),
  );
  return [
    ...change.added.map(line("new:")),
    ...change.changed.map(line("changed:")),
    ...change.withdrawn.map(line("withdrawn:")),
    ...[...newMinors].map(
      (minor) => `Milvus ${minor} has no rules yet: it is refused until upgrade/hops/rules.ts knows it.`,
    ),
    `${releases.length} chart releases, the newest ${releases[0]?.chart ?? "none"}; ${isEmpty(change) ? "nothing new" : `${change.added.length} new`}.`,
  ].join("\n");
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : String(error));
  if ((error as { code?: string }).code?.startsWith("ERR_PARSE_ARGS")) console.error(USAGE);
  process.exitCode = 1;
});
