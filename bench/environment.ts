import { cpus, loadavg, totalmem } from "node:os";
import { projectFolder } from "../sandbox/folders";
import { tryRun } from "../sandbox/run";
import { TOOLS } from "../sandbox/toolList";

/** `2 cores (MODEL), 24 GB; Node 20.20.2, …; official plugin; 2026-11-25, commit abc1234`. */
export async function stamp(provider: string | undefined): Promise<string> {
  const [cpu] = cpus();
  const { "kube-apiserver": kubernetes, helm, pulumi } = TOOLS;
  const versions = [
    `Node ${process.versions.node}`,
    `Kubernetes ${kubernetes.version}`,
    `Helm ${helm.version}`,
    `Pulumi ${pulumi.version}`,
    ...(provider === undefined ? [] : [`kubernetes provider: ${provider}`]),
  ];
  const machine = `${cpus().length} cores${cpu === undefined ? "" : ` (${cpu.model.trim()})`}, ${Math.round(totalmem() / 2 ** 30)} GB`;
  const load = `load ${loadavg()[0]?.toFixed(1) ?? "?"} at the end`;
  return `${machine}, ${load}; ${versions.join(", ")}; ${new Date().toISOString().slice(0, 10)}, ${await commit()}`;
}

async function commit(): Promise<string> {
  const git = (...args: string[]) => tryRun("git", args, { cwd: projectFolder, timeoutSeconds: 20 });
  const [head, status] = await Promise.all([
    git("rev-parse", "--short", "HEAD"),
    // What this very run writes is no change of what it measures.
    git("status", "--porcelain", "--untracked-files=no", "--", ".", ":!docs/benchmarks.md"),
  ]);
  if (head.exitCode !== 0) return "not in a git repository";
  return `commit ${head.stdout.trim()}${status.stdout.trim() === "" ? "" : " with changes"}`;
}
