import { chartAtLeast } from "../../charts/versions";
import type { HelmValues } from "../../model";
import { configLine } from "../../refusal";
import { chartRelease } from "../../versions/releases";
import { asText, getValue, isTrue, path } from "../tree";
import type { MessageQueue } from "./messageQueue";
import { type Addition, NOTHING, type ValueContext, type ValueRule } from "./rule";

export interface DependencyImage {
  readonly name: string;
  /** Helm values with the tag, one for each container; a user's value there keeps the image. */
  readonly keys: readonly string[];
  /** Helm value with the repository, where that changes as well. */
  readonly repository?: string;
  /** `[first chart with it, repository]`, oldest first, where a tag is in one of them only: it is kept with the tag. */
  readonly repositories?: readonly (readonly [string, string])[];
  /** `[first chart with it, tag]`, oldest first (fact 4.2). */
  readonly tags: readonly (readonly [string, string])[];
  /** First chart that takes the image from elsewhere, because the old place serves it no more: from there on it is not kept. */
  readonly movedAt?: string;
}

export const IMAGES = {
  etcd: {
    name: "etcd",
    keys: ["etcd.image.tag"],
    repository: "etcd.image.repository",
    repositories: [
      ["3.0.0", "bitnami/etcd"],
      ["3.0.27", "milvusdb/etcd"],
    ],
    tags: [
      ["3.0.0", "3.5.0-debian-10-r24"],
      ["3.0.9", "3.5.1-debian-10-r88"],
      ["3.0.10", "3.5.0-debian-10-r24"],
      ["3.0.27", "3.5.0-r6"],
      ["3.1.9", "3.5.0-r7"],
      ["4.0.7", "3.5.5-r2"],
      ["4.1.13", "3.5.5-r4"],
      ["4.2.3", "3.5.14-r1"],
      ["4.2.25", "3.5.16-r1"],
      ["4.2.40", "3.5.18-r1"],
      ["5.0.9", "3.5.23-r2"],
      ["5.0.10", "3.5.25-r1"],
    ],
  },
  minio: {
    name: "MinIO",
    keys: ["minio.image.tag"],
    tags: [
      ["3.0.0", "RELEASE.2020-11-06T23-17-07Z"],
      ["3.0.17", "RELEASE.2022-03-17T06-34-49Z"],
      ["4.0.13", "RELEASE.2023-03-20T20-16-18Z"],
      ["4.2.55", "RELEASE.2024-05-28T17-19-04Z"],
      ["5.0.0", "RELEASE.2024-12-18T13-15-44Z"],
    ],
  },
  pulsar: {
    name: "Pulsar",
    keys: ["zookeeper", "bookie", "autorecovery", "broker", "proxy"].map((part) => `pulsar.images.${part}.tag`),
    tags: [
      ["3.0.12", "2.8.2"],
      ["4.2.0", "2.9.5"],
    ],
  },
  kafka: {
    name: "Kafka",
    keys: ["kafka.image.tag"],
    repository: "kafka.image.repository",
    tags: [
      ["3.0.14", "3.1.0-debian-10-r52"],
      ["5.0.1", "3.1.0"],
    ],
    movedAt: "5.0.1",
  },
  kafkaZookeeper: {
    name: "Kafka's ZooKeeper",
    keys: ["kafka.zookeeper.image.tag"],
    repository: "kafka.zookeeper.image.repository",
    tags: [
      ["3.0.14", "3.7.0-debian-10-r320"],
      ["5.0.1", "3.7.0"],
    ],
    movedAt: "5.0.1",
  },
} as const satisfies Record<string, DependencyImage>;

type Dependency = keyof typeof IMAGES;

/** Goes with Milvus, and keeps nothing: said where it changes, and not kept. */
const ATTU: DependencyImage = {
  name: "Attu",
  keys: ["attu.image.tag"],
  tags: [
    ["3.0.0", "latest"],
    ["3.0.7", "v2.0.1"],
    ["3.0.29", "v2.1.0"],
    ["3.2.1", "v2.1.1"],
    ["3.3.4", "v2.2.1"],
    ["4.0.5", "v2.2.2"],
    ["4.0.8", "v2.2.3"],
    ["4.0.15", "v2.2.4"],
    ["4.0.30", "v2.2.8"],
    ["4.1.20", "v2.3.0"],
    ["4.1.31", "v2.3.10"],
    ["4.2.3", "v2.4.6"],
    ["4.2.7", "v2.4.7"],
    ["4.2.32", "v2.4.12"],
    ["4.2.39", "v2.5.3"],
  ],
};

/** The tag that the public chart brings. */
export function imageTagAt(name: Dependency, chart: string): string | undefined {
  return tagOf(IMAGES[name], chart);
}

function tagOf(image: DependencyImage, chart: string): string | undefined {
  return at(image.tags, chart);
}

function at(rows: readonly (readonly [string, string])[], chart: string): string | undefined {
  return rows.findLast(([since]) => chartAtLeast(chart, since))?.[1];
}

/** Dependencies that the chart brings and Milvus uses. */
function bundled(values: HelmValues, queue: MessageQueue): Dependency[] {
  const isExternal = (key: string) => isTrue(getValue(values, path(key)));
  return [
    ...(isExternal("externalEtcd.enabled") ? [] : (["etcd"] as const)),
    ...(isExternal("externalS3.enabled") ? [] : (["minio"] as const)),
    ...(queue === "pulsar" ? [queue] : []),
    ...(queue === "kafka" ? [queue, "kafkaZookeeper" as const] : []),
  ];
}

/** The tag that runs, where the chart would bring another one or may, for all that is known of it. */
function keptTag(image: DependencyImage, key: string, context: ValueContext) {
  const { name, movedAt } = image;
  const { now, chart } = context;
  if (now === undefined || (movedAt !== undefined && chartAtLeast(chart, movedAt))) return [];
  const recorded = getValue(now.defaults, path(key));
  const said = getValue(now.values, path(key));
  const before = said ?? recorded ?? tagOf(image, now.chart);
  const after = chart === now.chart && recorded !== undefined ? recorded : tagOf(image, chart);
  const isSure = chart === now.chart || chartRelease(chart) !== undefined;
  // What the values say stays said: two runs over the same facts must send the same values.
  if (typeof before !== "string" || before === "" || (said === undefined && isSure && before === after)) return [];
  return [{ path: path(key), value: before, reason: `${name} ${before} runs`, contradiction: "win" as const }];
}

/** A tag of one repository is not there in another: where it stays, so does the place it is pulled from. */
function keptRepository(image: DependencyImage, context: ValueContext): Addition[] {
  const { repository, repositories, keys, name } = image;
  const { now, given, chart } = context;
  if (now === undefined || repository === undefined || repositories === undefined) return [];
  const [key, own] = [path(repository), getValue(now.values, path(repository))];
  const before = own ?? getValue(now.defaults, key) ?? at(repositories, now.chart);
  const running = runningTag(image, keys[0] ?? "", context);
  const sent = getValue(given, path(keys[0] ?? "")) ?? running;
  const isElsewhere = before !== at(repositories, chart) || own !== undefined;
  if (typeof before !== "string" || before === "" || sent !== running || !isElsewhere) return [];
  return [{ path: key, value: before, reason: `${name} ${running ?? ""} is of this repository`, contradiction: "win" }];
}

function sayMoved({ path: key, value }: Addition): string {
  return `${key.join(".")} stays ${asText(value)}, as it runs, and Docker Hub has moved these images to bitnamilegacy: a pod that is made anew on a node without it cannot pull it. To take the chart's image, in a run of its own: ${configLine("dependencyImages", "chart")}`;
}

/** What the values in force, the release record or else the public chart say. */
export function runningTag(image: DependencyImage, key: string, { now }: ValueContext): string | undefined {
  if (now === undefined) return undefined;
  const tag = getValue(now.values, path(key)) ?? getValue(now.defaults, path(key)) ?? tagOf(image, now.chart);
  return tag === undefined || tag === "" ? undefined : asText(tag);
}

export const dependencyImageRule: ValueRule = {
  name: "dependencies_keep_their_images",
  source: "docs/upgrade-facts.md 4.2; milvus issues 40706 and 17647; milvus-operator issue 168",
  explanation:
    "A newer chart brings newer images of etcd, MinIO and Pulsar, which would restart together with Milvus and may not read back what they wrote: the images that run are kept, etcd's with its repository. `milvus:dependencyImages: chart` takes the chart's, in a run of its own if you can; a tag in milvus:values wins. Kafka and its ZooKeeper are not kept over chart 5.0.1, where their images moved to another repository.",
  owns: [...Object.values(IMAGES).flatMap(({ keys }) => keys), IMAGES.etcd.repository].map(path),
  apply: (context) => {
    const { now, given, dependencyImages = "keep" } = context;
    if (now === undefined || dependencyImages === "chart") return NOTHING;
    const images: DependencyImage[] = bundled(given, now.topology.queue).map((name) => IMAGES[name]);
    const repositories = images.flatMap((image) => keptRepository(image, context));
    return {
      additions: [
        ...images.flatMap((image) => image.keys.flatMap((key) => keptTag(image, key, context))),
        ...repositories,
      ],
      warnings: repositories.filter(({ value }) => asText(value).startsWith("bitnami/")).map(sayMoved),
    };
  },
};

/** Bundled dependencies that the new chart restarts with another image, each as a sentence. */
export function changedDependencies(from: string, to: string, values: HelmValues, queue: MessageQueue): string[] {
  if (from === to) return [];
  const isShown = isTrue(getValue(values, path("attu.enabled")));
  const images: DependencyImage[] = bundled(values, queue).map((name) => IMAGES[name]);
  return [...images, ...(isShown ? [ATTU] : [])].flatMap((image) => {
    const [before, after] = [tagOf(image, from), tagOf(image, to)];
    const isSaid = image.keys.some((key) => getValue(values, path(key)) !== undefined);
    if (before === after || before === undefined || isSaid) return [];
    return [
      `${image.name} restarts with another image: ${before} becomes ${after ?? "?"} with chart ${to}. To keep it, set milvus:values.${[image.keys[0] ?? [], image.repository ?? []].flat().join(" and ")}.`,
    ];
  });
}
