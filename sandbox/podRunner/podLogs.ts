/** Tells kwok, which answers for the nodes' kubelets, where a pod's logs are, so that `kubectl logs` shows them. */
import { closeSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { type ApiServer, isStatus, type Pod } from "./apiServer";
import { logFile, makeFolder } from "./folders";

/** Best effort: without kwok's kind Logs in the cluster the files are there all the same. The object goes with the pod. */
export async function publishLogs(api: ApiServer, folder: string, pod: Pod): Promise<void> {
  const namespace = pod.metadata?.namespace ?? "default";
  const containers = [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])];
  for (const container of containers) touch(logFile(folder, pod, container.name));
  const { name, uid } = { name: pod.metadata?.name ?? "", uid: pod.metadata?.uid ?? "" };
  try {
    await api.call("POST", `/apis/kwok.x-k8s.io/v1alpha1/namespaces/${namespace}/logs`, {
      body: {
        apiVersion: "kwok.x-k8s.io/v1alpha1",
        kind: "Logs",
        metadata: { name, namespace, ownerReferences: [{ apiVersion: "v1", kind: "Pod", name, uid }] },
        spec: {
          logs: containers.map((container) => ({
            containers: [container.name],
            logsFile: logFile(folder, pod, container.name),
          })),
        },
      },
    });
  } catch (error) {
    if (!isStatus(error, 404, 409)) throw error;
  }
}

/** An empty log, for a container that has not started yet. */
function touch(file: string): void {
  makeFolder(dirname(file));
  closeSync(openSync(file, "a", 0o600));
}
