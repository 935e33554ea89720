/** What can go wrong during a run. Each fault runs `up` once, strikes at a step, and leaves the world in order again. */
import { setTimeout as sleep } from "node:timers/promises";
import { EngineFailure, type EngineStack, stackFolder } from "../../sandbox/engine";
import { forgetImages } from "../../sandbox/podRunner/nodeImages";
import { killAll, listProcesses, processTree, type RunningProcess } from "../../sandbox/processTree";
import { killUpWhen } from "../e2e/support/killedRun";
import { type ChaosBed, mountStateDisk, TIMEOUTS } from "./chaosBed";
import { type ChaosPlan, type ChaosStep, isUnderWay } from "./plans";
import type { Random } from "./random";

export interface Strike {
  readonly chaos: ChaosBed;
  readonly stack: EngineStack;
  readonly stackName: string;
  readonly plan: ChaosPlan;
  readonly step: ChaosStep;
  readonly random: Random;
}

export interface Struck {
  /** What became of the run: `done`, `killed`, or `failed: …`. */
  readonly outcome: string;
  /** Why the fault did not do what it is for; then the cell proves nothing. */
  readonly missed?: string;
}

export interface ChaosFault {
  readonly name: string;
  hits(plan: ChaosPlan, step: ChaosStep): boolean;
  /** Before the stack is opened. Returns why it cannot be done on this machine. */
  before?(chaos: ChaosBed, stackName: string): Promise<{ readonly skip?: string; readonly after?: () => void }>;
  strike(strike: Strike): Promise<Struck>;
}

const NETWORK_CUT_MS = 20_000;
const BAD_WEATHER_MS = 8_000;
/** No run in a cell takes longer unless it hangs. */
const LONGEST_RUN = 240;

type Outcome = { readonly outcome: string };

async function run(stack: EngineStack): Promise<Outcome> {
  try {
    await stack.up({ timeoutSeconds: LONGEST_RUN });
    return { outcome: "done" };
  } catch (error) {
    const text = error instanceof EngineFailure ? error.message : String(error);
    return { outcome: `failed: ${text.split("\n").slice(1).join(" ").replaceAll(/\s+/g, " ").slice(0, 400)}` };
  }
}

/** At most so long after a step is under way it is hit. */
const LATEST_MS = 1000;

/** Lets `up` run and acts once the step is under way, which then goes on. */
async function runAndStrike(
  { chaos, stack, plan, step, random }: Strike,
  act: (goOn: () => void) => Promise<void> | void,
): Promise<Struck> {
  chaos.bed.faults(step.window);
  const running = run(stack);
  const watching = new AbortController();
  void running.finally(() => watching.abort());
  while (!watching.signal.aborted && !(await isUnderWay(chaos, step))) {
    await sleep(20);
  }
  if (watching.signal.aborted) {
    return { ...(await running), missed: `the run of ${plan.name} ended before ${step.name}` };
  }
  await sleep(isHeld(step) ? random.below(LATEST_MS) : 0);
  const goOn = () => chaos.bed.faults({});
  await act(goOn);
  goOn();
  return running;
}

async function withWeather(
  strike: Strike,
  weather: Parameters<ChaosBed["proxy"]["set"]>[0],
  ms: number,
): Promise<Struck> {
  const { proxy } = strike.chaos;
  const before = proxy.disturbed();
  const struck = await runAndStrike(strike, async (goOn) => {
    proxy.set(weather);
    goOn();
    await sleep(ms);
    proxy.set({ kind: "fair" });
  });
  return proxy.disturbed() > before ? struck : { ...struck, missed: struck.missed ?? "no request was disturbed" };
}

const isJob = (step: ChaosStep): boolean => step.job !== undefined;
const isHeld = ({ window }: ChaosStep): boolean => Object.keys(window).length > 0;
const always = (): boolean => true;

export const FAULTS: readonly ChaosFault[] = [
  {
    name: "engine killed",
    hits: always,
    async strike(strike) {
      const struck = await runAndStrike(strike, async () => {
        // The provider and the program live on, and what the provider was at goes on.
        const processes = await processesOf(strike.chaos, strike.stackName);
        killAll(processes.filter(({ command }) => command.includes("/pulumi/bin/pulumi up")));
      });
      return struck.outcome === "done"
        ? { ...struck, missed: "the engine had ended" }
        : { ...struck, outcome: "killed" };
    },
  },
  {
    name: "engine and provider killed",
    hits: always,
    async strike({ chaos, stackName, step, random }) {
      chaos.bed.faults(step.window);
      const condition = async (): Promise<boolean> => {
        const reached = await isUnderWay(chaos, step);
        await sleep(reached && isHeld(step) ? random.below(LATEST_MS) : 0);
        return reached;
      };
      try {
        await killUpWhen(chaos.bed.sandbox, step.name, condition, { stackName });
      } catch (error) {
        return { outcome: "ended", missed: String(error) };
      }
      return { outcome: "killed" };
    },
  },
  {
    name: "API server restarted",
    hits: always,
    strike: (strike) => runAndStrike(strike, () => strike.chaos.bed.sandbox.restartApiServer()),
  },
  {
    name: "API server slow",
    hits: always,
    strike: (strike) => withWeather(strike, { kind: "slow", delayMs: 1500 }, BAD_WEATHER_MS),
  },
  {
    name: "API server answers 429 and 500",
    hits: always,
    strike: (strike) => {
      const next = () => (strike.random.next() < 0.5 ? strike.random.pick([429, 500] as const) : undefined);
      return withWeather(strike, { kind: "errors", next }, BAD_WEATHER_MS);
    },
  },
  {
    name: "network cut for 20 s",
    hits: always,
    strike: (strike) => withWeather(strike, { kind: "cut" }, NETWORK_CUT_MS),
  },
  {
    name: "Job failed",
    // One that pulls does nothing that could fail: the image is there whatever its command does.
    hits: (_, step) => isJob(step) && step.name !== "prepull",
    async strike({ chaos, stack, step }) {
      const { container = "" } = step;
      const pod = step.window.containers?.[0]?.pod;
      chaos.bed.faults({
        containers: [{ container, exitCode: 70, message: "made to fail", ...(pod !== undefined && { pod }) }],
      });
      const struck = await run(stack);
      return struck.outcome.includes("made to fail") ? struck : { ...struck, missed: "the Job was not seen to fail" };
    },
  },
  {
    name: "image refused by its registry",
    hits: (_, step) => step.name === "prepull",
    async strike({ chaos, stack }) {
      chaos.bed.faults({ pulls: { registries: { milvusdb: { secret: "nobodys" } } } });
      forgetImages(chaos.bed.sandbox.folder, () => true);
      const struck = await run(stack);
      return struck.outcome.includes("cannot be pulled onto node")
        ? struck
        : { ...struck, missed: "the run did not end with the image" };
    },
  },
  {
    name: "pod never ready",
    hits: (_, step) => step.awaits !== undefined,
    async strike({ chaos, stack, plan, step }) {
      const { version } = plan.expected;
      chaos.bed.faults({ milvus: [{ component: step.awaits ?? "", image: version, effect: "neverReady" }] });
      await stack.setConfig({ "milvus:timeouts": { ...TIMEOUTS, release: "15s", rollout: "15s" } });
      const struck = await run(stack);
      await stack.setConfig({ "milvus:timeouts": TIMEOUTS });
      return struck.outcome.includes(step.awaits ?? "")
        ? struck
        : { ...struck, missed: `the failure does not name ${step.awaits ?? ""}` };
    },
  },
  {
    name: "disk of the state full",
    hits: always,
    async before({ bed }, stackName) {
      const disk = await mountStateDisk(bed, stackName);
      if (disk === undefined) {
        return { skip: "no small file system can be mounted here (needs root)" };
      }
      disks.set(stackName, disk);
      return { after: () => disk.remove() };
    },
    strike: async (strike) => {
      const disk = disks.get(strike.stackName);
      const struck = await runAndStrike(strike, () => disk?.fill());
      disk?.free();
      return struck.outcome === "done" ? { ...struck, missed: "nothing had to be written any more" } : struck;
    },
  },
];

const disks = new Map<string, NonNullable<Awaited<ReturnType<typeof mountStateDisk>>>>();

/** Providers that outlived their engine, which would go on for minutes. */
export async function killOrphans(chaos: ChaosBed, stackName: string): Promise<void> {
  const processes = await processesOf(chaos, stackName);
  for (const { pid } of processes.filter(({ command }) => !command.startsWith("node"))) {
    killAll(await processTree(pid));
  }
}

/** Of this sandbox alone: another one on this machine has stacks of the same names. */
async function processesOf({ bed }: ChaosBed, stackName: string): Promise<RunningProcess[]> {
  const { folder } = stackFolder(bed.sandbox, stackName);
  return (await listProcesses()).filter(({ command }) => command.includes(`${folder}/`));
}
