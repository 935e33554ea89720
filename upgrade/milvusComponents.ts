import type { ComponentState } from "./model";

/** Components that are Milvus processes with the image of the release (fact 7.2). */
export const MILVUS_COMPONENTS = [
  "rootcoord",
  "datacoord",
  "indexcoord",
  "querycoord",
  "mixcoord",
  "streamingnode",
  "indexnode",
  "datanode",
  "querynode",
  "proxy",
  "cdc",
  "standalone",
] as const;
export type MilvusComponent = (typeof MILVUS_COMPONENTS)[number];

/** Under which key the chart's values have a component of a cluster. */
export const VALUES_KEYS = {
  rootcoord: "rootCoordinator",
  datacoord: "dataCoordinator",
  indexcoord: "indexCoordinator",
  querycoord: "queryCoordinator",
  mixcoord: "mixCoordinator",
  streamingnode: "streamingNode",
  indexnode: "indexNode",
  datanode: "dataNode",
  querynode: "queryNode",
  proxy: "proxy",
  cdc: "cdc",
} as const satisfies Record<Exclude<MilvusComponent, "standalone">, string>;

/** Deployments under the release's labels that run another program; Helm updates them, we leave them alone (issue 20756). */
const OTHER_COMPONENTS: readonly string[] = ["attu"];

export function isMilvusComponent(component: string): component is MilvusComponent {
  return (MILVUS_COMPONENTS as readonly string[]).includes(component);
}

/** Neither Milvus nor known to belong beside it. */
export function isUnknownComponent({ component }: ComponentState): boolean {
  return !isMilvusComponent(component) && !OTHER_COMPONENTS.includes(component);
}

/** Nothing of it runs: scaled to 0 and the last pod gone. */
export function isDown({ replicas, pods }: ComponentState): boolean {
  return replicas === 0 && pods === 0;
}
