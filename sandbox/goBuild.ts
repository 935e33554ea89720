import { readFile, rename, rm } from "node:fs/promises";
import path from "node:path";
import { run, tryRun } from "./run";
import { goIsAtLeast, type ToolSpec } from "./toolList";

/** Cold, on two cores, the largest takes about five minutes. */
const BUILD_SECONDS = 20 * 60;

export interface BuildProgress {
  /** Called every 20 s during a build with the seconds that have passed. */
  readonly onHeartbeat: (seconds: number) => void;
}

/**
 * Builds a tool from its module and puts it at `target` in one move.
 * go.sum is checked and never changed; flags from the user's own Go settings do not enter.
 */
export async function buildTool(
  spec: ToolSpec,
  source: string,
  target: string,
  progress: BuildProgress,
): Promise<void> {
  const env = { ...process.env, CGO_ENABLED: "0", GOFLAGS: "-mod=readonly", GOWORK: "off" };
  await checkGo(spec, source, env);
  const unfinished = `${target}.${process.pid}.part`;
  const started = Date.now();
  const heartbeat = setInterval(() => progress.onHeartbeat(Math.round((Date.now() - started) / 1000)), 20_000);
  try {
    await run("go", ["build", "-trimpath", "-ldflags", spec.ldflags, "-o", unfinished, spec.package], {
      cwd: source,
      env,
      timeoutSeconds: BUILD_SECONDS,
    });
    await rename(unfinished, target);
  } catch (error) {
    throw new Error(
      `building ${spec.name} ${spec.version} in ${source} failed; what is built already is kept, run the same command again\n` +
        (error as Error).message,
      { cause: error },
    );
  } finally {
    clearInterval(heartbeat);
    await rm(unfinished, { force: true });
  }
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
