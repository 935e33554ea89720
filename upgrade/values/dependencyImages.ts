import type { HelmValues } from "../model";
import { compareVersions } from "../versions";
import { getValue, path } from "./tree";

interface DependencyImage {
  readonly name: string;
  /** Helm value with the tag; a user's value there keeps the image. */
  readonly key: string;
  /** Helm value with the repository, where that changes as well. */
  readonly repository?: string;
  /** `[first chart with it, tag]`, oldest first (fact 4.2). */
  readonly tags: readonly (readonly [string, string])[];
}

const IMAGES = {
  etcd: {
    name: "etcd",
    key: "etcd.image.tag",
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
    key: "minio.image.tag",
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
    key: "pulsar.images.broker.tag",
    tags: [
      ["3.0.12", "2.8.2"],
      ["4.2.0", "2.9.5"],
    ],
  },
  kafka: {
    name: "Kafka",
    key: "kafka.image.tag",
    repository: "kafka.image.repository",
    tags: [
      ["3.0.14", "3.1.0-debian-10-r52"],
      ["5.0.1", "3.1.0"],
    ],
  },
} as const satisfies Record<string, DependencyImage>;

/** Bundled dependencies that the new chart restarts with another image, each as a sentence. */
export function changedDependencies(
  from: string,
  to: string,
  given: HelmValues,
  used: readonly (keyof typeof IMAGES)[],
): string[] {
  const tagAt = (image: DependencyImage, chart: string) =>
    image.tags.findLast(([since]) => compareVersions(since, chart) <= 0)?.[1];
  return used.flatMap((name) => {
    const image: DependencyImage = IMAGES[name];
    const [before, after] = [tagAt(image, from), tagAt(image, to)];
    if (before === after || before === undefined || getValue(given, path(image.key)) !== undefined) return [];
    return [
      `${image.name} restarts with another image: ${before} becomes ${after ?? "?"} with chart ${to}. To keep it, set milvus:values.${[image.key, image.repository ?? []].flat().join(" and ")}.`,
    ];
  });
}
