/** What somebody writes who has no more than a Helm release in mind. */
import * as k8s from "@pulumi/kubernetes";

export interface BareSettings {
  readonly kubeconfig: string;
  readonly release: string;
  readonly namespace: string;
  /** Folder of an unpacked chart. */
  readonly chart: string;
  readonly values: Readonly<Record<string, unknown>>;
}

export function bareProgram(settings: () => BareSettings): () => Promise<object> {
  return () => {
    const { kubeconfig, release, namespace, chart, values } = settings();
    const provider = new k8s.Provider("kubernetes", { kubeconfig });
    const milvus = new k8s.helm.v3.Release(
      "milvus-release",
      { name: release, namespace, createNamespace: true, chart, values },
      { provider },
    );
    return Promise.resolve({ release: milvus.id });
  };
}
