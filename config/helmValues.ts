import { parse, type Tags } from "yaml";
import type { HelmValues } from "../upgrade/model";
import { isMap } from "../upgrade/values/tree";

/**
 * Reads a Helm values file as Helm does: YAML 1.1 (`yes` is true, 0644 is octal, `<<` merges), but dates and
 * clock times stay text. Compared with Helm 3.20.
 *
 * @param options `uniqueKeys: false` for what charts render: of a key that is there twice the last one counts.
 * @throws when it is not YAML or not a map at the top; the message never quotes the contents.
 */
export function parseValuesFile(contents: string, options: { readonly uniqueKeys?: boolean } = {}): HelmValues {
  const tree: unknown = parseYaml(contents, { version: "1.1", merge: true, customTags: asHelm, ...options });
  if (tree === null) {
    return {};
  }
  if (!isMap(tree)) {
    throw new Error("is not a map of Helm values");
  }
  return tree;
}

/** Parses YAML or JSON. The error names line and column and never quotes the text, which may hold a password. */
export function parseYaml(contents: string, options: Parameters<typeof parse>[2] = {}): unknown {
  try {
    return parse(contents, { ...options, prettyErrors: false, logLevel: "error" }) as unknown;
  } catch (error) {
    const position = error instanceof Error && "pos" in error ? (error.pos as [number, number])[0] : undefined;
    throw new Error(position === undefined ? "is not valid YAML" : `is not valid YAML, ${place(contents, position)}`);
  }
}

/** What Helm's YAML library reads in its own manner: dates and clock times are text, binary is decoded, 0o17 is octal. */
function asHelm(tags: Tags): Tags {
  const kept = tags.filter(
    (tag) =>
      typeof tag === "string" ||
      (tag.tag !== "tag:yaml.org,2002:timestamp" &&
        tag.tag !== "tag:yaml.org,2002:binary" &&
        !("format" in tag && tag.format === "TIME")),
  );
  const octal = {
    tag: "tag:yaml.org,2002:int",
    default: true,
    test: /^0o[0-7_]+$/,
    resolve: (text: string) => Number.parseInt(text.slice(2).replaceAll("_", ""), 8),
  };
  const binary = {
    tag: "tag:yaml.org,2002:binary",
    resolve: (text: string) => Buffer.from(text, "base64").toString("utf8"),
  };
  return [...kept, octal, binary];
}

function place(contents: string, position: number): string {
  const before = contents.slice(0, position).split("\n");
  return `line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`;
}
