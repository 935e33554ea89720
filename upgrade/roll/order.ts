import type { MilvusComponent } from "../milvusComponents";
import { atLeast } from "../versions/versions";

interface RolloutOrder {
  readonly name: string;
  readonly components: readonly MilvusComponent[];
  readonly source: string;
}

/**
 * The order in which components take the new version, by layout (facts 8.3, 8.4 and 8.6). Coordinators first, rootcoord
 * before the others; proxies last: new ones before the last old query node is gone block all requests.
 */
const ORDERS = {
  separate: {
    name: "separate coordinators",
    components: ["indexnode", "rootcoord", "datacoord", "indexcoord", "querycoord", "querynode", "datanode", "proxy"],
    source: "milvus-operator pkg/controllers/dependency_graph.go; milvus issue 21650 (rootcoord first)",
  },
  mix: {
    name: "mixcoord",
    components: ["indexnode", "mixcoord", "querynode", "datanode", "proxy"],
    source: "milvus-operator pkg/controllers/dependency_graph.go (4.2.4 and later)",
  },
  streaming: {
    name: "mixcoord and streaming node",
    components: ["mixcoord", "streamingnode", "querynode", "datanode", "proxy", "cdc"],
    source:
      "milvus-operator pkg/controllers/dependency_graph.go; issue 446: a streaming node is ready only with a mixcoord of 2.6; milvus issue 42492: proxies last",
  },
} as const satisfies Record<string, RolloutOrder>;

export const ROLLOUT_ORDERS: readonly RolloutOrder[] = Object.values(ORDERS);

/** The order for the layout that the new version has. Going back is the reverse. */
export function rolloutOrder(
  to: string,
  coordinators: "separate" | "mix",
  direction: "up" | "down",
): readonly MilvusComponent[] {
  const order = atLeast(to, "2.6.0") ? ORDERS.streaming : coordinators === "mix" ? ORDERS.mix : ORDERS.separate;
  return direction === "up" ? order.components : [...order.components].reverse();
}
