/**
 * The object and field behind a value that cannot be changed, as the charts name them: what the API server would refuse,
 * or what would be made a second time.
 */
export function objectBehind(key: string, releaseName: string): string {
  const [dependency = "", ...rest] = key.split(".");
  const field = rest.join(".");
  if (rest.length === 0) return "metadata.name of every object";
  if (dependency === "standalone" || dependency === "log") {
    return `PersistentVolumeClaim of ${releaseName}, spec.storageClassName`;
  }
  if (field === "name" || field.endsWith("Override")) return `metadata.name of every object of ${dependency}`;
  const part = /^(zookeeper|bookkeeper|broker|proxy)\./.exec(field)?.[1];
  const name = [releaseName, dependency, part].filter((it) => it !== undefined).join("-");
  if (field.endsWith("podManagementPolicy")) return `StatefulSet ${name}, spec.podManagementPolicy`;
  if (field === "mode") return `StatefulSet or Deployment ${name}, kind`;
  if (field === "replicas" || field === "zones" || field === "drivesPerNode") {
    return `StatefulSet ${name}, the layout of its volumes`;
  }
  return `StatefulSet ${name}, spec.volumeClaimTemplates`;
}
