import { isMap as isYamlMap, parseDocument } from "yaml";
import type { HelmValue, HelmValues } from "../model";
import { refuse } from "../refusal";
import { formatPath, getValue, isMap, leafPaths, USER_YAML, type ValuePath, withValue } from "./tree";

/** `extraConfigFiles["user.yaml"]`, Milvus' own configuration laid over the chart's (charts 3.3.2 and later). */
export const USER_YAML_NAME = formatPath(USER_YAML);

function document(values: HelmValues) {
  const text = getValue(values, USER_YAML);
  if (text !== undefined && text !== null && typeof text !== "string") return notYaml("it is not text");
  const parsed = parseDocument(text ?? "");
  const [error] = parsed.errors;
  // The parser's message would quote the line, which may hold a password.
  if (error) return notYaml(`${error.code} at line ${String(error.linePos?.[0].line ?? "?")}`);
  if (parsed.contents !== null && !isYamlMap(parsed.contents)) return notYaml("it is no map");
  return parsed;
}

function notYaml(why: string): never {
  return refuse({
    rule: "user_yaml_must_be_readable",
    reason: `${USER_YAML_NAME} in milvus:values is not the YAML of a configuration: ${why}.`,
    remedy: "Correct it: Milvus reads it at its start, and the plan has to see in it where the metadata is kept.",
  });
}

/** What user.yaml configures, as a tree. */
export function userConfig(values: HelmValues): HelmValues {
  const text = getValue(values, USER_YAML) ?? "";
  if (text === "") return {};
  const known = typeof text === "string" ? trees.get(text) : undefined;
  if (known !== undefined) return known;
  const parsed: unknown = document(values).toJS();
  const tree = isMap(parsed) ? parsed : {};
  if (trees.size >= MOST_TREES) trees.clear();
  if (typeof text === "string") trees.set(text, tree);
  return tree;
}

/** The rules ask for dozens of settings of the same few texts in every plan. */
const trees = new Map<string, HelmValues>();
const MOST_TREES = 100;

export function userConfigValue(values: HelmValues, keys: ValuePath): HelmValue | undefined {
  return getValue(userConfig(values), keys);
}

/** A copy of the values with settings added to user.yaml; comments and order of what is there stay. */
export function withUserConfig(
  values: HelmValues,
  settings: readonly { readonly keys: ValuePath; readonly value: HelmValue }[],
): HelmValues {
  if (settings.length === 0) return values;
  const parsed = document(values);
  for (const { keys, value } of settings) parsed.setIn(keys, value);
  return withValue(values, USER_YAML, parsed.toString());
}

/** Paths of the settings in user.yaml. */
export function userConfigPaths(values: HelmValues): ValuePath[] {
  return leafPaths(userConfig(values));
}
