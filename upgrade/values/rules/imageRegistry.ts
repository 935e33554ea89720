import { chartAtLeast, chartOlderThan } from "../../charts/versions";
import { getValue, isTrue, path } from "../tree";
import { NOTHING, type ValueContext, type ValueRule } from "./rule";

/** A value of the chart that holds a repository, with the repository that the charts have there. */
interface RepositoryValue {
  readonly path: string;
  readonly repository: string;
  readonly isUsed?: (context: ValueContext) => boolean;
}

const isOn = (key: string) => (context: ValueContext) => isTrue(getValue(context.given, path(key)));
const PULSAR_PARTS = ["images.zookeeper", "images.bookie", "images.autorecovery", "images.broker", "images.proxy"];
const pulsar = (name: string, isUsed?: RepositoryValue["isUsed"]): RepositoryValue[] =>
  [...PULSAR_PARTS, "pulsar_metadata.image"].map((part) => ({
    path: `${name}.${part}.repository`,
    repository: "apachepulsar/pulsar",
    ...(isUsed && { isUsed }),
  }));

/** Bitnami's subcharts (etcd, kafka, mysql) take global.imageRegistry; all others want every repository written out. */
const REPOSITORIES: readonly RepositoryValue[] = [
  { path: "image.all.repository", repository: "milvusdb/milvus" },
  {
    path: "image.tools.repository",
    repository: "milvusdb/milvus-config-tool",
    isUsed: ({ chart }) => chartAtLeast(chart, "3.3.2") && chartOlderThan(chart, "4.2.0"),
  },
  { path: "heaptrack.image.repository", repository: "milvusdb/heaptrack" },
  { path: "attu.image.repository", repository: "zilliz/attu", isUsed: isOn("attu.enabled") },
  { path: "minio.image.repository", repository: "minio/minio" },
  { path: "minio.mcImage.repository", repository: "minio/mc" },
  { path: "minio.helmKubectlJqImage.repository", repository: "bskim45/helm-kubectl-jq" },
  ...pulsar("pulsar"),
  ...pulsar("pulsarv3", ({ chart }) => chartAtLeast(chart, "4.2.21")),
  {
    path: "woodpecker.image.repository",
    repository: "milvusdb/woodpecker",
    isUsed: ({ chart }) => chartAtLeast(chart, "5.0.8"),
  },
  {
    path: "tei.image.repository",
    repository: "huggingface/text-embeddings-inference",
    isUsed: isOn("tei.enabled"),
  },
];
const GLOBAL = "global.imageRegistry";

export const imageRegistryRule: ValueRule = {
  name: "images_come_from_the_registry_wanted",
  source: "values.yaml of the charts 3.1.0 to 5.0.19 and of their subcharts",
  explanation:
    "With milvus:imageRegistry every repository that the chart and its subcharts name is written with that prefix. A repository of the user's own stays; one that is elsewhere is named. `npm run plan -- --images` names every image that is rendered with another registry.",
  apply: (context) => {
    const { imageRegistry: prefix, given } = context;
    if (prefix === undefined) return NOTHING;
    const reason = `milvus:imageRegistry is ${prefix}`;
    const used = REPOSITORIES.filter(({ isUsed }) => isUsed?.(context) ?? true).map(({ path: key, repository }) => ({
      path: path(key),
      value: `${prefix}/${repository}`,
    }));
    const all = [{ path: path(GLOBAL), value: prefix }, ...used];
    const elsewhere = all.filter((it) => {
      const own = getValue(given, it.path);
      return typeof own === "string" && own !== "" && own !== prefix && !own.startsWith(`${prefix}/`);
    });
    return {
      additions: all.map((it) => ({ ...it, reason, contradiction: "win" as const })),
      warnings: elsewhere.map((it) => `milvus:values.${it.path.join(".")} is not below ${prefix}; it stays as it is.`),
    };
  },
};

/** `docker.io/milvusdb/milvus:v2.2.9` → `registry.example.com/mirror/milvusdb/milvus:v2.2.9`. */
export function mirrored(image: string, prefix: string): string {
  const [first = "", ...rest] = image.split("/");
  const hasHost = rest.length > 0 && (/[.:]/.test(first) || first === "localhost");
  return `${prefix}/${hasHost ? rest.join("/") : image}`;
}
