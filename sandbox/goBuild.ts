import { mkdir, readFile, rename } from "node:fs/promises";
import path from "node:path";
import { run, tryRun } from "./run";
import { goIsAtLeast, type ToolSpec, titleOf } from "./toolList";
import { untilExit } from "./untilExit";

/** Cold, on two cores, the largest takes about five minutes. */
const BUILD_SECONDS = 20 * 60;

/**
 * Of every compilation: Go keeps what was compiled with other flags apart. What the linker strips anyway need not be made: 7 % of
 * the CPU time of a build, and the same binary.
 */
export const COMPILE_FLAGS: readonly string[] = ["-trimpath", "-gcflags", "all=-dwarf=false"];

export interface BuildProgress {
  /** Called every 20 s during a build with the seconds that have passed. */
  readonly onHeartbeat: (seconds: number) => void;
}

/** Of this program's own: flags from the user's Go settings do not enter, and go.sum is checked and never changed. */
export function goEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env, CGO_ENABLED: "0", GOFLAGS: "-mod=readonly", GOWORK: "off" };
}

/**
 * Has Go fetch the modules of later builds while the first one compiles: the network waits for the processor otherwise, and the
 * processor for the network. What it does not get is fetched by the build, which says what is wrong.
 */
export async function fetchModules(
  builds: readonly { readonly specs: readonly ToolSpec[]; readonly source: string }[],
): Promise<void> {
  for (const { specs, source } of builds) {
    const packages = specs.map((spec) => spec.package);
    const options = { cwd: source, env: goEnvironment(), timeoutSeconds: BUILD_SECONDS };
    await tryRun("go", ["list", "-deps", ...packages], options).catch(() => undefined);
  }
}

/**
 * Builds tools of one module in one go, and puts each at its target in one move: linking one goes on beside compiling the next.
 *
 * @param targets of each tool, in the order of `specs`
 */
export async function buildTools(
  specs: readonly ToolSpec[],
  source: string,
  targets: readonly string[],
  progress: BuildProgress,
): Promise<void> {
  const env = goEnvironment();
  const [[firstSpec], [first]] = [specs, targets];
  if (firstSpec === undefined || first === undefined) return;
  // One module, one Go: what holds for one of its tools holds for all.
  await checkGo(firstSpec, source, env);
  const folder = `${path.dirname(first)}.${process.pid}.part`;
  const started = Date.now();
  const heartbeat = setInterval(() => progress.onHeartbeat(Math.round((Date.now() - started) / 1000)), 20_000);
  try {
    await untilExit(folder, async () => {
      await mkdir(folder, { recursive: true });
      // A flag for a package that a tool does not have is without effect on it.
      const ldflags = [...new Set(specs.map((spec) => spec.ldflags))].join(" ");
      const packages = specs.map((spec) => spec.package);
      await run("go", ["build", ...COMPILE_FLAGS, "-ldflags", ldflags, "-o", `${folder}/`, ...packages], {
        cwd: source,
        // Go leaves its work folder when it is killed.
        env: { ...env, GOTMPDIR: folder },
        timeoutSeconds: BUILD_SECONDS,
      });
      for (const [index, spec] of specs.entries()) {
        const target = targets[index] as string;
        await mkdir(path.dirname(target), { recursive: true });
        await rename(path.join(folder, goName(spec.package)), target);
      }
    });
  } catch (error) {
    const names = specs.map(titleOf).join(", ");
    throw new Error(
      `building ${names} in ${source} failed; what is built already is kept, run the same command again\n` +
        (error as Error).message,
      { cause: error },
    );
  } finally {
    clearInterval(heartbeat);
  }
}

/** The name that Go gives a binary: the last part of the package, which is not its version. */
function goName(packagePath: string): string {
  const parts = packagePath.split("/");
  const last = parts.at(-1) ?? "";
  return /^v\d+$/.test(last) ? (parts.at(-2) ?? last) : last;
}

async function checkGo(spec: ToolSpec, source: string, env: NodeJS.ProcessEnv): Promise<void> {
  const required = /^go (\S+)$/m.exec(await readFile(path.join(source, "go.mod"), "utf8"))?.[1] ?? "1.26";
  const install = `install Go ${required} or newer (https://go.dev/dl/), or put ${spec.name} ${spec.version} on PATH`;
  // Asked in the module's folder: there a Go that can fetch newer ones answers with the one it will use.
  const result = await tryRun("go", ["env", "GOVERSION"], { cwd: source, env, timeoutSeconds: 300 }).catch(() => {
    throw new Error(`${spec.name} ${spec.version} must be built and Go is not on PATH: ${install}`);
  });
  const version = result.stdout.trim();
  if (result.exitCode !== 0 || !goIsAtLeast(version, required)) {
    const found = result.exitCode === 0 ? version : result.stderr.trim();
    throw new Error(`${spec.name} ${spec.version} needs Go ${required} and this is ${found}: ${install}`);
  }
}
