/** `npm run upgrade -- --stacks` over many clusters, beside `pulumi up` of the same stacks by xargs. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { FleetReport } from "../cli/fleet/model";
import { projectFolder } from "../sandbox/folders";
import { installMilvus } from "../sandbox/milvusRelease";
import { processTree } from "../sandbox/processTree";
import { tsxCommand } from "../sandbox/tsx";
import { type Bed, standaloneValues, withBed } from "./clusters";
import { forAll } from "./forAll";
import type { BenchContext, Part } from "./part";
import type { Findings } from "./section";
import { judge, number, ratio, seconds } from "./statistics";

const CHART = "4.2.20";
/** Of the stacks of each arm: every cluster is upgraded by the one, and then by the other. */
const VERSIONS = { now: "2.4.16", bare: "2.4.17", fleet: "2.4.18" } as const;
const AT_ONCE = 4;
const AT_MOST = 1.2;
const SAMPLE_MS = 2000;
const ARMS = ["bare", "fleet"] as const;
type Arm = (typeof ARMS)[number];

interface Measured {
  readonly seconds: number;
  /** Of all processes that were waited for. */
  readonly cpuSeconds: number;
  /** The most that all had at the same time; shared pages are counted once. */
  readonly megabytes: number;
  /** Of these, what starts the others. */
  readonly ownMegabytes: number;
}

async function run(context: BenchContext): Promise<Findings> {
  const count = context.quick ? 4 : Number(process.env.BENCH_FLEET ?? 50);
  const found = await withBed(context, (bed) => bothArms(context, bed, count));
  const { bare, fleet } = found;
  const target = { atMost: AT_MOST, reason: "it looks at each stack before it begins and between the runs" };
  const row = (name: string, it: Measured) => [
    name,
    seconds(it.seconds),
    seconds(it.seconds / count),
    seconds(it.cpuSeconds),
    `${number(it.megabytes)} MB`,
    `${number(it.ownMegabytes)} MB`,
  ];
  return {
    about: [
      `${count} standalone Milvus clusters (chart ${CHART}), each with a stack of one project. All are upgraded by one patch version, ${AT_ONCE} at once: by \`npm run upgrade -- --stacks '*' --canary 0 --max-parallel ${AT_ONCE} --yes\`, and by \`xargs -P ${AT_ONCE} pulumi up --yes\` with the version set beforehand. Both with the verification (\`milvus:verify: health\`, settle 1 s).`,
    ],
    tables: [
      {
        head: ["", "time for all", "for each", "CPU time", "memory of all, at most", "of which the runner"],
        rows: [row("xargs and pulumi up", bare), row("the fleet runner", fleet)],
      },
      {
        head: ["", "ratio", "target"],
        rows: [
          ["time", ratio(fleet.seconds, bare.seconds), judge(fleet.seconds, bare.seconds, target)],
          ["CPU time", ratio(fleet.cpuSeconds, bare.cpuSeconds), ""],
        ],
      },
    ],
    notes: [
      "The runner's time has in it the matrix (a look at every cluster with its preflight), and in each stack's process the plan that is shown before `pulumi up`.",
      "Memory is that of the processes that are started (proportional set size): the runner, one process for each stack under way, and its pulumi with program and provider. Without a canary, which would go alone.",
    ],
  };
}

async function bothArms(context: BenchContext, bed: Bed, count: number): Promise<Record<Arm, Measured>> {
  const names = Array.from({ length: count }, (_, index) => `c${index}`);
  await forAll(count, AT_ONCE, (index) =>
    installMilvus(bed.sandbox, releaseOf(index), bed.chart(CHART), {
      ...standaloneValues(index),
      image: { all: { tag: `v${VERSIONS.now}` } },
    }),
  );
  context.log(`fleet: ${count} clusters are there`);
  const found = {} as Record<Arm, Measured>;
  for (const arm of ARMS) {
    const home = mkdtempSync(path.join(tmpdir(), `bench-fleet-${arm}-`));
    await forAll(count, AT_ONCE, (index) =>
      bed.stack(
        names[index] ?? "",
        {
          "milvus:namespace": releaseOf(index).namespace,
          "milvus:values": standaloneValues(index),
          "milvus:version": VERSIONS[arm],
          "milvus:timeouts": { settle: "1s" },
        },
        undefined,
        home,
      ),
    );
    context.log(`fleet: the stacks of ${arm} are there`);
    found[arm] = await measure(bed, arm, names, path.join(home, "project"));
    const { seconds: took, megabytes } = found[arm];
    context.log(`fleet: ${arm}: ${number(took)} s, ${number(megabytes)} MB`);
  }
  return found;
}

async function measure(bed: Bed, arm: Arm, names: readonly string[], cwd: string): Promise<Measured> {
  const report = path.join(cwd, "..", "report.json");
  const [node, ...words] = tsxCommand(path.join(projectFolder, "cli", "main.ts"), [
    ...["upgrade", "--stacks", "*", "--canary", "0", "--max-parallel", String(AT_ONCE), "--yes", "--report", report],
  ]).flat();
  const bare = `printf '%s\\n' ${names.join(" ")} | xargs -P ${AT_ONCE} -I@ "$MILVUS_PULUMI" up --stack @ --yes --non-interactive`;
  const command = arm === "bare" ? ["-c", bare] : ["-c", 'exec "$@"', "bash", node ?? "", ...words];
  const started = Date.now();
  // bash tells what it and all that it has waited for have used.
  const script = `TIMEFORMAT='cpu %U %S'; time bash "$@"`;
  const child = spawn("bash", ["-c", script, "bash", ...command], {
    cwd,
    env: { ...bed.sandbox.env, NO_COLOR: "1" },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-20_000);
  });
  const ended = once(child, "close");
  const memory = { all: 0, own: 0 };
  const sampler = setInterval(() => void sample(child.pid ?? 0, memory), SAMPLE_MS);
  await ended;
  clearInterval(sampler);
  const took = (Date.now() - started) / 1000;
  const [, user, system] = /cpu ([\d.]+) ([\d.]+)/.exec(said) ?? [];
  if (child.exitCode !== 0 || user === undefined) throw new Error(`${arm} did not end well: ${said}`);
  if (arm === "fleet") {
    const { end } = JSON.parse(readFileSync(report, "utf8")) as FleetReport;
    if (end !== "done") throw new Error(`the fleet ended as ${end}`);
  }
  return { seconds: took, cpuSeconds: Number(user) + Number(system), megabytes: memory.all, ownMegabytes: memory.own };
}

/** The third process of the chain (two shells before it) is what starts the others. */
async function sample(pid: number, memory: { all: number; own: number }): Promise<void> {
  const tree = await processTree(pid);
  const sizes = tree.map((it) => ({ ...it, megabytes: megabytesOf(it.pid) }));
  const isRunner = ({ command }: { readonly command: string }) =>
    command.includes("--stacks") && !command.startsWith("bash");
  memory.all = Math.max(memory.all, sum(sizes));
  memory.own = Math.max(memory.own, sum(sizes.filter((it) => isRunner(it) || /^xargs /.test(it.command))));
}

function sum(sizes: readonly { readonly megabytes: number }[]): number {
  return sizes.reduce((all, { megabytes }) => all + megabytes, 0);
}

function megabytesOf(pid: number): number {
  try {
    const [, kilobytes] = /^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8")) ?? [];
    return Number(kilobytes ?? 0) / 1000;
  } catch {
    // It has ended meanwhile.
    return 0;
  }
}

function releaseOf(index: number) {
  return { name: "my-release", namespace: `fleet-${index}` };
}

export const fleet: Part = { name: "fleet", title: "A fleet by one command", run };
