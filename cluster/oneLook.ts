import type { ClusterAccess } from "./access";

/**
 * The same cluster for one look at it: what was read is not read again. For a few seconds of planning only; whoever waits
 * for something to change must ask the cluster itself.
 */
export function oneLook(access: ClusterAccess): ClusterAccess {
  const seen = new Map<string, Promise<unknown>>();
  return {
    ...access,
    read: (request) => {
      const id = JSON.stringify(Object.entries(request).sort(([a], [b]) => a.localeCompare(b)));
      const known = seen.get(id) ?? access.read(request);
      seen.set(id, known);
      return known;
    },
  };
}
