import { createHash } from "node:crypto";
import { type Cell, cellName } from "./cell";
import { FAULTS } from "./faults";
import { type ChaosStep, PLANS } from "./plans";
import type { Random } from "./random";

/**
 * Every step of every kind of plan × every fault that can hit it. First one step for each fault and plan, another for
 * each fault; then the rest: a run that is cut short has seen everything once.
 */
export function allCells(): Cell[] {
  const cells = FAULTS.flatMap((fault, turn) =>
    PLANS.flatMap((plan) => {
      const steps = plan.steps.filter((step) => fault.hits(plan, step));
      return steps.map((_, at) => ({ plan, fault, round: at, step: steps[(at + turn) % steps.length] as ChaosStep }));
    }),
  );
  return cells.sort((a, b) => a.round - b.round).map(({ plan, step, fault }) => ({ plan, step, fault }));
}

export function selectCells(only: string | undefined): Cell[] {
  const pattern = new RegExp(only ?? "");
  return allCells().filter((cell) => pattern.test(cellName(cell)));
}

/** A few cells, each with another fault and, as far as there are enough, another plan. */
export function sampleCells(count: number, random: Random): Cell[] {
  const chosen: Cell[] = [];
  for (const cell of random.shuffled(allCells())) {
    const isNew = chosen.every(({ fault, plan }) => fault !== cell.fault && plan !== cell.plan);
    if (isNew && chosen.length < count) {
      chosen.push(cell);
    }
  }
  return chosen;
}

/** Any plan, hit one to three times in a row. */
export function randomCell(random: Random): Cell {
  const plan = random.pick(PLANS);
  const hit = () => {
    const step = random.pick(plan.steps);
    return { step, fault: random.pick(FAULTS.filter((fault) => fault.hits(plan, step))) };
  };
  return { plan, ...hit(), more: Array.from({ length: random.below(3) }, hit) };
}

/** Of the cell's name: with the seed it decides all chance in the cell, so that one cell can be run again by itself. */
export function hashOf(cell: Cell): number {
  return createHash("sha256").update(cellName(cell)).digest().readInt32LE();
}
