/**
 * Which images the sandbox "has", and what their commands are on this machine. Registries and folders before the last
 * segment are ignored, so that images from a mirror work. An image or tag that is not here cannot be pulled, just as a
 * misspelt one cannot in a real cluster.
 */

import { imageProblem } from "../milvus/milvusImage";
import { parseImage } from "./imageName";

export interface Tools {
  /** Path of the real kubectl. */
  readonly kubectl: string;
  /** Path of the stand-in for the meta-migration tool. */
  readonly metaMigration: string;
}

export interface LocalImage {
  /** Program started when the container gives no command. */
  readonly entrypoint: string;
  /** Program on this machine for a command inside the image; undefined when the image does not hold it. */
  program(command: string): string | undefined;
  /** Files of the image that arguments and variables may name, beside mounted ones. */
  readonly files: Readonly<Record<string, string>>;
}

export type ImageLookup =
  | { readonly kind: "runs"; readonly image: LocalImage }
  /** An image of Milvus' dependencies: its containers complete at once. */
  | { readonly kind: "completes" }
  | { readonly kind: "missing"; readonly message: string };

/** Job images of the public charts' dependencies (pulsar-init, bookie-init, MinIO's post job). */
const DEPENDENCIES = new Set(["pulsar", "pulsar-all", "mc", "minio", "zookeeper", "bookkeeper", "kafka", "etcd"]);

export function findImage(image: string, tools: Tools): ImageLookup {
  const { name, tag, digest } = parseImage(image);
  if (DEPENDENCIES.has(name)) return { kind: "completes" };
  if (name.startsWith("milvus")) return ofMilvus(image, name);
  const published = { kubectl: /^v\d+\.\d+\.\d+$/, "meta-migration": /^v2\.2\.\d+$/ }[name];
  if (!published) return missing(image);
  if (!digest && !published.test(tag)) return missing(image);
  return { kind: "runs", image: name === "kubectl" ? kubectlImage(tools) : migrationImage(tools) };
}

/** Holds kubectl alone: no shell. */
function kubectlImage({ kubectl }: Tools): LocalImage {
  return {
    entrypoint: kubectl,
    program: (command) => (["/bin/kubectl", "kubectl"].includes(command) ? kubectl : undefined),
    files: {},
  };
}

const MIGRATION_BINARY = "/milvus/bin/meta-migration";

/** Holds a shell and the usual small programs beside the tool. */
function migrationImage({ metaMigration }: Tools): LocalImage {
  return {
    entrypoint: metaMigration,
    program: (command) => {
      if (command === MIGRATION_BINARY) return metaMigration;
      return /^(\/usr)?\/bin\/\w+$|^\w+$/.test(command) ? command : undefined;
    },
    files: { [MIGRATION_BINARY]: metaMigration },
  };
}

/** Those of the components, as a Job pulls them: Milvus' own has a shell, that of the chart's tools nothing but `/cp` and `/merge`. */
function ofMilvus(image: string, name: string): ImageLookup {
  const message = name === "milvus-config-tool" ? undefined : imageProblem(image);
  if (message !== undefined) return { kind: "missing", message };
  const program = (command: string) => (name !== "milvus-config-tool" && command === "/bin/sh" ? command : undefined);
  return { kind: "runs", image: { entrypoint: "/bin/false", program, files: {} } };
}

function missing(image: string): ImageLookup {
  return {
    kind: "missing",
    message:
      `failed to pull and unpack image "${image}": failed to resolve reference "${image}": ` +
      `pull access denied, repository does not exist or may require authorization`,
  };
}
