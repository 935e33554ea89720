import type { Pulls } from "./pulls";

/** `pulls milvusdb/milvus:v2.2.14 (proxy, querynode) onto node-0, node-1`: one line for each image, then the nodes passed over. */
export function describePulls({ groups, passedOver, notes }: Pulls): string[] {
  return [
    ...groups.flatMap(({ images, nodes }) =>
      images.map(({ image, users }) => `pulls ${image} (${users.join(", ")}) onto ${nodeList(nodes)}`),
    ),
    ...passedOver.map(({ node, why }) => `pulls nothing onto ${node}: ${why}`),
    ...notes,
  ];
}

const SHOWN_NODES = 6;

function nodeList(nodes: readonly string[]): string {
  if (nodes.length === 0) return "no node";
  const more = nodes.length - SHOWN_NODES;
  return nodes.slice(0, SHOWN_NODES).join(", ") + (more > 0 ? ` and ${more} more nodes` : "");
}
