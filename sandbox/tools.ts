import { constants } from "node:fs";
import { access, readdir, readFile, stat } from "node:fs/promises";
import path from "node:path";
import { downloadTool, mirrorOf } from "./downloads/downloadTool";
import { projectFolder, toolsFolder } from "./folders";
import { buildTools, fetchModules } from "./goBuild";
import { withLock } from "./lock";
import { tryRun } from "./run";
import {
  cacheEntry,
  namesVersion,
  SANDBOX_TOOLS,
  TOOL_NAMES,
  TOOLS,
  type ToolName,
  type ToolSpec,
  titleOf,
} from "./toolList";

export const TOOL_ORIGINS = ["cache", "PATH", "downloaded", "built"] as const;
export type ToolOrigin = (typeof TOOL_ORIGINS)[number];

/** Absolute path of each tool's binary. */
export type Tools = Readonly<Record<(typeof SANDBOX_TOOLS)[number], string>>;

export interface ToolsOptions<Name extends ToolName = keyof Tools> {
  /** One line of progress at a time. */
  readonly log: (line: string) => void;
  /** Default: those of a sandbox. */
  readonly only?: readonly Name[];
}

/** On two cores with nothing else to do; see docs/contributing.md. */
const BUILD_MINUTES = 15;

interface Found {
  readonly path: string;
  readonly origin: ToolOrigin;
}

/** Downloads at a time: more would only share the line. */
const AT_ONCE = 4;
const WAIT_SECONDS = 60 * 60;

/**
 * Gets every pinned tool: from the cache, from PATH in exactly that version, from its publisher with checked sums, else by
 * `go build` with checked sums. Two runs at once do not fetch or build the same thing twice. What is done stays done when a
 * later tool fails.
 */
export async function ensureTools<Name extends ToolName = keyof Tools>(
  options: ToolsOptions<Name>,
): Promise<Readonly<Record<Name, string>>> {
  const { log, only = SANDBOX_TOOLS } = options;
  const wanted = TOOL_NAMES.filter((name) => (only as readonly ToolName[]).includes(name));
  const found = new Map<ToolName, Found>();
  for (const name of wanted) {
    const ready = (await fromCache(TOOLS[name])) ?? (await fromPath(TOOLS[name]));
    if (ready) found.set(name, ready);
  }
  const missing = wanted.filter((name) => !found.has(name)).map((name): ToolSpec => TOOLS[name]);
  if (missing.length > 0) {
    log(`${missing.length} of ${wanted.length} tools are not here yet: ${missing.map(titleOf).join(", ")}`);
    const onWait = (holder: number) => log(`waiting for process ${holder}, which is getting tools`);
    await withLock(path.join(toolsFolder(), ".lock"), { waitSeconds: WAIT_SECONDS, onWait }, async () => {
      for (const [name, tool] of await getTools(missing, log)) found.set(name, tool);
    });
  }
  log(`tools: ${describeOrigins(found)}`);
  return Object.fromEntries([...found].map(([name, tool]) => [name, tool.path])) as Record<Name, string>;
}

/** Downloads what can be downloaded, all at once, and builds the rest, module by module. */
async function getTools(missing: readonly ToolSpec[], log: (line: string) => void): Promise<Map<ToolName, Found>> {
  const found = new Map<ToolName, Found>();
  // Another process may have been at it while this one waited.
  for (const spec of missing) {
    const ready = await fromCache(spec);
    if (ready) found.set(spec.name, ready);
  }
  const { off, url: mirror } = mirrorOf(process.env);
  const reasons = new Map<string, string[]>();
  const out = new Set<string>();
  const queue = off ? [] : missing.filter(({ name }) => !found.has(name));
  const worker = async () => {
    for (let spec = queue.shift(); spec !== undefined; spec = queue.shift()) {
      const target = await cachePath(spec);
      const { name, version } = spec;
      const reason = await downloadTool({ name, version, target, mirror, log, out });
      if (reason === undefined) {
        log(`${titleOf(spec)}: downloaded, its checksum is its publisher's`);
        found.set(name, { path: target, origin: "downloaded" });
      } else {
        reasons.set(reason, [...(reasons.get(reason) ?? []), name]);
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  for (const [reason, names] of reasons) log(`not downloaded: ${names.join(", ")}, because ${reason}`);

  const rest = missing.filter(({ name }) => !found.has(name));
  if (rest.length > 0) log(`${rest.length} to build with Go, which takes up to ${BUILD_MINUTES} minutes once`);
  const builds = [...new Set(rest.map(({ folder }) => folder))].map((folder) => {
    const specs = rest.filter((spec) => spec.folder === folder);
    return { specs, source: sourceFolder(specs[0] as ToolSpec) };
  });
  const fetched = fetchModules(builds.slice(1));
  for (const { specs, source } of builds) {
    const targets = await Promise.all(specs.map(cachePath));
    const started = Date.now();
    const names = specs.map(titleOf).join(", ");
    log(`building ${names}`);
    await buildTools(specs, source, targets, {
      onHeartbeat: (seconds) => log(`still building ${names}, ${seconds} s`),
    });
    log(`built in ${Math.round((Date.now() - started) / 1000)} s: ${names}`);
    for (const [index, spec] of specs.entries()) {
      found.set(spec.name, { path: targets[index] as string, origin: "built" });
    }
  }
  await fetched;
  return found;
}

async function fromCache(spec: ToolSpec): Promise<Found | undefined> {
  const file = await cachePath(spec);
  return (await isExecutable(file)) ? { path: file, origin: "cache" } : undefined;
}

async function fromPath(spec: ToolSpec): Promise<Found | undefined> {
  if (!spec.versionArgs) {
    return undefined;
  }
  for (const folder of (process.env.PATH ?? "").split(path.delimiter)) {
    const file = path.join(folder, spec.name);
    if (!path.isAbsolute(file) || !(await isExecutable(file))) {
      continue;
    }
    const result = await tryRun(file, spec.versionArgs, { timeoutSeconds: 10 }).catch(() => undefined);
    if (result?.exitCode === 0 && namesVersion(result.stdout, spec.version)) {
      return { path: file, origin: "PATH" };
    }
  }
  return undefined;
}

async function cachePath(spec: ToolSpec): Promise<string> {
  const entry = cacheEntry(spec, await sources(spec), `${process.platform}/${process.arch}`);
  return path.join(toolsFolder(), entry, spec.name);
}

/** What a build depends on: the module files, and the code where it is ours. */
async function sources(spec: ToolSpec): Promise<string[]> {
  const folder = sourceFolder(spec);
  const names = (await readdir(folder, { recursive: true }))
    .filter((name) => /(^|\/)go\.(mod|sum)$|\.go$/.test(name) && !name.endsWith("_test.go"))
    .sort();
  return Promise.all(names.map((name) => readFile(path.join(folder, name), "utf8")));
}

function sourceFolder(spec: ToolSpec): string {
  return path.join(projectFolder, "sandbox", spec.folder);
}

async function isExecutable(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    return (await stat(file)).isFile();
  } catch {
    return false;
  }
}

/** By name where it says something new: what was built, installed or taken from PATH. */
function describeOrigins(found: ReadonlyMap<ToolName, Found>): string {
  return TOOL_ORIGINS.flatMap((origin) => {
    const names = [...found]
      .filter(([, tool]) => tool.origin === origin)
      .map(([name]) => `${name} ${TOOLS[name].version}`);
    if (names.length === 0) {
      return [];
    }
    return [origin === "cache" ? `${names.length} from the cache` : `${origin}: ${names.join(", ")}`];
  }).join("; ");
}
