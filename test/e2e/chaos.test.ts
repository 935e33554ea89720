import { expect } from "chai";
import { type CellResult, cellName, runCell } from "../chaos/cell";
import { type ChaosBed, startChaosBed } from "../chaos/chaosBed";
import { hashOf, sampleCells } from "../chaos/matrix";
import { seeded } from "../chaos/random";

/** The same cells unless another seed is given: what guards a change must not fail by chance. `npm run chaos` explores. */
const SEED = Number(process.env.MILVUS_CHAOS_SEED ?? 3);
const CELLS = 3;

describe(`a sample of the fault matrix (MILVUS_CHAOS_SEED=${SEED})`, () => {
  let chaos: ChaosBed;

  before(async () => {
    chaos = await startChaosBed();
  });
  after(() => chaos.stop());

  for (const cell of sampleCells(CELLS, seeded(SEED))) {
    it(`${cellName(cell)}: the next up converges, and nothing is lost or left over`, async function () {
      const result: CellResult = await runCell(chaos, cell, seeded(SEED ^ hashOf(cell)));
      if (result.verdict === "skipped") {
        process.stdout.write(`      SKIPPED: ${result.struck}\n`);
        this.skip();
      }
      expect(
        result.problems,
        `again with: npm run chaos -- --matrix --only '${cellName(cell)}' --seed ${SEED}`,
      ).to.deep.equal([]);
    });
  }
});
