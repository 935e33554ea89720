import { OWN_DESCRIPTION } from "../../upgrade/marks";
import type { ClusterState, ComponentState, HelmValues } from "../../upgrade/model";
import { asText, filledText, getValue } from "../../upgrade/values/tree";
import type { Chart } from "./charts";
import type { Picture } from "./picture";
import { NAMESPACE, RELEASE_NAME } from "./renderer";

/** A release as Helm has installed it, healthy. */
export interface Installed {
  readonly chart: Chart;
  readonly values: HelmValues;
  readonly picture: Picture;
  readonly revision: number;
  /** Made by an upgrade of this program, and not by a person with Helm. */
  readonly isOurs: boolean;
}

/** What the program reads of such a cluster. */
export function clusterOf(
  { chart, values, picture, revision, isOurs }: Installed,
  kubernetesVersion: string,
): ClusterState {
  const at = "2026-01-02T00:00:00Z";
  return {
    kubernetesVersion,
    observedAt: at,
    namespaceExists: true,
    namespaceUid: "uid",
    release: {
      name: RELEASE_NAME,
      namespace: NAMESPACE,
      revision,
      status: "deployed",
      chartName: "milvus",
      chartVersion: chart.version,
      appVersion: chart.milvus,
      userValues: values,
      chartValues: chart.defaults,
      description: isOurs ? `${OWN_DESCRIPTION} by the harness` : "Upgrade complete",
      updatedAt: at,
      firstDeployedAt: "2026-01-01T00:00:00Z",
      recordName: `sh.helm.release.v1.${RELEASE_NAME}.v${revision}`,
    },
    components: [...picture.components].map(([component, { name, content, containers }]): ComponentState => {
      const replicas = Number(getValue(content, ["spec", "replicas"]) ?? 1);
      const strategy = filledText(getValue(content, ["spec", "strategy", "type"]));
      return {
        name,
        component,
        image: asText(containers[0]?.image),
        replicas,
        readyReplicas: replicas,
        updatedReplicas: replicas,
        pods: replicas,
        paused: false,
        rolledOut: true,
        strategyType: strategy === "Recreate" ? "Recreate" : "RollingUpdate",
      };
    }),
    attempts: [],
    notes: [],
  };
}
