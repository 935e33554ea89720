import { constants } from "node:fs";
import { access, mkdir, readdir, readFile, stat } from "node:fs/promises";
import path from "node:path";
import { projectFolder, toolsFolder } from "./folders";
import { buildTool } from "./goBuild";
import { withLock } from "./lock";
import { installPulumi } from "./pulumiInstaller";
import { tryRun } from "./run";
import { cacheEntry, namesVersion, SANDBOX_TOOLS, TOOL_NAMES, TOOLS, type ToolName, type ToolSpec } from "./toolList";

export const TOOL_ORIGINS = ["cache", "PATH", "installer", "built"] as const;
export type ToolOrigin = (typeof TOOL_ORIGINS)[number];

/** Absolute path of each tool's binary. */
export type Tools = Readonly<Record<(typeof SANDBOX_TOOLS)[number], string>>;

export interface ToolsOptions<Name extends ToolName = keyof Tools> {
  /** One line of progress at a time. */
  readonly log: (line: string) => void;
  /** Default: those of a sandbox. */
  readonly only?: readonly Name[];
}

interface Found {
  readonly path: string;
  readonly origin: ToolOrigin;
}

/**
 * Gets every pinned tool: from the cache, from PATH in exactly that version, Pulumi from its own installer, else by
 * `go build` with checked sums. Two runs at once do not build the same thing twice. What is done stays done when a
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
    if (ready) {
      found.set(name, ready);
    }
  }
  const missing = wanted.filter((name) => !found.has(name));
  if (missing.length > 0) {
    log(`${missing.length} of ${wanted.length} tools are not here yet; the first time takes up to 20 minutes`);
  }
  for (const [index, name] of missing.entries()) {
    found.set(name, await getTool(TOOLS[name], (line) => log(`[${index + 1}/${missing.length}] ${line}`)));
  }
  log(`tools: ${describeOrigins(found)}`);
  return Object.fromEntries([...found].map(([name, tool]) => [name, tool.path])) as Record<Name, string>;
}

async function getTool(spec: ToolSpec, log: (line: string) => void): Promise<Found> {
  const title = `${spec.name} ${spec.version}`;
  return withLock(
    path.join(toolsFolder(), ".lock"),
    { waitSeconds: 30 * 60, onWait: (holder) => log(`${title}: waiting for process ${holder}, which is building`) },
    async () => {
      const ready = await fromCache(spec);
      if (ready) {
        return ready;
      }
      const target = await cachePath(spec);
      await mkdir(path.dirname(target), { recursive: true });
      if (spec.name === "pulumi" && (await installPulumi(spec.version, target, log))) {
        return { path: target, origin: "installer" };
      }
      const started = Date.now();
      log(`${title}: building`);
      await buildTool(spec, sourceFolder(spec), target, {
        onHeartbeat: (seconds) => log(`${title}: still building, ${seconds} s`),
      });
      log(`${title}: built in ${Math.round((Date.now() - started) / 1000)} s`);
      return { path: target, origin: "built" };
    },
  );
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
