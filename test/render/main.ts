/**
 * `npm run test:render -- --charts FOLDER [--seed S] [--sample N] [--from REGEX] [--values REGEX] [--control] [--quick]
 * [--kubernetes VERSION] [--at-once N] [--most N]`: real charts, rendered before and after every hop that the planner
 * plans, and what must hold between the two. FOLDER has `milvus-VERSION/` or `milvus-VERSION.tgz`, or is a clone of the
 * charts' repository. Exit code 1: something that loses data or causes an outage goes unsaid; 2: it cannot be run.
 */
import { parseArgs } from "node:util";
import { isBad, reportLines } from "./report";
import { runHarness } from "./run";

const say = (line = "") => void process.stdout.write(`${line}\n`);

async function main(): Promise<number> {
  const { values: flags } = parseArgs({
    options: {
      charts: { type: "string" },
      seed: { type: "string" },
      sample: { type: "string" },
      from: { type: "string" },
      values: { type: "string" },
      control: { type: "boolean", default: false },
      quick: { type: "boolean", default: false },
      kubernetes: { type: "string", default: "1.34.0" },
      "at-once": { type: "string", default: "2" },
      most: { type: "string", default: "40" },
    },
  });
  if (flags.charts === undefined) {
    say(
      "say which charts: --charts FOLDER, with milvus-VERSION/ or milvus-VERSION.tgz, or a clone of their repository",
    );
    return 2;
  }
  const report = await runHarness({
    charts: flags.charts,
    seed: flags.seed === undefined ? Math.floor(Math.random() * 2 ** 32) : Number(flags.seed),
    ...(flags.sample !== undefined && { sample: Number(flags.sample) }),
    ...(flags.from !== undefined && { from: new RegExp(flags.from) }),
    ...(flags.values !== undefined && { values: new RegExp(flags.values) }),
    kubernetesVersion: flags.kubernetes,
    isControl: flags.control,
    withEffects: !flags.quick,
    atOnce: Number(flags["at-once"]),
    say,
  });
  say();
  for (const line of reportLines(report, Number(flags.most))) say(line);
  if (report.hops === 0) {
    say("No hop was looked at.");
    return 2;
  }
  return report.open.some(isBad) ? 1 : 0;
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`error: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(2);
  },
);
