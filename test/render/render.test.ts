import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { materializeCharts } from "../../sandbox/charts";
import { ensureTools } from "../../sandbox/tools";
import { isBad, reportLines } from "./report";
import { type RunOptions, runHarness } from "./run";

const say = (line: string) => void process.stdout.write(`      ${line}\n`);

/** On the small charts of our own; with real ones: `npm run test:render -- --charts FOLDER`. */
describe("charts rendered before and after each hop that is planned", function () {
  this.timeout(300_000);
  let charts: string;
  let helm: string | undefined;
  const seed = Number(process.env.RENDER_SEED ?? Math.floor(Math.random() * 2 ** 32));

  before(async () => {
    charts = materializeCharts(mkdtempSync(join(tmpdir(), "milvus-render-")));
    helm = process.env.MILVUS_HELM;
    process.env.MILVUS_HELM = helm ?? (await ensureTools({ only: ["helm"], log: say })).helm;
  });
  after(() => {
    rmSync(charts, { recursive: true, force: true });
    if (helm === undefined) delete process.env.MILVUS_HELM;
    else process.env.MILVUS_HELM = helm;
  });

  const run = (over: Partial<RunOptions>) =>
    runHarness({
      charts,
      seed,
      kubernetesVersion: "1.34.0",
      isControl: false,
      withEffects: false,
      atOnce: 2,
      say,
      ...over,
    });

  it(`nothing is lost unsaid (RENDER_SEED=${seed})`, async () => {
    const report = await run({ sample: 10 });
    expect(report.hops, "hops").to.be.above(10);
    expect(report.open.filter(isBad), reportLines(report, 20).join("\n")).to.deep.equal([]);
  });

  it("no value of the user's loses its effect unsaid", async () => {
    const report = await run({ sample: 1, from: /^4\.2\.58$/, values: /^cluster; more replicas$/, withEffects: true });
    expect(report.counts.find(({ name }) => name === "values of the user")).to.include({ open: 0 });
  });

  it("without the rules something is lost: it can be seen", async () => {
    const report = await run({ from: /^3\.2\.18$/, values: /^cluster; root path$/, isControl: true });
    const broken = report.open.filter(isBad).map(({ invariant }) => invariant);
    expect(broken).to.include("place of the metadata");
  });
});
