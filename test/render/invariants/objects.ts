import { forbiddenChanges } from "../../../manifests/immutable";
import { type ManifestObject, objectKey } from "../../../manifests/objects";
import { asText, getValue, sameValue } from "../../../upgrade/values/tree";
import { listOfMaps, mapAt, type Picture, type Workload } from "../picture";
import type { Breach, Hop, Invariant } from "./invariant";

function byKey({ objects }: Picture): Map<string, ManifestObject> {
  return new Map(objects.map((object) => [objectKey(object), object]));
}

/** Name and selector of every part of Milvus that stays, and of the Service that clients use. */
function names({ before, after }: Hop): Breach[] {
  const parts = [...before.components].flatMap(([component, { name, content }]): Breach[] => {
    const later = after.components.get(component);
    if (later === undefined) return [];
    const selector = ["spec", "selector"];
    return [
      ...(later.name === name
        ? []
        : [{ what: `${component}: Deployment ${name} → ${later.name}`, damage: "outage" as const, words: [name] }]),
      ...(sameValue(getValue(content, selector), getValue(later.content, selector))
        ? []
        : [{ what: `${component}: another selector`, damage: "outage" as const, words: ["selector", component] }]),
    ];
  });
  const entries = serviceOfClients(before);
  const then = serviceOfClients(after);
  const services = [...entries].flatMap(([name, service]): Breach[] => {
    const later = then.get(name);
    if (later === undefined)
      return [{ what: `the Service ${name} of the clients is gone`, damage: "outage", words: [name] }];
    return (["type", "clusterIP", "loadBalancerIP"] as const).flatMap((field): Breach[] => {
      const [old, next] = [getValue(service, ["spec", field]), getValue(later, ["spec", field])].map(asText);
      if (old === next) return [];
      return [
        { what: `Service ${name}: ${field} ${old} → ${next}`, damage: "outage", words: [`service.${field}`, name] },
      ];
    });
  });
  return [...parts, ...services];
}

/** Services that lead to the proxy or the standalone, by name. */
function serviceOfClients({ objects, components }: Picture) {
  const entry = components.get("standalone") ?? components.get("proxy");
  const services = objects.filter(({ kind, content }) => {
    const selector = mapAt(content, "spec", "selector");
    const pairs = Object.entries(selector);
    return kind === "Service" && pairs.length > 0 && pairs.every(([key, value]) => entry?.podLabels[key] === value);
  });
  return new Map(services.map(({ name, content }) => [name, content]));
}

function immutable({ before, after }: Hop): Breach[] {
  const next = byKey(after);
  return [...byKey(before)].flatMap(([key, object]) => {
    const later = next.get(key);
    if (later === undefined) return [];
    return forbiddenChanges(object, later).map(
      ({ path }): Breach => ({
        what: `${object.kind} ${object.name}: ${path} is immutable and changes`,
        damage: "outage",
        words: [object.name, path],
      }),
    );
  });
}

/** Claims and whatever has claims: gone, or another one in its place, is an empty one. */
function claims({ before, after }: Hop): Breach[] {
  const next = byKey(after);
  const kept = [...byKey(before)].flatMap(([key, { kind, name, content }]): Breach[] => {
    if (next.has(key)) return [];
    if (kind === "PersistentVolumeClaim") {
      // The policy leaves it in the cluster, but nothing mounts it any more, which is said of the places.
      const isKept = getValue(content, ["metadata", "annotations", "helm.sh/resource-policy"]) === "keep";
      return isKept
        ? []
        : [{ what: `the claim ${name} is deleted`, damage: "data lost", words: [name, "persistence"] }];
    }
    if (kind === "StatefulSet" && listOfMaps(getValue(content, ["spec", "volumeClaimTemplates"])).length > 0) {
      return [
        { what: `StatefulSet ${name} is gone, and its claims lie idle`, damage: "data lost", words: wordsOf(name) },
      ];
    }
    return [];
  });
  const members = [...before.others].flatMap(([key, workload]): Breach[] => {
    const later = after.others.get(key);
    if (later === undefined || workload.kind !== "StatefulSet") return [];
    const [old, then] = [workload, later].map(({ content }) => Number(getValue(content, ["spec", "replicas"]) ?? 1));
    if (old === then || old === undefined || then === undefined) return [];
    return [
      {
        what: `${key}: ${old} pods → ${then}`,
        damage: then < old ? "data lost" : "other",
        words: [...wordsOf(workload.name).map((word) => `${word}.replica`), workload.name],
      },
    ];
  });
  return [...kept, ...members];
}

/** `my-release-pulsar-bookie` is of `pulsar`. */
function wordsOf(name: string): string[] {
  return ["etcd", "minio", "pulsar", "kafka", "mysql", "zookeeper", "woodpecker"].filter((word) => name.includes(word));
}

function imagesOf({ pod, containers }: Workload): Map<string, string> {
  const all = [...listOfMaps(pod.initContainers), ...containers];
  return new Map(all.map((container) => [asText(container.name), asText(container.image)]));
}

function dependencies({ before, after }: Hop): Breach[] {
  return [...before.others].flatMap(([key, workload]) => {
    const later = after.others.get(key);
    if (later === undefined) return [];
    const next = imagesOf(later);
    return [...imagesOf(workload)].flatMap(([container, image]): Breach[] => {
      const then = next.get(container);
      if (then === undefined || then === image) return [];
      const words = [
        image.split(":").at(-1) ?? image,
        then.split(":").at(-1) ?? then,
        ...wordsOf(workload.name).map((it) => `${it}.image`),
      ];
      // Attu is beside Milvus.
      return [{ what: `${key}: image ${image} → ${then}`, damage: key.includes("attu") ? "other" : "outage", words }];
    });
  });
}

/** Every Milvus container has the tag that is wanted. */
function milvusImages({ after, to }: Hop): Breach[] {
  return [...after.components].flatMap(([component, { containers }]): Breach[] => {
    const image = asText(containers[0]?.image);
    if (image.endsWith(`:v${to}`) || image.includes(`:v${to}-`)) return [];
    return [{ what: `${component}: image ${image}, and ${to} is wanted`, damage: "outage", words: [image] }];
  });
}

/** Other Deployments (Attu) and Ingresses: whether they stay. */
function beside({ before, after }: Hop): Breach[] {
  const next = byKey(after);
  const KINDS: readonly string[] = ["Ingress", "ServiceMonitor", "PodMonitor", "HorizontalPodAutoscaler"];
  const gone = [...byKey(before)].flatMap(([key, { kind, name }]): Breach[] =>
    KINDS.includes(kind) && !next.has(key)
      ? [
          {
            what: `${kind} ${name} is gone`,
            damage: "other",
            words: [name, kind, `${kind.toLowerCase()}.enabled`],
          },
        ]
      : [],
  );
  const deployments = [...before.others].flatMap(([key, { kind, name }]): Breach[] =>
    kind === "Deployment" && !after.others.has(key)
      ? [{ what: `${key} is gone`, damage: "outage", words: [name, ...wordsOf(name)] }]
      : [],
  );
  return [...gone, ...deployments];
}

export const OBJECTS: readonly Invariant[] = [
  { name: "image of Milvus", explanation: "every part of Milvus has the image that is wanted", check: milvusImages },
  {
    name: "names and selectors",
    explanation: "Deployments and the clients' Services keep name, selector and type",
    check: names,
  },
  { name: "immutable fields", explanation: "no field changes that the API server refuses to change", check: immutable },
  { name: "claims", explanation: "no claim and nothing that has claims goes, or loses members", check: claims },
  {
    name: "images of dependencies",
    explanation: "etcd, MinIO, Pulsar and Kafka keep their images",
    check: dependencies,
  },
  { name: "what stands beside", explanation: "Attu, Ingresses, monitors and autoscalers stay", check: beside },
];
