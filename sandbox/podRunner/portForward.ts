/** Tells kwok, which answers for the nodes' kubelets, where a pod's ports are, so that `kubectl port-forward` works. */
import { type ApiServer, isStatus, MERGE, type Pod } from "./apiServer";

/** Container port → port on 127.0.0.1. The object goes with the pod. */
export async function forwardPorts(api: ApiServer, pod: Pod, ports: Readonly<Record<number, number>>): Promise<void> {
  const { namespace = "default", name = "", uid = "" } = pod.metadata ?? {};
  const path = `/apis/kwok.x-k8s.io/v1alpha1/namespaces/${namespace}/portforwards`;
  const spec = {
    forwards: Object.entries(ports).map(([port, target]) => ({
      ports: [Number(port)],
      target: { address: "127.0.0.1", port: target },
    })),
  };
  const body = {
    apiVersion: "kwok.x-k8s.io/v1alpha1",
    kind: "PortForward",
    metadata: { name, namespace, ownerReferences: [{ apiVersion: "v1", kind: "Pod", name, uid }] },
    spec,
  };
  try {
    await api.call("POST", path, { body });
  } catch (error) {
    // A container that starts again has other ports.
    if (!isStatus(error, 409)) throw error;
    await api.call("PATCH", `${path}/${name}`, { body: { spec }, contentType: MERGE });
  }
}
