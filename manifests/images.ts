import type { HelmValue } from "../upgrade/model";
import { isMap } from "../upgrade/values/tree";
import type { ManifestObject } from "./objects";

/** Every image that the containers of these objects name, each once, with the objects that use it. */
export function imagesOf(objects: readonly ManifestObject[]): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const { kind, name, content, hook } of objects) {
    // `helm test` alone runs these.
    if (hook?.includes("test")) continue;
    for (const image of containerImages(content)) {
      const users = found.get(image) ?? [];
      found.set(image, [...new Set([...users, `${kind}/${name}`])]);
    }
  }
  return found;
}

function containerImages(value: HelmValue): string[] {
  if (Array.isArray(value)) return value.flatMap(containerImages);
  if (!isMap(value)) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    const isContainers = key === "containers" || key === "initContainers";
    if (!isContainers || !Array.isArray(inner)) return containerImages(inner);
    return inner.flatMap((item) => (isMap(item) && typeof item.image === "string" ? [item.image] : []));
  });
}
