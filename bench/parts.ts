import { downtime } from "./downtime";
import { downtimePulls } from "./downtimePulls";
import { fleet } from "./fleet";
import { metadataScript } from "./metadataScript";
import { overhead } from "./overhead";
import type { Part } from "./part";
import { planning } from "./planning";
import { rolling } from "./rolling";
import { scaleFleet } from "./scaleFleet";
import { scalePods } from "./scalePods";
import { startup } from "./startup";

export const PARTS: readonly Part[] = [
  downtime,
  downtimePulls,
  metadataScript,
  rolling,
  overhead,
  startup,
  planning,
  scalePods,
  scaleFleet,
  fleet,
];

/** By name; `scale` stands for all whose names begin so. */
export function chooseParts(only: string | undefined): readonly Part[] {
  if (only === undefined) return PARTS;
  return only.split(",").flatMap((name) => {
    const found = PARTS.filter((part) => part.name === name || part.name.startsWith(`${name}-`));
    if (found.length === 0) throw new Error(`no part ${name}; there are ${PARTS.map((part) => part.name).join(", ")}`);
    return found;
  });
}
