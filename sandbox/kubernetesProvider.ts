import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import path from "node:path";
import { downloadTool, mirrorOf } from "./downloads/downloadTool";
import { projectFolder, toolsFolder } from "./folders";
import { TOOLS } from "./toolList";
import { ensureTools, getAlone } from "./tools";

/** The official plugin for kubernetes resources, which the engine finds on PATH and starts. */
export interface KubernetesProvider {
  /** Its version and how it came, e.g. `v4.34.2, installed by Pulumi`. */
  readonly description: string;
  /** What the engine needs in its environment; PATH is put before the rest. */
  readonly env: Readonly<Record<"PATH", string>>;
}

const BINARY = "pulumi-resource-kubernetes";
/** The path of the plugin's binary. */
const CHOICE = "MILVUS_KUBERNETES_PLUGIN";

/**
 * The official plugin: the one that was chosen by MILVUS_KUBERNETES_PLUGIN, else the SDK's version where Pulumi has it
 * or its publisher can be reached, else the newest that public Go modules serve, built once.
 *
 * @param log one line of progress at a time
 */
export async function kubernetesProvider(log: (line: string) => void = () => undefined): Promise<KubernetesProvider> {
  const choice = process.env[CHOICE] ?? "";
  if (choice !== "") {
    if (path.basename(choice) !== BINARY || !existsSync(choice)) {
      throw new Error(`${CHOICE}=${choice}: give the path of a ${BINARY} binary`);
    }
    return official(choice, `from ${choice}`);
  }
  const version = `v${await sdkVersion()}`;
  const home = process.env.PULUMI_HOME ?? path.join(homedir(), ".pulumi");
  const installed = path.join(home, "plugins", `resource-kubernetes-${version}`, BINARY);
  if (existsSync(installed)) return official(installed, `${version}, installed by Pulumi`);
  sdkPlugin ??= download(version, log);
  const plugin = await sdkPlugin;
  if (plugin.file !== undefined) return official(plugin.file, `${version}, from its publisher`);
  const { [BINARY]: built } = await ensureTools({ log, only: [BINARY] });
  return official(
    built,
    `${TOOLS[BINARY].version}, the newest that can be built from a Go module (${version}: ${plugin.reason})`,
  );
}

interface Downloaded {
  readonly file?: string;
  /** Why there is no file. */
  readonly reason?: string;
}

/** Asked once in a process: the answer costs a look at the network. */
let sdkPlugin: Promise<Downloaded> | undefined;

async function download(version: string, log: (line: string) => void): Promise<Downloaded> {
  const target = path.join(toolsFolder(), `${BINARY}-${version}`, BINARY);
  if (existsSync(target)) return { file: target };
  const { off, url: mirror } = mirrorOf(process.env);
  if (off) return { reason: "downloads are off" };
  return getAlone(BINARY, log, async () => {
    if (existsSync(target)) return { file: target };
    const reason = await downloadTool({ name: BINARY, version, target, mirror, log, out: new Set() });
    return reason === undefined ? { file: target } : { reason };
  });
}

/** The plugin's version is that of the SDK the program uses. */
async function sdkVersion(): Promise<string> {
  const manifest = path.join(projectFolder, "node_modules", "@pulumi", "kubernetes", "package.json");
  return (JSON.parse(await readFile(manifest, "utf8")) as { version: string }).version.replace(/^v/, "");
}

function official(binary: string, description: string): KubernetesProvider {
  return { description, env: { PATH: path.dirname(binary) } };
}
