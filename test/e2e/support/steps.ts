import type { TestBed } from "./testBed";
import { RELEASE } from "./testBed";

interface PodList {
  readonly items: readonly { readonly status: { readonly phase?: string } }[];
}

/** True while the Job of that step (label milvus-upgrade/step) has a pod at work. */
export async function stepRuns({ sandbox }: TestBed, step: string): Promise<boolean> {
  const { exitCode, stdout } = await sandbox.tryKubectl([
    "get",
    "pods",
    `--namespace=${RELEASE.namespace}`,
    `--selector=milvus-upgrade/step=${step}`,
    "--output=json",
  ]);
  return exitCode === 0 && (JSON.parse(stdout) as PodList).items.some(({ status }) => status.phase === "Running");
}
