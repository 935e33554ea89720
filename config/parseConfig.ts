import type { z } from "zod";
import { MILVUS_COMPONENTS } from "../upgrade/milvusComponents";
import type { ChartSource, HelmValue, HelmValues } from "../upgrade/model";
import { PREFLIGHT_CHECK_NAMES } from "../upgrade/preflight/checks";
import { withoutSecrets } from "../upgrade/secrets/text";
import { mirrored } from "../upgrade/values/rules/imageRegistry";
import { mergeValues } from "../upgrade/values/tree";
import { ConfigError, type ConfigProblem } from "./configError";
import { parseValuesFile, parseYaml } from "./helmValues";
import { CONFIG_KEY_NAMES, CONFIG_KEYS, type ConfigKey, DEFAULT_TIMEOUTS, type KeyDescription } from "./keys";
import { type Config, configSchema, type ParsedConfig } from "./schema";
import { datesTakenForTimes } from "./stackFile";
import { suggest } from "./suggestion";

/** The stack config as Pulumi hands it over, and the means to read values files. */
export interface RawConfig {
  /** Full keys (`milvus:version`, `kubernetes:context`) with their text; objects and lists as JSON or YAML text. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Full keys whose value is encrypted, wholly or in part. */
  readonly secretKeys?: readonly string[];
  /** Reads a values file, path relative to the project folder. Throws when it cannot. */
  readonly readFile?: (path: string) => string;
}

const NAMESPACE = "milvus";
const SHOWN_LENGTH = 80;
const DATE_IN_QUOTES =
  "reads like a time that Pulumi has made of a date without quotes; write the date in quotes in the stack config (where it really is this text: in a file of milvus:valuesFiles)";
/** Keys whose values may be secret though nobody encrypted them. */
const HIDDEN: ReadonlySet<ConfigKey> = new Set(["values", "credentials", "tls"]);
/** Keys with nested names a user may misspell. */
const NESTED_NAMES: Partial<Record<ConfigKey, readonly string[]>> = {
  timeouts: [...Object.keys(DEFAULT_TIMEOUTS), "rolloutOf", ...MILVUS_COMPONENTS],
  preflight: PREFLIGHT_CHECK_NAMES,
  chartSource: ["repository", "oci", "folder", "username", "password", "caFile"],
  etcdTls: ["secret", "caFile", "certificateFile", "keyFile", "minVersion"],
  jobResources: ["requests", "limits", "cpu", "memory"],
  tolerations: ["key", "operator", "value", "effect", "tolerationSeconds"],
  verifyQueries: ["collection", "database", "field", "vector", "limit", "params", "filter", "same"],
  credentials: ["username", "password", "token"],
  tls: ["enabled", "ca", "certificate", "key", "serverName", "insecure"],
};

/**
 * Checks the stack config and fills in defaults.
 *
 * @throws ConfigError with all problems at once. Values of `milvus:values`, of encrypted keys and of files are never
 * part of a message.
 */
export function parseConfig(raw: RawConfig): Config {
  return decodeConfig(raw).config;
}

/** The config beside what its keys said before defaults and units were worked in, values files apart. */
export interface DecodedConfig {
  readonly config: Config;
  readonly keys: Readonly<Partial<Record<ConfigKey, unknown>>>;
}

/** @throws ConfigError like `parseConfig` */
export function decodeConfig(raw: RawConfig): DecodedConfig {
  const problems: ConfigProblem[] = [...unknownKeys(raw)];
  const decoded: Record<string, unknown> = {};
  for (const key of CONFIG_KEY_NAMES) {
    try {
      decoded[key] = decode(key, raw);
      for (const path of datesTakenForTimes(decoded[key])) {
        problems.push(problem(raw, key, path, DATE_IN_QUOTES, true));
      }
    } catch (error) {
      problems.push(problem(raw, key, [], (error as Error).message, true));
    }
  }

  const failed = new Set(problems.map(({ key }) => key));
  const result = configSchema.safeParse(decoded);
  for (const issue of result.error?.issues ?? []) {
    const key = String(issue.path[0]) as ConfigKey;
    if (!failed.has(fullKey(key))) {
      problems.push(...describeIssue(raw, decoded, key, issue));
    }
  }

  const { soak, promoteFrom } = result.data ?? {};
  if (soak !== undefined && promoteFrom === undefined) {
    const message = "waits for nothing: name the stack that must have run for so long, milvus:promoteFrom";
    problems.push(problem(raw, "soak", [], message, false));
  }

  // Files are read even when other keys are wrong, so that their errors show in the same run.
  const fileNames = configSchema.shape.valuesFiles.safeParse(decoded.valuesFiles).data ?? [];
  const fileValues = fileNames.map((path) => readValues(raw, path, problems));
  if (problems.length > 0 || result.data === undefined) {
    throw new ConfigError(problems);
  }
  const values = [...fileValues, result.data.values].reduce(mergeValues, {});
  return { config: toConfig(raw, result.data, values), keys: decoded };
}

function toConfig(raw: RawConfig, parsed: ParsedConfig, values: HelmValues): Config {
  const { chartVersion, currentVersion, overwriteMetadata, backupStorageClass } = parsed;
  return {
    wanted: {
      version: parsed.version,
      releaseName: parsed.release,
      namespace: parsed.namespace,
      values,
      chartSource: toChartSource(parsed.chartSource),
      strategy: parsed.strategy,
      rollback: parsed.rollback,
      dropValues: parsed.dropValues,
      dependencyImages: parsed.dependencyImages,
      pendingSilentSeconds: parsed.timeouts.pending,
      prepull: parsed.prepull,
      ...(parsed.messageQueue === undefined ? {} : { messageQueue: parsed.messageQueue }),
      ...(parsed.imageRegistry === undefined ? {} : { imageRegistry: parsed.imageRegistry }),
      ...(parsed.runBefore.length > 0 && { runBefore: parsed.runBefore }),
      ...(parsed.runAfter.length > 0 && { runAfter: parsed.runAfter }),
      ...(parsed.oneWayNeeds === "runBefore" && { oneWayNeedsRun: true }),
      ...(parsed.maxDowntime === undefined ? {} : { maxDowntimeSeconds: parsed.maxDowntime }),
      ...(chartVersion === undefined ? {} : { chartVersion }),
      ...(currentVersion === undefined ? {} : { currentVersion }),
      ...(overwriteMetadata === undefined ? {} : { overwriteMetadata }),
      ...(parsed.etcdTls && { etcdTls: parsed.etcdTls }),
    },
    ...(parsed.approvedPlan === undefined ? {} : { approvedPlan: parsed.approvedPlan }),
    conditions: {
      ...(parsed.window && { window: parsed.window }),
      ...(parsed.promoteFrom !== undefined && { promoteFrom: parsed.promoteFrom }),
      soakSeconds: parsed.soak ?? 0,
    },
    valuesAreSecret: isSecret(raw, "values"),
    preflight: Object.fromEntries(Object.entries(parsed.preflight).filter(([, level]) => level !== undefined)),
    ...toChartAccess(parsed.chartSource),
    settings: {
      kubectlImage: jobImage("kubectlImage", parsed),
      metaMigrationImage: jobImage("metaMigrationImage", parsed),
      imagePullSecrets: parsed.imagePullSecrets,
      nodeSelector: parsed.nodeSelector,
      tolerations: parsed.tolerations,
      labels: parsed.jobLabels,
      annotations: parsed.jobAnnotations,
      resources: parsed.jobResources,
      user: parsed.jobUser,
      backup: {
        size: parsed.backupSize,
        ...(backupStorageClass === undefined ? {} : { storageClass: backupStorageClass }),
      },
      timeouts: parsed.timeouts,
    },
    verification: toVerification(parsed),
    access: providerAccess(raw),
  };
}

/** One that is set stays; the default comes from the registry wanted. */
function jobImage(key: "kubectlImage" | "metaMigrationImage", parsed: ParsedConfig): string {
  const { [key]: image, imageRegistry } = parsed;
  return imageRegistry !== undefined && image === CONFIG_KEYS[key].default ? mirrored(image, imageRegistry) : image;
}

function toVerification(parsed: ParsedConfig): Config["verification"] {
  const { address, credentials, tls } = parsed;
  const { settle, verify, answers, writes } = parsed.timeouts;
  const usesTls = tls.enabled ?? Object.keys(tls).length > 0;
  return {
    mode: parsed.verify,
    queries: parsed.verifyQueries,
    rows: parsed.verifyRows,
    reload: parsed.reload,
    timeouts: { settle, verify, answers, writes },
    ...(address === undefined ? {} : { address }),
    ...(Object.keys(credentials).length > 0 && { credentials }),
    ...(usesTls && { tls }),
  };
}

function toChartSource({ oci, folder, repository }: ParsedConfig["chartSource"]): ChartSource {
  if (oci !== undefined) {
    return { kind: "oci", reference: oci };
  }
  if (folder !== undefined) {
    return { kind: "folder", path: folder };
  }
  return repository === undefined ? { kind: "repository" } : { kind: "repository", url: repository };
}

function toChartAccess({ username, password, caFile }: ParsedConfig["chartSource"]): Pick<Config, "chartAccess"> {
  const access = {
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(caFile !== undefined && { caFile }),
  };
  return Object.keys(access).length > 0 ? { chartAccess: access } : {};
}

/** The provider takes an empty text as "not set", and so do we. */
function providerAccess({ config }: RawConfig): Config["access"] {
  const given = (["kubeconfig", "context", "cluster"] as const).flatMap((name) => {
    const value = config[`kubernetes:${name}`];
    return value === undefined || value === ""
      ? []
      : [[name, typeof value === "string" ? value : JSON.stringify(value)]];
  });
  return Object.fromEntries(given) as Config["access"];
}

function decode(key: ConfigKey, { config }: RawConfig): unknown {
  const description: KeyDescription = CONFIG_KEYS[key];
  const value = config[fullKey(key)];
  if (value === undefined || (value === "" && description.type !== "string")) {
    if (description.default === undefined) {
      throw new Error(`must be set; for example: pulumi config set ${fullKey(key)} 2.2.9`);
    }
    return description.default;
  }
  if (typeof value !== "string") {
    // A number where text is wanted: YAML turned an unquoted 2.5 into one.
    return description.type === "string" && typeof value === "number" ? String(value) : value;
  }
  switch (description.type) {
    case "string":
      return value === "" && description.default !== undefined ? description.default : value.trim();
    case "boolean":
      return value === "true" ? true : value === "false" ? false : value;
    case "object":
    case "array":
      return parseYaml(value);
  }
}

function readValues(raw: RawConfig, path: string, problems: ConfigProblem[]): HelmValues {
  try {
    if (raw.readFile === undefined) {
      throw new Error("cannot be read here");
    }
    return parseValuesFile(raw.readFile(path));
  } catch (error) {
    problems.push({ key: fullKey("valuesFiles"), shown: path, message: (error as Error).message });
    return {};
  }
}

function* unknownKeys(raw: RawConfig): Generator<ConfigProblem> {
  for (const full of Object.keys(raw.config)) {
    const [namespace, ...rest] = full.split(":");
    const name = rest.join(":");
    if (namespace === NAMESPACE && !(name in CONFIG_KEYS)) {
      yield { key: full, message: withoutPath(raw, full, name) ?? unknownKey(name) };
    }
  }
}

function unknownKey(name: string): string {
  const meant = suggest(name, CONFIG_KEY_NAMES) as ConfigKey | undefined;
  return meant === undefined
    ? `is not a key; allowed are ${CONFIG_KEY_NAMES.join(", ")}`
    : `is not a key; did you mean ${fullKey(meant)}?`;
}

/** Of `pulumi config set milvus:timeouts.stop 20m`, by which Pulumi makes a key of that whole name. */
function withoutPath({ config, secretKeys = [] }: RawConfig, full: string, name: string): string | undefined {
  const key = Object.keys(CONFIG_KEYS).find((it) => name.startsWith(`${it}.`) || name.startsWith(`${it}[`));
  if (key === undefined) return undefined;
  const value = config[full];
  const isHidden = HIDDEN.has(key as ConfigKey) || secretKeys.includes(full) || !/^[\w.-]+$/.test(String(value));
  const set = `pulumi config set --path ${secretKeys.includes(full) ? "--secret " : ""}'${full}'`;
  return `is a key of its own, since --path was left out. Type: pulumi config rm '${full}' && ${set} ${isHidden ? "VALUE" : String(value)}`;
}

function describeIssue(
  raw: RawConfig,
  decoded: Record<string, unknown>,
  key: ConfigKey,
  issue: z.core.$ZodIssue,
): ConfigProblem[] {
  const path = issue.path.slice(1).map(String);
  if (issue.code === "unrecognized_keys") {
    const allowed = NESTED_NAMES[key] ?? [];
    return issue.keys.map((name) => {
      const meant = suggest(name, allowed);
      const hint = meant === undefined ? `allowed are ${allowed.join(", ")}` : `did you mean ${meant}?`;
      return problem(raw, key, [...path, name], `is not known here; ${hint}`, true);
    });
  }
  return [problem(raw, key, path, allowedText(issue, decoded[key]), false, at(decoded[key], path))];
}

/** zod's own words, where the schema has none: they name the type wanted or the values allowed. */
function allowedText(issue: z.core.$ZodIssue, whole: unknown): string {
  if (issue.code === "invalid_value") {
    const options = issue.values.map(String);
    const value = at(whole, issue.path.slice(1).map(String));
    const meant = typeof value === "string" ? suggest(value, options) : undefined;
    return `is not allowed; allowed are ${options.join(", ")}${meant === undefined ? "" : `; did you mean ${meant}?`}`;
  }
  if (issue.code === "invalid_type" && issue.message.startsWith("Invalid input")) {
    const names: Record<string, string> = { record: "a map", object: "a map", array: "a list", string: "text" };
    return `must be ${names[issue.expected] ?? issue.expected}`;
  }
  if (issue.code === "invalid_union") {
    // An optional text: the empty alternative is not what the user meant.
    const inner = issue.errors.at(-1)?.[0]?.message;
    return issue.message.startsWith("Invalid input") ? (inner ?? issue.message) : issue.message;
  }
  return issue.message;
}

function problem(
  raw: RawConfig,
  key: ConfigKey,
  path: readonly string[],
  message: string,
  hideValue: boolean,
  value: unknown = raw.config[fullKey(key)],
): ConfigProblem {
  const name = [fullKey(key), ...path].join(".");
  if (value === undefined || hideValue || HIDDEN.has(key) || isSecret(raw, key)) {
    return { key: name, message };
  }
  const written = JSON.stringify(withoutSecrets(value as HelmValue, path));
  return {
    key: name,
    shown: written.length > SHOWN_LENGTH ? `${written.slice(0, SHOWN_LENGTH)}…` : written,
    message,
  };
}

function at(tree: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (node, name) => (typeof node === "object" && node !== null ? (node as Record<string, unknown>)[name] : undefined),
    tree,
  );
}

function isSecret({ secretKeys = [] }: RawConfig, key: ConfigKey): boolean {
  return secretKeys.includes(fullKey(key));
}

function fullKey(key: ConfigKey): string {
  return `${NAMESPACE}:${key}`;
}
