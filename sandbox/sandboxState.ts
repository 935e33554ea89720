import { readdir, readFile, rename, writeFile } from "node:fs/promises";
import path from "node:path";
import { sandboxesFolder } from "./folders";
import type { ProcessRecord } from "./processes";
import type { Tools } from "./tools";

/** What is known of a running sandbox, kept in its folder so that any process can go on with it or stop it. */
export interface SandboxState {
  readonly name: string;
  readonly folder: string;
  /** ISO 8601. */
  readonly createdAt: string;
  /** Stays up when the process that started it ends. */
  readonly keep: boolean;
  readonly tools: Tools;
  /** `host:port` of the etcd with the Milvus metadata. */
  readonly metadataEtcd: string;
  /** `host:port` at which pods reach it by TLS; missing: they reach it in plain text. */
  readonly secureEtcd?: string;
  /** Names that pods use, and where they lead. */
  readonly hosts: Readonly<Record<string, string>>;
  /** Standalone pods run a real Milvus. */
  readonly realMilvus: boolean;
  readonly processes: {
    readonly metadataEtcd?: ProcessRecord;
    readonly podRunner?: ProcessRecord;
    readonly watchdog?: ProcessRecord;
  };
}

const NAME = /^[a-z][a-z0-9-]{0,30}$/;

export function sandboxFolder(name: string): string {
  if (!NAME.test(name)) {
    throw new Error(`"${name}" is no name for a sandbox: lower-case letters, digits and dashes, a letter first`);
  }
  return path.join(sandboxesFolder(), name);
}

/** Undefined when there is no such sandbox. */
export async function readState(folder: string): Promise<SandboxState | undefined> {
  try {
    return JSON.parse(await readFile(stateFile(folder), "utf8")) as SandboxState;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") {
      return undefined;
    }
    throw error;
  }
}

export async function writeState(state: SandboxState): Promise<void> {
  const file = stateFile(state.folder);
  await writeFile(`${file}.new`, JSON.stringify(state, null, 2));
  await rename(`${file}.new`, file);
}

export async function listStates(): Promise<SandboxState[]> {
  const entries = await readdir(sandboxesFolder()).catch(() => []);
  const states = await Promise.all(
    entries.filter((entry) => NAME.test(entry)).map((entry) => readState(path.join(sandboxesFolder(), entry))),
  );
  return states.filter((state) => state !== undefined);
}

function stateFile(folder: string): string {
  return path.join(folder, "sandbox.json");
}
