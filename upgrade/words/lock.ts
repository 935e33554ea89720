import type { Refusal, Warning } from "../model";

/** Who is at work on a release, as the lock says. */
export interface RunHolder {
  /** Different in each run. */
  readonly run: string;
  /** `jane@laptop`. */
  readonly who: string;
  /** `organization/milvus/dev`. */
  readonly stack: string;
  /** ISO 8601. */
  readonly since: string;
}

/** Of a run that is refused because another one has the lock. */
export const OTHER_RUN_RULE = "another_run_is_active";

/** Name of the ConfigMap that is the lock of a release. */
export function lockName(releaseName: string): string {
  return `${releaseName}-upgrade-lock`;
}

/** `jane@laptop, stack organization/milvus/dev, since 2026-01-01T00:00:00Z`. */
export function describeHolder({ who, stack, since }: RunHolder): string {
  return `${who}, stack ${stack}, since ${since}`;
}

export function warningOfOtherRun(holder: RunHolder): Warning {
  const message = `the release is locked by ${describeHolder(holder)}. While that run is alive, up is refused.`;
  return { rule: OTHER_RUN_RULE, message };
}

/** Two runs that upgrade one release undo each other's steps; the second stops before it has touched anything. */
export function refusalOfSecondRun(
  holder: RunHolder,
  { releaseName, namespace }: { readonly releaseName: string; readonly namespace: string },
): Refusal {
  return {
    kind: "refused",
    rule: OTHER_RUN_RULE,
    reason: `another run is at work on the release ${releaseName} in namespace ${namespace}: ${describeHolder(holder)}. Nothing was touched.`,
    remedy: `Wait until it has ended, then run pulumi up again: a run that was killed is noticed by its silence. If you know that it is gone: kubectl -n ${namespace} delete configmap ${lockName(releaseName)}`,
    source: "pulumi locks a stack, not a cluster: two stacks, or one stack in two backends, may mean the same release",
  };
}
