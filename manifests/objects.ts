import { parseValuesFile } from "../config/helmValues";
import type { HelmValues } from "../upgrade/model";
import { filledText, getValue, isMap } from "../upgrade/values/tree";

/** One Kubernetes object of a rendered chart. */
export interface ManifestObject {
  readonly apiVersion: string;
  readonly kind: string;
  /** Of the object, or else of the release. */
  readonly namespace: string;
  readonly name: string;
  readonly content: HelmValues;
  /** Made by a Helm hook: not a part of the release record's manifest. */
  readonly hook?: string;
}

/** What was parsed, by its text: two manifests of one release have most of their documents in common, and to parse them takes its time. */
export type ParsedDocuments = Map<string, ManifestObject[]>;

/**
 * The objects of what Helm renders or records. They are not to be changed.
 *
 * @param parsed what was parsed before with the same namespace; gets what is parsed now. Default: nothing
 * @throws Error naming the template when a document is not YAML; never with its contents.
 */
export function parseManifest(
  manifest: string,
  releaseNamespace: string,
  parsed: ParsedDocuments = new Map(),
): ManifestObject[] {
  return manifest.split(/^---[ \t]*$/m).flatMap((document) => {
    const text = document.trim();
    const objects = parsed.get(text) ?? toObject(text, releaseNamespace);
    parsed.set(text, objects);
    return objects;
  });
}

function toObject(document: string, releaseNamespace: string): ManifestObject[] {
  const source = /^# Source: (\S+)/m.exec(document)?.[1] ?? "a template";
  let content: HelmValues;
  try {
    content = parseValuesFile(document, { uniqueKeys: false });
  } catch (error) {
    throw new Error(`What Helm renders from ${source} ${(error as Error).message}.`);
  }
  const kind = at(content, "kind");
  if (kind === "List" && Array.isArray(content.items)) {
    return content.items.filter(isMap).flatMap((item) => fromContent(item, releaseNamespace));
  }
  return fromContent(content, releaseNamespace);
}

function fromContent(content: HelmValues, releaseNamespace: string): ManifestObject[] {
  const [apiVersion, kind, name] = [at(content, "apiVersion"), at(content, "kind"), at(content, "metadata", "name")];
  if (apiVersion === "" || kind === "" || name === "") return [];
  const hook = at(content, "metadata", "annotations", "helm.sh/hook");
  const namespace = at(content, "metadata", "namespace") || releaseNamespace;
  return [{ apiVersion, kind, namespace, name, content, ...(hook !== "" && { hook }) }];
}

/** The same object in another version of its API is the same object: `policy/v1beta1` and `policy/v1`. */
export function objectKey({ apiVersion, kind, namespace, name }: Omit<ManifestObject, "content" | "hook">): string {
  const group = apiVersion.includes("/") ? (apiVersion.split("/")[0] ?? "") : "";
  return [group === "extensions" ? "networking.k8s.io" : group, kind, namespace, name].join("/");
}

function at(content: HelmValues, ...keys: string[]): string {
  return filledText(getValue(content, keys)) ?? "";
}
