import { type Event, happen, type Violation, violationAfter } from "./events";
import type { Program, UpResult } from "./run";
import { World } from "./world";

export interface History {
  readonly lines: readonly string[];
  readonly results: readonly UpResult[];
  readonly violation?: Violation;
  readonly world: World;
}

/** A Milvus 2.1.4 with two collections, what happens to it, and what is violated first. */
export async function runHistory(events: readonly Event[], program: Program): Promise<History> {
  const world = new World();
  const lines: string[] = [];
  const results: UpResult[] = [];
  world.install("2.1.4", { isNewEtcd: true });
  world.write("create", 0);
  world.write("create", 0);
  for (const event of events) {
    const happened = await happen(world, program, event);
    if (happened === undefined) continue;
    lines.push(`${lines.length + 1}. ${happened.line}`);
    if (happened.result) results.push(happened.result);
    const violation = violationAfter(world, happened.result);
    if (violation) return { lines, results, violation, world };
  }
  return { lines, results, world };
}
