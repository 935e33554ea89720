import { REPLICAS_ANNOTATION } from "../../upgrade/marks";
import { replicasSet } from "../state/managedFields";
import type { Deployment } from "../state/workloads";

/** A Deployment that the stop step has put to 0, and that is not there any more. */
export interface StartedAgain {
  readonly deployment: string;
  readonly replicas: number;
  /** Field manager that set the replicas: `argocd-controller`, `kubectl`. */
  readonly by: string;
  /** ISO 8601; missing where the API server does not say. */
  readonly at?: string;
}

/**
 * @param since ISO 8601: when the stop began that may not have come to its end; what was not touched since then was
 *   never stopped. Missing: the stop is done.
 */
export function startedAgain(deployments: readonly Deployment[], since?: string): StartedAgain[] {
  return deployments.flatMap(({ metadata, spec }) => {
    const replicas = spec?.replicas ?? 1;
    if (metadata?.annotations?.[REPLICAS_ANNOTATION] === undefined || replicas === 0) return [];
    const entry = replicasSet(metadata);
    if (since !== undefined && (entry?.time ?? "") < since) return [];
    const by = entry?.manager ?? "somebody the API server does not name";
    return [{ deployment: metadata.name ?? "", replicas, by, ...(entry?.time !== undefined && { at: entry.time }) }];
  });
}

/** For whoever reads the failure of a stop, backup or migration; undefined when nothing came back. */
export function describeStartedAgain(found: readonly StartedAgain[], namespace: string): string | undefined {
  if (found.length === 0) return undefined;
  const lines = found.map(({ deployment, replicas, by, at }) => {
    const when = at === undefined ? "" : ` at ${at.slice(11, 19)} UTC`;
    return `  Deployment ${deployment} was set to ${replicas} again${when} by "${by}"`;
  });
  return [
    "Something starts Milvus again while the upgrade keeps it stopped:",
    ...lines,
    `  what to do: find what that is (an autoscaler, a GitOps controller, a person; kubectl -n ${namespace} get deployment NAME --show-managed-fields -o yaml) and turn it off for the upgrade. Then run pulumi up again: it stops what came back and goes on from where it stands.`,
  ].join("\n");
}
