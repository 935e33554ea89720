import path from "node:path";

/** Folder of the Kubernetes control plane within a sandbox's folder. */
export function controlPlaneFolder(sandbox: string): string {
  return path.join(sandbox, "control-plane");
}

/** Exists once the pod runner works. */
export function podRunnerReadyFile(sandbox: string): string {
  return path.join(sandbox, "pod-runner.ready");
}

export function podRunnerLog(sandbox: string): string {
  return path.join(sandbox, "pod-runner.log");
}

/** The sandbox's own `pulumi`. */
export function pulumiFile(sandbox: string): string {
  return path.join(sandbox, "bin", "pulumi");
}
