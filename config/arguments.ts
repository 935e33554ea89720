import { ConfigError, type ConfigProblem } from "./configError";
import { CONFIG_KEY_NAMES, type ConfigKey } from "./keys";
import { parseConfig } from "./parseConfig";
import type { Config } from "./schema";
import { suggest } from "./suggestion";

/** Where the component takes what the stack config calls by this key; values files are merged before. */
export const ARGUMENT_OF = {
  version: "version",
  release: "releaseName",
  namespace: "namespace",
  values: "values",
  chartSource: "chart",
  chartVersion: "chart.version",
  currentVersion: "upgrade.currentVersion",
  strategy: "upgrade.strategy",
  rollback: "upgrade.rollback",
  overwriteMetadata: "upgrade.overwriteMetadata",
  dropValues: "upgrade.dropValues",
  approvedPlan: "upgrade.approvedPlan",
  maxDowntime: "upgrade.maxDowntime",
  window: "upgrade.window",
  promoteFrom: "upgrade.promoteFrom",
  soak: "upgrade.soak",
  runBefore: "upgrade.runBefore",
  runAfter: "upgrade.runAfter",
  oneWayNeeds: "upgrade.oneWayNeeds",
  prepull: "upgrade.prepull",
  backupSize: "jobs.backupSize",
  backupStorageClass: "jobs.backupStorageClass",
  kubectlImage: "jobs.kubectlImage",
  metaMigrationImage: "jobs.metaMigrationImage",
  etcdTls: "jobs.etcdTls",
  imageRegistry: "imageRegistry",
  dependencyImages: "upgrade.dependencyImages",
  messageQueue: "upgrade.messageQueue",
  imagePullSecrets: "jobs.imagePullSecrets",
  nodeSelector: "jobs.nodeSelector",
  tolerations: "jobs.tolerations",
  jobLabels: "jobs.labels",
  jobAnnotations: "jobs.annotations",
  jobResources: "jobs.resources",
  jobUser: "jobs.user",
  preflight: "preflight",
  verify: "verify.mode",
  verifyQueries: "verify.queries",
  verifyRows: "verify.rows",
  reload: "verify.reload",
  address: "verify.address",
  credentials: "verify.credentials",
  tls: "verify.tls",
  timeouts: "timeouts",
} as const satisfies Record<Exclude<ConfigKey, "valuesFiles">, string>;

/** The component's arguments with every Output resolved: plain data of any shape, as other languages may send it. */
export type PlainArguments = Readonly<Record<string, unknown>>;

const GROUPS = ["chart", "upgrade", "jobs", "verify"] as const;
/** How the state is kept, and how messages are worded. */
const SWITCHES = ["valuesAreSecret", "fromStackConfig"] as const;
/** Which cluster. */
export const ACCESS = ["kubeconfig", "context", "cluster"] as const;

/**
 * Checks the component's arguments and fills in defaults.
 *
 * @param subject `MilvusCluster "milvus"`, for the message
 * @param found what is wrong with them already; of these nothing more is said
 * @throws ConfigError with all problems at once, under the arguments' names
 */
export function parseArguments(args: PlainArguments, subject: string, found: readonly ConfigProblem[] = []): Config {
  const isNew = ({ key }: ConfigProblem) => !found.some((it) => key === it.key || key.startsWith(`${it.key}.`));
  const problems = [...found, ...[...unknownArguments(args), ...wrongKinds(args)].filter(isNew)];
  try {
    const config = parseConfig({ config: asStackConfig(args), secretKeys: secretKeys(args) });
    if (problems.length === 0) return config;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    problems.push(...error.problems.map(underArgument).filter(isNew));
  }
  throw argumentsError(problems, subject);
}

export function argumentsError(problems: readonly ConfigProblem[], subject: string): ConfigError {
  return new ConfigError(
    problems,
    `The arguments of ${subject} have`,
    "Every argument is described in its type, MilvusClusterArgs.",
  );
}

function secretKeys({ valuesAreSecret }: PlainArguments): string[] {
  return valuesAreSecret === true ? ["milvus:values"] : [];
}

/** The chart's version stands beside its source; the stack config has a key for each. */
function asStackConfig(args: PlainArguments): Record<string, unknown> {
  const source = Object.fromEntries(Object.entries(asMap(args.chart)).filter(([name]) => name !== "version"));
  const found = CONFIG_KEY_NAMES.flatMap((key): [string, unknown][] => {
    if (key === "valuesFiles") return [];
    const value = key === "chartSource" ? source : at(args, ARGUMENT_OF[key]);
    return value === undefined || value === null ? [] : [[`milvus:${key}`, value]];
  });
  const access = ACCESS.flatMap((name): [string, unknown][] =>
    args[name] === undefined ? [] : [[`kubernetes:${name}`, args[name]]],
  );
  return Object.fromEntries([...found, ...access]);
}

function at(args: PlainArguments, path: string): unknown {
  return path.split(".").reduce<unknown>((node, name) => asMap(node)[name], args);
}

function asMap(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

/** TypeScript finds a misspelt argument; the other languages send it. */
function unknownArguments(args: PlainArguments): ConfigProblem[] {
  const paths = Object.values(ARGUMENT_OF);
  const top = [...new Set([...paths.map((path) => path.split(".")[0] ?? ""), ...SWITCHES, ...ACCESS])];
  const nested = GROUPS.flatMap((group) => {
    const known = paths.flatMap((path) => (path.startsWith(`${group}.`) ? [path.slice(group.length + 1)] : []));
    // What says where charts come from is looked at by the schema.
    return group === "chart" ? [] : misspelt(asMap(args[group]), known, `${group}.`);
  });
  return [...misspelt(args, top, ""), ...nested];
}

/** What no key of the stack config is like. */
function wrongKinds(args: PlainArguments): ConfigProblem[] {
  const isGiven = (name: string) => args[name] !== undefined && args[name] !== null;
  const groups = GROUPS.filter((name) => isGiven(name) && args[name] !== asMap(args[name]));
  const switches = SWITCHES.filter((name) => isGiven(name) && typeof args[name] !== "boolean");
  return [
    ...groups.map((key) => ({ key, message: "must be a map of arguments" })),
    ...switches.map((key) => ({ key, message: "must be true or false" })),
  ];
}

function misspelt(given: PlainArguments, known: readonly string[], prefix: string): ConfigProblem[] {
  return Object.keys(given)
    .filter((name) => !known.includes(name) && given[name] !== undefined)
    .map((name) => {
      const meant = suggest(name, known);
      const hint = meant === undefined ? `allowed are ${known.join(", ")}` : `did you mean ${prefix}${meant}?`;
      return { key: `${prefix}${name}`, message: `is not an argument; ${hint}` };
    });
}

function underArgument(problem: ConfigProblem): ConfigProblem {
  return { ...problem, key: argumentPath(problem.key), message: inArguments(problem.message) };
}

function argumentPath(key: string): string {
  const [, name = "", rest = ""] = /^milvus:([A-Za-z]+)(.*)$/s.exec(key) ?? [];
  const argument = argumentOf(name);
  if (argument === undefined) return key.replace(/^kubernetes:/, "");
  return `${argument}${rest}`;
}

/** `pulumi config set --path 'milvus:timeouts.stop' 20m`, up to where the value ends. */
const SET_LINE =
  /pulumi config set (?:--path )?(?:--secret )?'?(milvus|kubernetes):([A-Za-z]+)([.[][^\s']*)?'?(?: ("[^"]*"|[^\s"]*[^\s".,;:)]))?(?: and milvus:([A-Za-z]+) (true|false))?/g;
const REMOVE_LINE = /pulumi config rm (?:--path )?'?milvus:([A-Za-z]+)([.[][^\s']*[^\s'.,;:)])?'?/g;
const KEY = /(?<![\w/-])(milvus|kubernetes):([A-Za-z]+)\b/g;

const NEWER_PACKAGE = "a newer version of the package milvus-upgrade";
/** What the commands beside the stack config do, and how a program of one's own comes by the same; the first that fits. */
const COMMANDS: readonly (readonly [RegExp, string])[] = [
  // Only the walk changes the layout by itself.
  [/ Where milvus:values does not ask for another layout, this does both: npm run upgrade -- --to \S+/g, ""],
  [
    /npm run upgrade -- --to (\S+)/g,
    "set version to the next one of the way and run pulumi up, again and again up to $1",
  ],
  [/npm run adopt -- --release .* --stack NAME/g, "pulumi up"],
  [/ or npm run verify(?! --)/g, ""],
  [/npm run verify -- --reload\n {2}or for every run: /g, ""],
  [
    /npm run verify -- --accept/g,
    "delete the ConfigMap that keeps it (kubectl get configmaps -A -l milvus-upgrade/verification lists it)",
  ],
  [/npm run verify/g, "pulumi up"],
  [/pulumi preview and npm run plan show/g, "pulumi preview shows"],
  [/run npm run catalog:update/g, `take ${NEWER_PACKAGE}`],
  [/\. npm run catalog:update/g, `. A${NEWER_PACKAGE.slice(1)}`],
  [/npm run catalog:update/g, NEWER_PACKAGE],
  [/ \(where it really is this text: in a file of milvus:valuesFiles\)/g, ""],
  [/(What differs: )the stack config/g, "$1the arguments"],
  [/With pulumi config set milvus:version (\S+) first/g, "With version still $1, first"],
];

/**
 * A message of the planner or the preflight, which name the keys of the stack config and the commands beside it, in the words of
 * a program that has arguments instead: `pulumi config set milvus:rollback true` becomes `set upgrade.rollback to true in the
 * program`.
 */
export function inArguments(text: string): string {
  return COMMANDS.reduce((words, [command, instead]) => words.replace(command, instead), text)
    .replace(
      SET_LINE,
      (line, namespace: string, key: string, path = "", value?: string, also?: string, as?: string) => {
        const argument = namespace === "kubernetes" ? key : argumentOf(key);
        const to = value === undefined ? "" : ` to ${value}`;
        const second = also === undefined ? "" : ` and ${argumentOf(also) ?? also} to ${as ?? ""}`;
        return argument === undefined ? line : `set ${argument}${String(path)}${to}${second} in the program`;
      },
    )
    .replace(REMOVE_LINE, (line, key: string, path = "") => {
      const argument = argumentOf(key);
      return argument === undefined ? line : `take ${argument}${String(path)} out of the program`;
    })
    .replace(KEY, (whole, namespace: string, key: string) =>
      namespace === "milvus" ? (argumentOf(key) ?? whole) : (ACCESS.find((name) => name === key) ?? whole),
    );
}

function argumentOf(key: string): string | undefined {
  return (ARGUMENT_OF as Partial<Record<string, string>>)[key];
}
