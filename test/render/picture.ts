/** What a rendered chart makes of a Milvus, as far as an upgrade must keep it. */
import { parseValuesFile } from "../../config/helmValues";
import type { ManifestObject } from "../../manifests/objects";
import { isMilvusComponent } from "../../upgrade/milvusComponents";
import type { HelmValue, HelmValues } from "../../upgrade/model";
import { asText, filledText, getValue, isMap, mergeValues } from "../../upgrade/values/tree";

/** A workload with the parts of its pods that matter. */
export interface Workload {
  readonly kind: string;
  readonly name: string;
  /** Label `component` of a Milvus Deployment, empty for others. */
  readonly component: string;
  readonly content: HelmValues;
  /** `spec.template.spec`. */
  readonly pod: HelmValues;
  readonly podLabels: HelmValues;
  readonly containers: readonly HelmValues[];
}

export interface Picture {
  /** Without hooks. */
  readonly objects: readonly ManifestObject[];
  readonly mode: "cluster" | "standalone";
  /** What the chart writes into Milvus' configuration, with the user's own laid over it where that is mounted. */
  readonly config: HelmValues;
  /** Keys that stand twice in the chart's part of it. */
  readonly twice: readonly string[];
  /** Deployments of Milvus by component. */
  readonly components: ReadonlyMap<string, Workload>;
  /** Every other workload by `Kind/name`. */
  readonly others: ReadonlyMap<string, Workload>;
}

const WORKLOADS: readonly string[] = ["Deployment", "StatefulSet", "DaemonSet"];

export function pictureOf(objects: readonly ManifestObject[]): Picture {
  const applied = objects.filter(({ hook }) => hook === undefined);
  const workloads = applied.filter(({ kind }) => WORKLOADS.includes(kind)).map(workloadOf);
  const components = new Map(
    workloads.filter(({ component }) => component !== "").map((workload) => [workload.component, workload]),
  );
  const [config, twice] = configOf(applied);
  return {
    objects: applied,
    mode: components.has("standalone") ? "standalone" : "cluster",
    config,
    twice,
    components,
    others: new Map(
      workloads
        .filter(({ component }) => component === "")
        .map((workload) => [`${workload.kind}/${workload.name}`, workload]),
    ),
  };
}

function workloadOf({ kind, name, content }: ManifestObject): Workload {
  const labels = mapAt(content, "metadata", "labels");
  const label = asText(labels.component);
  const isMilvus = kind === "Deployment" && isMilvusComponent(label) && labels["app.kubernetes.io/name"] === "milvus";
  const pod = mapAt(content, "spec", "template", "spec");
  return {
    kind,
    name,
    component: isMilvus ? label : "",
    content,
    pod,
    podLabels: mapAt(content, "spec", "template", "metadata", "labels"),
    containers: listOfMaps(pod.containers),
  };
}

/** The chart's file, and user.yaml over it in charts that mount it (3.3.2 and later call the chart's file default.yaml). */
function configOf(objects: readonly ManifestObject[]): [HelmValues, string[]] {
  for (const { kind, content } of objects) {
    const data = mapAt(content, "data");
    const [own, old] = [data["default.yaml"], data["milvus.yaml"]];
    if (kind !== "ConfigMap" || (own ?? old) === undefined) continue;
    const chart = asText(own ?? old);
    const user = own === undefined ? "" : asText(data["user.yaml"]);
    return [mergeValues(yamlOf(chart), yamlOf(user)), doubleKeys(chart)];
  }
  return [{}, []];
}

function yamlOf(text: string): HelmValues {
  try {
    return parseValuesFile(text, { uniqueKeys: false });
  } catch {
    return {};
  }
}

function doubleKeys(text: string): string[] {
  const keys = [...text.matchAll(/^([A-Za-z]\w*):/gm)].map((match) => match[1] ?? "");
  return [...new Set(keys.filter((key, index) => keys.indexOf(key) !== index))];
}

// ------------------------------------------------------------------------------------------------ volumes

/** `claim my-release-milvus`, `emptyDir`, `configMap my-release-milvus`; with the folder in it, where it has one. */
export type VolumeSource = string;

export interface Mount {
  readonly path: string;
  readonly source: VolumeSource;
}

/** What is mounted where in the first container. */
export function mountsOf({ pod, containers, content }: Workload): Mount[] {
  const volumes = new Map(listOfMaps(pod.volumes).map((volume) => [asText(volume.name), sourceOf(volume)]));
  for (const claim of listOfMaps(getValue(content, ["spec", "volumeClaimTemplates"]))) {
    const name = asText(getValue(claim, ["metadata", "name"]));
    volumes.set(name, `claim ${name} of its own`);
  }
  return listOfMaps(containers[0]?.volumeMounts).map((mount) => {
    const folder = filledText(mount.subPath);
    const source = volumes.get(asText(mount.name)) ?? "nothing";
    return { path: withoutSlash(asText(mount.mountPath)), source: folder ? `${source}, folder ${folder}` : source };
  });
}

function sourceOf(volume: HelmValues): VolumeSource {
  const claim = getValue(volume, ["persistentVolumeClaim", "claimName"]);
  if (claim !== undefined) return `claim ${asText(claim)}`;
  if (volume.emptyDir !== undefined) return "emptyDir";
  return Object.keys(volume)
    .filter((key) => key !== "name")
    .sort()
    .join("+");
}

/** Where a path of a container lies: a volume, or the container itself, of which nothing is left after a restart. */
export function volumeOf(path: string, workload: Workload): string {
  const place = withoutSlash(path);
  const [mount] = mountsOf(workload)
    .filter((it) => place === it.path || place.startsWith(`${it.path}/`))
    .sort((a, b) => b.path.length - a.path.length);
  if (mount === undefined) return "the container itself";
  const inside = place.slice(mount.path.length).replace(/^\//, "");
  return inside === "" ? mount.source : `${mount.source}, at ${inside}`;
}

function withoutSlash(path: string): string {
  return path.replace(/\/+$/, "");
}

// ---------------------------------------------------------------------------------------------- addresses

/** Where an address leads. */
export interface Destination {
  /** `StatefulSet/my-release-etcd`, or the address as it is where no object of the release has the name. */
  readonly to: string;
  /** Why nobody answers there. */
  readonly dead?: string;
}

const LOCAL = new Set(["localhost", "127.0.0.1"]);

/** @param address `host:port` */
export function destinationOf(address: string, picture: Picture): Destination {
  const [host = "", port = ""] = address.replace(/^\w+:\/\//, "").split(":");
  const [first = "", second = ""] = host.split(".");
  if (LOCAL.has(first)) return { to: address, dead: `${address} is the pod itself` };
  const member = [...picture.others.values()].find(
    ({ kind, name }) => kind === "StatefulSet" && new RegExp(`^${name}-\\d+$`).test(first),
  );
  const service = serviceNamed(member === undefined ? first : second, picture);
  if (member !== undefined && service !== undefined) {
    const ordinal = Number(first.slice(member.name.length + 1));
    const replicas = Number(getValue(member.content, ["spec", "replicas"]) ?? 1);
    if (ordinal >= replicas) return { to: keyOf(member), dead: `${first} is not one of ${replicas} pods` };
    return { to: keyOf(member), ...deadPort(service, port, `${first}.${second}`) };
  }
  if (service === undefined) return { to: address };
  const selector = mapAt(service, "spec", "selector");
  const behind = [...picture.others.values()].find(({ podLabels }) =>
    Object.entries(selector).every(([key, value]) => podLabels[key] === value),
  );
  if (behind === undefined) return { to: `Service/${first}`, dead: `no pod is behind the Service ${first}` };
  return { to: keyOf(behind), ...deadPort(service, port, `the Service ${first}`) };
}

function serviceNamed(name: string, { objects }: Picture): HelmValues | undefined {
  return objects.find((object) => object.kind === "Service" && object.name === name)?.content;
}

function deadPort(service: HelmValues, port: string, name: string): { readonly dead?: string } {
  const ports = listOfMaps(getValue(service, ["spec", "ports"])).map((it) => asText(it.port));
  return ports.includes(port) ? {} : { dead: `${name} has no port ${port}, only ${ports.join(", ")}` };
}

function keyOf({ kind, name }: Workload): string {
  return `${kind}/${name}`;
}

// ------------------------------------------------------------------------------------------------- values

export function mapAt(content: HelmValues, ...keys: string[]): HelmValues {
  const found = getValue(content, keys);
  return isMap(found) ? found : {};
}

export function listOfMaps(value: HelmValue | undefined): HelmValues[] {
  return Array.isArray(value) ? value.filter(isMap) : [];
}
