/** One container of a Job's pod: from its image to its exit code. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Pod } from "./apiServer";
import { type ContainerProcess, startProcess } from "./containerProcess";
import type { RunnerContext } from "./context";
import { type Container, containerEnvironment, expand } from "./environment";
import type { ContainerFault } from "./faults";
import { logFile, makeFolder } from "./folders";
import { clusterHosts, hostsVariable } from "./hosts";
import type { LocalImage } from "./images";
import type { NamespaceData } from "./namespaceData";
import { hasToken } from "./serviceAccount";
import type { TerminatedState } from "./status";
import { pathTranslation } from "./volumes";

export interface ContainerSetting {
  readonly context: RunnerContext;
  readonly pod: Pod;
  readonly data: NamespaceData;
  readonly podFolder: string;
  readonly volumes: ReadonlyMap<string, string>;
  /** Only for containers that have a token; a file that need not exist. */
  readonly kubeconfig: string;
}

export interface PreparedContainer {
  readonly program: string | undefined;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly folder: string;
  readonly logFile: string;
  readonly messageFile: string;
  readonly fileLimitBytes: number | undefined;
  readonly messageFromLogs: boolean;
}

/** Life of the migration tool's own session after a kill; a real one takes 60 s. */
const TOOL_SESSION_SECONDS = 5;

/** Resolves variables and paths. Throws ConfigError for a reference that leads nowhere. */
export async function prepareContainer(
  setting: ContainerSetting,
  container: Container,
  image: LocalImage,
  fault: ContainerFault | undefined,
): Promise<PreparedContainer> {
  const { context, pod } = setting;
  const home = makeFolder(setting.podFolder, "containers", container.name);
  const messageFile = join(home, "termination-log");
  writeFileSync(messageFile, "");
  const local = pathTranslation(container, setting.volumes, {
    ...image.files,
    [container.terminationMessagePath ?? "/dev/termination-log"]: messageFile,
  });
  const given = await containerEnvironment(pod, container, setting.data);
  const hosts = clusterHosts(await setting.data.services(), context.metadataEtcd, context.hosts());
  const env: Record<string, string> = {
    PATH: process.env.PATH ?? "/usr/bin:/bin",
    HOSTNAME: pod.metadata?.name ?? "",
    HOME: home,
    TMPDIR: makeFolder(home, "tmp"),
    ...Object.fromEntries(Object.entries(given).map(([name, value]) => [name, local(value)])),
    ...(hasToken(pod, container) && { KUBECONFIG: setting.kubeconfig }),
    SANDBOX_HOSTS: hostsVariable(hosts),
    SANDBOX_SESSION_TTL: String(Math.max(TOOL_SESSION_SECONDS, context.milvus().sessionTtlSeconds)),
    ...fault?.env,
  };
  const words = [...(container.command ?? []), ...(container.args ?? [])].map((word) => expand(word, given));
  const command = container.command?.length ? (words.shift() ?? "") : image.entrypoint;
  const log = logFile(context.folder, pod, container.name);
  makeFolder(dirname(log));
  return {
    program: container.command?.length ? image.program(command) : image.entrypoint,
    command,
    args: words.map(local),
    env,
    folder: container.workingDir ? makeFolder(local(container.workingDir)) : home,
    logFile: log,
    messageFile,
    fileLimitBytes: fault?.fileLimitBytes,
    messageFromLogs: container.terminationMessagePolicy === "FallbackToLogsOnError",
  };
}

export interface StartedContainer {
  readonly startedAt: string;
  readonly process: ContainerProcess | undefined;
  readonly ended: Promise<TerminatedState>;
}

/** Starts it; the promise `ended` never rejects. */
export function startContainer(prepared: PreparedContainer): StartedContainer {
  const startedAt = new Date().toISOString();
  const end = (exitCode: number, reason: string, message?: string): TerminatedState => ({
    kind: "terminated",
    exitCode,
    reason,
    ...(message ? { message } : {}),
    startedAt,
    finishedAt: new Date().toISOString(),
  });
  if (prepared.program === undefined) {
    const message = `exec: "${prepared.command}": stat ${prepared.command}: no such file or directory: unknown`;
    return { startedAt, process: undefined, ended: Promise.resolve(end(128, "StartError", message)) };
  }
  const process = startProcess({ ...prepared, ...limited(prepared.program, prepared.args, prepared.fileLimitBytes) });
  const ended = process.exited.then(
    (exitCode) =>
      end(exitCode, exitCode === 0 ? "Completed" : "Error", terminationMessage(prepared, exitCode, process)),
    (error: unknown) => end(128, "StartError", error instanceof Error ? error.message : String(error)),
  );
  return { startedAt, process, ended };
}

/** The same command under a limit on the size of files, which a shell sets in blocks of 512 bytes. */
function limited(
  program: string,
  args: readonly string[],
  bytes: number | undefined,
): { readonly program: string; readonly args: readonly string[] } {
  if (bytes === undefined) return { program, args };
  const script = `trap "" XFSZ; ulimit -f ${Math.floor(bytes / 512)}; exec "$@"`;
  return { program: "/bin/sh", args: ["-c", script, "sh", program, ...args] };
}

const MESSAGE_BYTES = 4096;

function terminationMessage(prepared: PreparedContainer, exitCode: number, process: ContainerProcess): string {
  const written = existsSync(prepared.messageFile)
    ? readFileSync(prepared.messageFile, "utf8").slice(0, MESSAGE_BYTES)
    : "";
  return written || !prepared.messageFromLogs || exitCode === 0 ? written : process.tail();
}
