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

/** By name; `scale` stands for all whose names begin so. With a scene: those that have it. */
export function chooseParts(only: string | undefined, scene?: string): readonly Part[] {
  const chosen = only === undefined ? PARTS : only.split(",").flatMap(named);
  if (scene === undefined) return chosen;
  const found = chosen.filter(({ scenes = [] }) => scenes.includes(scene));
  const there = chosen.flatMap(({ name, scenes = [] }) => scenes.map((each) => `${each} (${name})`));
  if (found.length === 0) throw new Error(`no scene ${scene}; there are ${there.join(", ") || "none in these parts"}`);
  return found;
}

function named(name: string): readonly Part[] {
  const found = PARTS.filter((part) => part.name === name || part.name.startsWith(`${name}-`));
  if (found.length === 0) throw new Error(`no part ${name}; there are ${PARTS.map((part) => part.name).join(", ")}`);
  return found;
}
