import { readdir, readFile, rm } from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { releasePorts } from "./ports";
import { endProcess, killProcess, recordOf } from "./processes";
import { run } from "./run";
import { readState, type SandboxState } from "./sandboxState";

/** Programs of a sandbox; anything else whose command line names the folder, an editor for one, is the user's own. */
const PROGRAMS =
  /^(etcd|kube-apiserver|kube-controller-manager|kube-scheduler|kwok-controller|kwokctl|kubectl|helm|node)$/;

/** Ends every process of a sandbox and removes its folder. Works from any process, also on a half-started sandbox. */
export async function stopSandboxAt(folder: string): Promise<void> {
  const state = await readState(folder);
  if (state?.processes.podRunner) {
    // It is asked first, since it knows its containers.
    await endProcess(state.processes.podRunner, 10);
  }
  // Nothing else is worth a clean end: the data goes away. Repeated, since a kwokctl may just be starting the next one.
  for (let round = 0; round < 20; round++) {
    const pids = [...(await programsOf(folder)), ...(await outlivingOf(folder, state))];
    if (pids.length === 0) {
      break;
    }
    pids.map(recordOf).forEach(killProcess);
    await sleep(50);
  }
  if (state) {
    await releasePorts(state.name);
  }
  // A process that is just ending may still write a last line.
  await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
}

async function programsOf(folder: string): Promise<number[]> {
  const list = await run("ps", ["-ww", "-e", "-o", "pid=,stat=,args="], { timeoutSeconds: 10 });
  return list.split("\n").flatMap((line) => {
    const [, pid, stat, program, rest] = /^\s*(\d+)\s+(\S+)\s+(\S+)(.*)$/.exec(line) ?? [];
    const ours =
      program !== undefined &&
      PROGRAMS.test(path.basename(program)) &&
      `${program}${rest ?? ""} `
        .split(folder)
        .slice(1)
        .some((after) => /^[/\s]/.test(after));
    return ours && !stat?.startsWith("Z") && Number(pid) !== process.pid ? [Number(pid)] : [];
  });
}

/** Linux cuts the name of a program at 15 characters. */
const PROVIDER = "pulumi-resource";

/**
 * What outlives the death of who started it, and does not name the folder. Containers do, as with a real kubelet: they are known
 * by the variable that only the pod runner gives them. A provider does that still waits for the cluster: its environment leads here.
 */
async function outlivingOf(folder: string, state: SandboxState | undefined): Promise<number[]> {
  const pids: number[] = [];
  for (const entry of await readdir("/proc").catch(() => [])) {
    if (!/^\d+$/.test(entry)) {
      continue;
    }
    const read = (name: string) => readFile(`/proc/${entry}/${name}`, "utf8").catch(() => "");
    const environment = (await read("environ")).split("\0");
    const hosts = environment.find((variable) => variable.startsWith("SANDBOX_HOSTS="));
    const isContainer = state !== undefined && hosts?.includes(state.secureEtcd ?? state.metadataEtcd) === true;
    const leadsHere = environment.some((variable) => variable.includes(`${folder}/`));
    if (isContainer || (leadsHere && (await read("comm")).trim() === PROVIDER)) {
      pids.push(Number(entry));
    }
  }
  return pids;
}
