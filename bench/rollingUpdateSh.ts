/**
 * The steps of Milvus' public script deployments/upgrade/rollingUpdate.sh (milvus-io/milvus), written anew: it switches
 * on active standby in the ConfigMap, then patches one Deployment after the other, past Helm, and waits for each.
 */
import { parse } from "yaml";
import type { ReleaseName } from "../sandbox/milvusRelease";
import type { Sandbox } from "../sandbox/sandbox";

const ORDER = [
  ...["rootcoord", "datacoord", "indexcoord", "querycoord"],
  ...["indexnode", "datanode", "querynode", "proxy", "standalone"],
] as const;
/** Of a coordinator. */
const MIN_READY_SECONDS = 30;
const ROLLOUT_SECONDS = 600;

export async function rollingUpdateSh(sandbox: Sandbox, release: ReleaseName, target: string): Promise<void> {
  const { name, namespace } = release;
  const kubectl = (...args: string[]) =>
    sandbox.kubectl([...args, "--namespace", namespace], { timeoutSeconds: ROLLOUT_SECONDS });
  await switchOnStandby(kubectl, `${name}-milvus`);
  const selector = `app.kubernetes.io/instance=${name},app.kubernetes.io/name=milvus`;
  const listed = await kubectl("get", "deployments", "-l", selector, "--output=jsonpath={.items..metadata.name}");
  const deployments = listed.split(" ").filter(Boolean);
  for (const deployment of deployments) await kubectl("rollout", "status", "deployment", deployment);
  for (const component of ORDER) {
    for (const deployment of deployments.filter((each) => each.endsWith(component))) {
      const container = await kubectl(
        ...["get", "deployment", deployment, "--output=jsonpath={.spec.template.spec.containers[0].name}"],
      );
      const patch = {
        metadata: { labels: { "app.kubernetes.io/version": target } },
        spec: {
          ...(component.endsWith("coord") && { minReadySeconds: MIN_READY_SECONDS }),
          strategy: { type: "RollingUpdate" },
          template: { spec: { containers: [{ name: container, image: `milvusdb/milvus:v${target}` }] } },
        },
      };
      await kubectl("patch", "deployment", deployment, "--patch", JSON.stringify(patch));
      await kubectl("rollout", "status", "deployment", deployment);
    }
  }
}

async function switchOnStandby(kubectl: (...args: string[]) => Promise<string>, configMap: string): Promise<void> {
  const { data } = parse(await kubectl("get", "configmap", configMap, "--output=yaml")) as {
    data: Record<string, string>;
  };
  const own = ["rootCoord", "queryCoord", "dataCoord", "indexCoord"].map(
    (coordinator) => `${coordinator}:\n  enableActiveStandby: true`,
  );
  const userYaml = `${data["user.yaml"] ?? ""}\n${own.join("\n")}`;
  await kubectl("patch", "configmap", configMap, "--patch", JSON.stringify({ data: { "user.yaml": userYaml } }));
}
