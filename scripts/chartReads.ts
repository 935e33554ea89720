import { readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { compareCharts, isChartVersion } from "../upgrade/charts/versions";
import { readsOf, readsTable } from "./readsTable";

const TABLE = join(__dirname, "..", "upgrade", "values", "tables", "readsByChart.json");
const USAGE =
  "Usage: npm run chart:reads -- FOLDER, with each public chart release unpacked in FOLDER/milvus-VERSION, from 3.0.0 on";
const PREFIX = "milvus-";

/** Writes upgrade/values/tables/readsByChart.json from the templates of every chart release. */
function main([folder]: readonly string[]): void {
  if (folder === undefined) throw new Error(USAGE);
  const charts = readdirSync(folder)
    .map((name) => (name.startsWith(PREFIX) ? name.slice(PREFIX.length) : ""))
    .filter((version) => isChartVersion(version))
    .toSorted(compareCharts);
  if (charts.length === 0) throw new Error(`${folder} has no chart. ${USAGE}`);
  const releases = charts.map((chart) => ({ chart, reads: readsOf(templates(join(folder, `${PREFIX}${chart}`))) }));
  // Renamed into place: a run that is killed leaves the old file whole.
  writeFileSync(`${TABLE}.new`, readsTable(releases));
  renameSync(`${TABLE}.new`, TABLE);
  console.log(`${charts.length} charts, ${charts[0] ?? ""} to ${charts.at(-1) ?? ""}`);
}

/** NOTES.txt is text for people. */
function templates(chart: string): string[] {
  return readdirSync(join(chart, "templates"), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== "NOTES.txt")
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), "utf8"));
}

main(process.argv.slice(2));
