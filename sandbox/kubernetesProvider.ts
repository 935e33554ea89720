import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import path from "node:path";
import { cacheFolder, projectFolder } from "./folders";
import { tryRun } from "./run";
import type { Sandbox } from "./sandbox";
import { TOOLS } from "./toolList";
import { ensureTools } from "./tools";

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
 * or can install it, else the newest that public Go modules serve, built once.
 *
 * @param log one line of progress at a time
 */
export async function kubernetesProvider(
  sandbox: Sandbox,
  log: (line: string) => void = () => undefined,
): Promise<KubernetesProvider> {
  const choice = process.env[CHOICE] ?? "";
  if (choice !== "") {
    if (path.basename(choice) !== BINARY || !existsSync(choice)) {
      throw new Error(`${CHOICE}=${choice}: give the path of a ${BINARY} binary`);
    }
    return official(choice, `from ${choice}`);
  }
  const version = await sdkVersion();
  installed ??= findOrInstall(sandbox, version);
  const plugin = await installed;
  if (plugin !== undefined) {
    return official(plugin, `v${version}, installed by Pulumi`);
  }
  const { [BINARY]: built } = await ensureTools({ log, only: [BINARY] });
  return official(built, `${TOOLS[BINARY].version}, built from its Go module (v${version} cannot be downloaded here)`);
}

/** Asked once in a process: the answer costs a look at the network. */
let installed: Promise<string | undefined> | undefined;

async function findOrInstall(sandbox: Sandbox, version: string): Promise<string | undefined> {
  const homes = [path.join(cacheFolder(), "pulumi"), process.env.PULUMI_HOME ?? path.join(homedir(), ".pulumi")];
  const find = () =>
    homes.map((home) => path.join(home, "plugins", `resource-kubernetes-v${version}`, BINARY)).find(existsSync);
  const found = find();
  if (found !== undefined) {
    return found;
  }
  try {
    await fetch("https://get.pulumi.com", { method: "HEAD", signal: AbortSignal.timeout(5000) });
  } catch {
    return undefined;
  }
  await tryRun(sandbox.tools.pulumi, ["plugin", "install", "resource", "kubernetes", version], {
    env: sandbox.env,
    timeoutSeconds: 300,
  });
  return find();
}

/** The plugin's version is that of the SDK the program uses. */
async function sdkVersion(): Promise<string> {
  const manifest = path.join(projectFolder, "node_modules", "@pulumi", "kubernetes", "package.json");
  return (JSON.parse(await readFile(manifest, "utf8")) as { version: string }).version.replace(/^v/, "");
}

function official(binary: string, description: string): KubernetesProvider {
  return { description, env: { PATH: path.dirname(binary) } };
}
