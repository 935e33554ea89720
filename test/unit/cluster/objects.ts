import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { RecordObject } from "../../../cluster/helm/record";
import type { Deployment, Pod } from "../../../cluster/state/workloads";

const FOLDER = join(__dirname, "..", "..", "fixtures", "releases");

/** Records of test/fixtures/releases. */
export function recorded(name: string): RecordObject[] {
  return JSON.parse(readFileSync(join(FOLDER, `${name}.json`), "utf8")) as RecordObject[];
}

/** A record as Helm would write it, of whatever JSON. */
export function record(release: unknown, name = "sh.helm.release.v1.r.v1"): RecordObject {
  const stored = gzipSync(JSON.stringify(release)).toString("base64");
  return { type: "helm.sh/release.v1", metadata: { name }, data: { release: Buffer.from(stored).toString("base64") } };
}

export function deployment(component: string, over: Partial<Deployment> = {}): Deployment {
  const name = `my-release-milvus-${component}`;
  return {
    metadata: {
      name,
      generation: 2,
      labels: { "app.kubernetes.io/instance": "my-release", "app.kubernetes.io/name": "milvus", component },
    },
    spec: {
      replicas: 1,
      selector: {},
      template: { spec: { containers: [{ name: component, image: "milvusdb/milvus:v2.1.4" }] } },
    },
    status: { observedGeneration: 2, replicas: 1, readyReplicas: 1, updatedReplicas: 1, availableReplicas: 1 },
    ...over,
  };
}

export function pod(deploymentName: string, id: string, over: Partial<Pod> = {}): Pod {
  const hash = "7d5f9c";
  return {
    metadata: {
      name: `${deploymentName}-${hash}-${id}`,
      labels: { "pod-template-hash": hash },
      ownerReferences: [{ apiVersion: "apps/v1", kind: "ReplicaSet", name: `${deploymentName}-${hash}`, uid: "1" }],
    },
    ...over,
  };
}
