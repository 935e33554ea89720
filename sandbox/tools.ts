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
    const got = await downloadTools(missing, log);
    const rest = missing.filter(({ name }) => !got.has(name));
    for (const [name, tool] of [...got, ...(await buildModules(rest, log))]) found.set(name, tool);
  }
  log(`tools: ${describeOrigins(found)}`);
  return Object.fromEntries([...found].map(([name, tool]) => [name, tool.path])) as Record<Name, string>;
}

type Log = ToolsOptions<ToolName>["log"];

/** One process at a time gets `what`: what another one got meanwhile is in the cache. */
export function getAlone<T>(what: string, log: Log, work: () => Promise<T>): Promise<T> {
  const onWait = (holder: number) => log(`waiting for process ${holder}, which is getting tools`);
  return withLock(path.join(toolsFolder(), `.lock-${what}`), { waitSeconds: WAIT_SECONDS, onWait }, work);
}

async function allFromCache(specs: readonly ToolSpec[]): Promise<Map<ToolName, Found>> {
  const found = new Map<ToolName, Found>();
  for (const spec of specs) {
    const ready = await fromCache(spec);
    if (ready) found.set(spec.name, ready);
  }
  return found;
}

/** What can be downloaded, all at once. */
function downloadTools(missing: readonly ToolSpec[], log: Log): Promise<Map<ToolName, Found>> {
  return getAlone("downloads", log, async () => {
    const found = await allFromCache(missing);
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
    return found;
  });
}

/** Module by module: who needs one tool does not wait for those of other modules that another process builds. */
async function buildModules(missing: readonly ToolSpec[], log: Log): Promise<Map<ToolName, Found>> {
  const found = new Map<ToolName, Found>();
  if (missing.length > 0) log(`${missing.length} to build with Go, which takes up to ${BUILD_MINUTES} minutes once`);
  const modules = [...new Set(missing.map(({ folder }) => folder))].map((folder) => {
    const specs = missing.filter((spec) => spec.folder === folder);
    return { folder, specs, source: sourceFolder(specs[0] as ToolSpec) };
  });
  const fetched = fetchModules(modules.slice(1));
  for (const { folder, specs, source } of modules) {
    const built = await getAlone(path.basename(folder), log, async () => {
      const ready = await allFromCache(specs);
      const rest = specs.filter(({ name }) => !ready.has(name));
      return new Map([...ready, ...(await buildModule(rest, source, log))]);
    });
    for (const [name, tool] of built) found.set(name, tool);
  }
  await fetched;
  return found;
}

async function buildModule(specs: readonly ToolSpec[], source: string, log: Log): Promise<[ToolName, Found][]> {
  if (specs.length === 0) return [];
  const targets = await Promise.all(specs.map(cachePath));
  const started = Date.now();
  const names = specs.map(titleOf).join(", ");
  log(`building ${names}`);
  await buildTools(specs, source, targets, {
    onHeartbeat: (seconds) => log(`still building ${names}, ${seconds} s`),
  });
  log(`built in ${Math.round((Date.now() - started) / 1000)} s: ${names}`);
  return specs.map(({ name }, index) => [name, { path: targets[index] as string, origin: "built" }]);
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
