import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import path from "node:path";
import { cacheFolder, projectFolder } from "./folders";
import { tryRun } from "./run";
import type { Sandbox } from "./sandbox";
import { tsxCommand } from "./tsx";

export const PROVIDER_KINDS = ["official", "stand-in"] as const;
export type ProviderKind = (typeof PROVIDER_KINDS)[number];

/** The provider of kubernetes resources that the engine will use. */
export interface KubernetesProvider {
  readonly kind: ProviderKind;
  readonly description: string;
  /** What the engine needs in its environment; PATH is put before the rest. */
  readonly env: Readonly<Record<string, string>>;
  /** A process in this process's group, if the provider is one; the official plugin is started by the engine. */
  stop(): void;
}

const BINARY = "pulumi-resource-kubernetes";
/** `stand-in`, or the path of an official plugin's binary. */
const CHOICE = "MILVUS_KUBERNETES_PLUGIN";

/**
 * The official plugin if Pulumi has it or can install it, else the stand-in.
 *
 * @param folder of the Pulumi project: there the engine starts a plugin, and paths of charts count from it
 */
export async function startKubernetesProvider(sandbox: Sandbox, folder: string): Promise<KubernetesProvider> {
  const version = await sdkVersion();
  const choice = process.env[CHOICE];
  if (choice === "stand-in") {
    return standIn(sandbox, version, folder);
  }
  if (choice !== undefined && choice !== "") {
    if (path.basename(choice) !== BINARY || !existsSync(choice)) {
      throw new Error(`${CHOICE}=${choice}: give the path of a ${BINARY} binary, or "stand-in"`);
    }
    return official(choice, `official kubernetes plugin, ${choice}`);
  }
  installed ??= findOrInstall(sandbox, version);
  const plugin = await installed;
  return plugin === undefined
    ? standIn(sandbox, version, folder)
    : official(plugin, `official kubernetes plugin v${version}`);
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
  return { kind: "official", description, env: { PATH: path.dirname(binary) }, stop: () => undefined };
}

async function standIn(sandbox: Sandbox, version: string, folder: string): Promise<KubernetesProvider> {
  const [command, args] = tsxCommand(path.join(__dirname, "provider", "main.ts"), [version]);
  const child = spawn(command, args, { cwd: folder, env: sandbox.env, stdio: ["pipe", "pipe", "inherit"] });
  const port = await portOf(child);
  // Running it must not keep this process alive; it ends when its stdin does.
  child.unref();
  for (const stream of [child.stdin, child.stdout]) {
    (stream as unknown as { unref(): void } | null)?.unref();
  }
  return {
    kind: "stand-in",
    description: "stand-in for the kubernetes plugin (the official one can be neither found nor installed here)",
    env: { PULUMI_DEBUG_PROVIDERS: `kubernetes:${port}`, PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true" },
    stop: () => {
      child.kill("SIGKILL");
    },
  };
}

function portOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    const fail = (why: string) => reject(new Error(`the stand-in for the kubernetes plugin did not start: ${why}`));
    const timer = setTimeout(() => fail("no port within 60 s"), 60_000);
    let said = "";
    child.stdout?.on("data", (chunk: Buffer) => {
      said += chunk.toString("utf8");
      const port = /^(\d+)\n/.exec(said)?.[1];
      if (port !== undefined) {
        clearTimeout(timer);
        resolve(Number(port));
      }
    });
    child.once("error", (error) => fail(error.message));
    child.once("exit", (code) => {
      clearTimeout(timer);
      fail(`it exited with ${code ?? "a signal"}`);
    });
  });
}
