import { RELEASE, type TestBed, until } from "./testBed";

/**
 * Evicts the pods of a component as a node does that is short of memory, and waits for their successors. The evicted ones
 * lie about from then on, as they do in a cluster.
 */
export async function evictPods({ sandbox }: TestBed, component: string): Promise<void> {
  const inNamespace = ["-n", RELEASE.namespace];
  const selector = `app.kubernetes.io/name=milvus,component=${component}`;
  const names = await sandbox.kubectl(["get", "pods", ...inNamespace, "-l", selector, "-o", "name"]);
  const status = { phase: "Failed", reason: "Evicted", message: "The node was low on resource: memory." };
  for (const name of names.trim().split("\n")) {
    const patch = ["--subresource=status", "--type=merge", `--patch=${JSON.stringify({ status })}`];
    await sandbox.kubectl(["patch", name, ...inNamespace, ...patch]);
  }
  const path = "jsonpath={.items[0].spec.replicas} {.items[0].status.availableReplicas}";
  await until(`successors of ${component}`, async () => {
    const counts = await sandbox.kubectl(["get", "deployment", ...inNamespace, "-l", selector, "-o", path]);
    const [wanted, available] = counts.split(" ");
    return wanted === available;
  });
}
