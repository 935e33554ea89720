import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Snapshot } from "../../../verify/snapshot";

/** Taken from real servers, one after the other on the same data: 2.2.16, then 2.3.5. */
const recorded = (name: string) =>
  JSON.parse(readFileSync(join(__dirname, "..", "..", "fixtures", "snapshots", `${name}.json`), "utf8")) as Snapshot;

export const before2216 = recorded("milvus-2.2.16");
export const after235 = recorded("milvus-2.3.5");
