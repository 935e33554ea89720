import { chartAtLeast, chartOlderThan } from "../../charts/versions";
import type { VALUES_KEYS } from "../../milvusComponents";

/**
 * Keys of a component's values that its Deployment and Service are made from, as `[key, first chart that reads it]`: only
 * those by which one component may differ from another. Found in templates/COMPONENT-deployment.yaml and -svc.yaml of all
 * 216 chart releases 3.0.0 to 5.0.19 (fact 7.8). Volumes are the chart's.
 */
const READ_BY = {
  mixCoordinator: {
    replicas: "4.0.10",
    "activeStandby.enabled": "4.1.1",
    strategy: "4.1.22",
    annotations: "4.2.18",
    extraEnv: "4.0.10",
    resources: "4.0.10",
    nodeSelector: "4.0.10",
    affinity: "4.0.10",
    tolerations: "4.0.10",
    topologySpreadConstraints: "4.2.34",
    securityContext: "4.2.44",
    containerSecurityContext: "4.2.50",
    "profiling.enabled": "4.0.10",
    "heaptrack.enabled": "4.0.10",
    "service.annotations": "4.0.10",
    "service.labels": "4.0.10",
  },
  // Of the annotations of a streaming node no chart reads anything; its Service has none of its own.
  streamingNode: {
    replicas: "4.2.8",
    strategy: "4.2.8",
    extraEnv: "4.2.8",
    resources: "4.2.8",
    nodeSelector: "4.2.8",
    affinity: "4.2.8",
    tolerations: "4.2.8",
    topologySpreadConstraints: "4.2.34",
    securityContext: "4.2.44",
    containerSecurityContext: "4.2.50",
    "profiling.enabled": "4.2.8",
    "heaptrack.enabled": "4.2.8",
  },
} as const satisfies Record<string, Readonly<Record<string, string>>>;

export type NewComponent = keyof typeof READ_BY;
export type ComponentKey = {
  [C in NewComponent]: Extract<keyof (typeof READ_BY)[C], string>;
}[NewComponent];

/** Keys of a component that this chart reads, `activeStandby.enabled`. */
export function keysReadOf(component: NewComponent, chart: string): ComponentKey[] {
  return (Object.entries(READ_BY[component]) as [ComponentKey, string][]).flatMap(([key, since]) =>
    chartAtLeast(chart, since) ? [key] : [],
  );
}

/** Keys at the root of the values that count for every component that has none of its own there (the same templates). */
export const SHARED_KEYS: readonly string[] = [
  "nodeSelector",
  "affinity",
  "tolerations",
  "topologySpreadConstraints",
  "securityContext",
  "containerSecurityContext",
];

type Part = keyof typeof VALUES_KEYS;

/** `replicas` of a component, as `[first chart that reads it, first chart that leaves the field out below 0]` (fact 7.6). */
const REPLICAS: Readonly<Record<Part, readonly [string, string]>> = {
  rootcoord: ["4.0.4", "4.1.22"],
  datacoord: ["4.0.4", "4.1.22"],
  querycoord: ["4.0.4", "4.1.22"],
  indexcoord: ["4.0.4", "4.1.22"],
  mixcoord: ["4.0.10", "4.1.22"],
  streamingnode: ["4.2.8", "4.2.8"],
  indexnode: ["3.0.0", "4.1.5"],
  datanode: ["3.0.0", "4.1.5"],
  querynode: ["3.0.0", "4.1.5"],
  proxy: ["3.0.0", "4.1.5"],
  cdc: ["5.0.8", "5.0.8"],
};

/** What the charts' values.yaml have for every component, in all of them. */
export const DEFAULT_REPLICAS = 1;

/**
 * What the chart writes into the Deployment for `replicas`.
 *
 * @returns `omitted` where it leaves the field out, for an autoscaler
 */
export function renderedReplicas(component: Part, value: number, chart: string): number | "omitted" {
  const [readSince, omittedSince] = REPLICAS[component];
  if (chartOlderThan(chart, readSince)) return DEFAULT_REPLICAS;
  return value < 0 && chartAtLeast(chart, omittedSince) ? "omitted" : value;
}
