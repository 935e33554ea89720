import type { HelmValues } from "../model";
import { getValue, isMap, isTrue, path } from "../values/tree";
import { atLeast } from "../versions/versions";

/** Where the coordinators become one process with a session of its own. */
const ONE_SESSION_SINCE = "2.6.0";
/** What Kubernetes fills in where the chart leaves the strategy out. */
const KUBERNETES_DEFAULT = { maxSurge: "25%", maxUnavailable: "25%" } as const;

/** True when the versions are on both sides of 2.6: their coordinators do not see each other. */
export function crossesMixcoordSession(from: string, to: string): boolean {
  return atLeast(from, ONE_SESSION_SINCE) !== atLeast(to, ONE_SESSION_SINCE);
}

/**
 * The strategy that the chart gives a mixcoord in active standby: the value, or nothing, which Kubernetes fills in.
 * Undefined where it is Recreate anyhow (fact 7.4), so that nothing has to be changed for the hop.
 */
export function standbyStrategy(values: HelmValues): HelmValues | undefined {
  if (!isTrue(getValue(values, path("mixCoordinator.activeStandby.enabled")))) return undefined;
  const given = getValue(values, path("mixCoordinator.strategy"));
  const { type = "RollingUpdate", rollingUpdate } = isMap(given) ? given : {};
  if (type !== "RollingUpdate") return undefined;
  return { type, rollingUpdate: { ...KUBERNETES_DEFAULT, ...(isMap(rollingUpdate) && rollingUpdate) } };
}
