import type { ClusterClient } from "./client";

/**
 * The same cluster for one look at it: what was read is not read again. For a few seconds of planning only; whoever waits
 * for something to change must ask the cluster itself.
 */
export function oneLook(client: ClusterClient): ClusterClient {
  const seen = new Map<string, Promise<unknown>>();
  return {
    ...client,
    read: (request) => {
      const id = JSON.stringify(Object.entries(request).sort(([a], [b]) => a.localeCompare(b)));
      const known = seen.get(id) ?? client.read(request);
      seen.set(id, known);
      return known;
    },
  };
}
