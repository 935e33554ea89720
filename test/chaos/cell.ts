/** One cell of the fault matrix: a cluster, a run that a fault hits, and what must hold after the next one. */
import { copyFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { EngineFailure, type EngineStack } from "../../sandbox/engine";
import type { MetadataState } from "../../sandbox/metadata";
import { receiptsName } from "../../upgrade/marks";
import { changeList, problems, RELEASE, type TestBed } from "../e2e/support/testBed";
import type { ChaosBed } from "./chaosBed";
import { type ChaosFault, killOrphans, type Struck } from "./faults";
import type { ChaosPlan, ChaosStep } from "./plans";
import type { Random } from "./random";

export interface Cell {
  readonly plan: ChaosPlan;
  readonly step: ChaosStep;
  readonly fault: ChaosFault;
  /** Runs after the first that are hit too, before one is left alone. Default: none. */
  readonly more?: readonly Pick<Cell, "step" | "fault">[];
}

export interface CellResult {
  readonly cell: string;
  readonly plan: string;
  readonly step: string;
  readonly fault: string;
  readonly verdict: "ok" | "FAILED" | "skipped";
  /** What became of the run that the fault hit. */
  readonly struck: string;
  /** Runs that were refused because the dead one may have been at work, until one went through. */
  readonly refusals: number;
  /** Seconds of the run that converged. */
  readonly converged: number;
  /** Seconds of the whole cell. */
  readonly seconds: number;
  readonly entries: number;
  readonly problems: readonly string[];
}

export function cellName({ plan, step, fault, more = [] }: Cell): string {
  const hits = [{ step, fault }, ...more].map((hit) => `${hit.step.name} × ${hit.fault.name}`);
  return `${plan.name}/${hits.join(", then ")}`;
}

let opened = 0;

export async function runCell(chaos: ChaosBed, cell: Cell, random: Random): Promise<CellResult> {
  const { plan, step, fault, more = [] } = cell;
  const hits = [{ step, fault }, ...more];
  const started = Date.now();
  const names = {
    cell: cellName(cell),
    plan: plan.name,
    step: hits.map((hit) => hit.step.name).join(", "),
    fault: hits.map((hit) => hit.fault.name).join(", "),
  };
  const done = (rest: Partial<CellResult>): CellResult => ({
    ...names,
    verdict: (rest.problems ?? []).length === 0 ? "ok" : "FAILED",
    struck: "",
    refusals: 0,
    converged: 0,
    entries: 0,
    problems: [],
    ...rest,
    seconds: (Date.now() - started) / 1000,
  });
  const stackName = `cell-${++opened}`;
  let after: (() => void) | undefined;
  try {
    await chaos.clear();
    const preparing = hits.find((hit) => hit.fault.before !== undefined)?.fault;
    const before = await preparing?.before?.(chaos, stackName);
    if (before?.skip !== undefined) {
      return done({ verdict: "skipped", struck: before.skip });
    }
    after = before?.after;
    const stack = await chaos.openStack(stackName, plan.config);
    const original = await plan.prepare(chaos, stack);
    const claims = await claimUids(chaos.bed);
    const struck: Struck[] = [];
    for (const hit of hits) {
      await stack.cancel().catch(() => undefined);
      struck.push(await hit.fault.strike({ chaos, stack, stackName, plan, random, step: hit.step }));
      chaos.bed.faults({});
      chaos.proxy.set({ kind: "fair" });
    }
    const converging = await converge(chaos.bed, stack, plan);
    // A run after a run that was hit may have nothing left to do at a step.
    const [first] = struck;
    const found = [
      ...(first?.missed === undefined ? [] : [`the fault missed: ${first.missed}`]),
      ...(await judge(chaos.bed, stack, plan, original, claims)),
    ];
    return done({
      struck: [...struck.map(({ outcome }) => outcome), ...(converging.restored ? ["state from its .bak"] : [])].join(
        ", ",
      ),
      refusals: converging.refusals,
      converged: converging.seconds,
      entries: Object.values(original.entries).reduce((sum, kind) => sum + kind.length, 0),
      problems: found,
    });
  } catch (error) {
    return done({
      verdict: "FAILED",
      problems: [ends(error instanceof Error ? error.message : String(error))],
    });
  } finally {
    await killOrphans(chaos, stackName);
    after?.();
  }
}

/** What failed stands first, why mostly last. */
function ends(text: string): string {
  return text.length <= 3000 ? text : `${text.slice(0, 500)}\n…\n${text.slice(-2500)}`;
}

/** Refusals that say to wait for a run that may be at work. */
const WAITS = /another_helm_run_may_be_active|another_run_is_active/;

/** The next `up` must converge; it may say first that the dead run might be at work, and for how long. */
export async function converge(
  bed: TestBed,
  stack: EngineStack,
  plan: ChaosPlan,
): Promise<{ readonly refusals: number; readonly seconds: number; readonly restored: boolean }> {
  const deadline = Date.now() + 150_000;
  let restored = false;
  for (let refusals = 0; ; refusals++) {
    // As `pulumi cancel`, which a person types after a killed run.
    await stack.cancel().catch(() => undefined);
    const untouched = await bed.fingerprint();
    try {
      const { seconds } = await stack.up({ timeoutSeconds: 240 });
      return { refusals, seconds, restored };
    } catch (error) {
      const text = error instanceof EngineFailure ? error.message : String(error);
      if (text.includes("failed to load checkpoint") && !restored) {
        // A full disk leaves half a state file. Pulumi keeps the one before beside it, and a person copies that back.
        restored = true;
        restoreState(bed, stack.name);
        continue;
      }
      if (!WAITS.test(text) || Date.now() > deadline) {
        throw new Error(`the next up (${plan.name}) did not converge: ${text}`, { cause: error });
      }
      if ((await bed.fingerprint()) !== untouched && refusals > 10) {
        throw new Error(`a refused run changed something: ${text}`, { cause: error });
      }
      await sleep(1000);
    }
  }
}

function restoreState({ sandbox }: TestBed, stackName: string): void {
  const file = path.join(
    sandbox.folder,
    "stacks",
    stackName,
    "state",
    ".pulumi",
    "stacks",
    "milvus",
    `${stackName}.json`,
  );
  copyFileSync(`${file}.bak`, file);
}

/** What must hold after every cell. */
export async function judge(
  bed: TestBed,
  stack: EngineStack,
  { expected }: ChaosPlan,
  original: MetadataState,
  claims: ReadonlyMap<string, string>,
): Promise<string[]> {
  const metadata = { before: original, format: expected.format };
  const found = problems(await bed.observe(), { version: expected.version, metadata });
  found.push(...(await driftOf(bed)).map((line) => `drift from Helm's manifest: ${line}`));
  const tidying = changeList(await stack.up()).filter((line) => !line.startsWith("delete"));
  found.push(...tidying.map((line) => `one more up is not idle: ${line}`));
  // The garbage collector takes a moment.
  const deadline = Date.now() + 10_000;
  let left = await leftovers(bed);
  while (left !== "" && Date.now() < deadline) {
    await sleep(300);
    left = await leftovers(bed);
  }
  found.push(
    ...left
      .split("\n")
      .filter((name) => name !== "" && name !== `configmap/${receiptsName(RELEASE.name)}`)
      .map((name) => `left over: ${name}`),
  );
  const now = await claimUids(bed);
  for (const [name, uid] of claims) {
    if (now.get(name) !== uid) {
      found.push(`claim ${name} is not the one it was`);
    }
  }
  return found;
}

/** Lines in which a live object differs from what Helm has sent. */
async function driftOf({ sandbox }: TestBed): Promise<string[]> {
  const namespace = `--namespace=${RELEASE.namespace}`;
  const manifest = await sandbox.helm(["get", "manifest", RELEASE.name, namespace]);
  const { stdout } = await sandbox.tryKubectl(["diff", namespace, "--filename=-"], { input: manifest });
  return stdout.split("\n").filter((line) => /^[+-] /.test(line));
}

function leftovers({ sandbox }: TestBed): Promise<string> {
  return sandbox.kubectl([
    "get",
    "jobs,serviceaccounts,roles,rolebindings,configmaps",
    `--namespace=${RELEASE.namespace}`,
    // The results of verifications are kept on purpose, and so are the receipts.
    "--selector=app.kubernetes.io/part-of=milvus-upgrade,!milvus-upgrade/verification",
    "--output=name",
  ]);
}

async function claimUids({ sandbox }: TestBed): Promise<ReadonlyMap<string, string>> {
  const text = await sandbox.kubectl([
    "get",
    "persistentvolumeclaims",
    `--namespace=${RELEASE.namespace}`,
    "--output=jsonpath={range .items[*]}{.metadata.name} {.metadata.uid}{'\\n'}{end}",
  ]);
  return new Map(
    text
      .split("\n")
      .filter(Boolean)
      .map((line) => line.split(" ") as [string, string]),
  );
}
