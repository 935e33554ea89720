import { z } from "zod";
import { APPROVAL_PATTERN } from "../upgrade/approval";
import { isChartVersion } from "../upgrade/charts/versions";
import { ETCD_TLS_FILES } from "../upgrade/metadata/metaStore";
import { MILVUS_COMPONENTS, type MilvusComponent } from "../upgrade/milvusComponents";
import type { HelmValues, Wanted } from "../upgrade/model";
import {
  DEPENDENCY_IMAGES,
  type EtcdTls,
  JOB_USERS,
  type JobUser,
  PREPULLS,
  QUEUE_TYPES,
  STRATEGIES,
  TLS_VERSIONS,
} from "../upgrade/model";
import {
  PREFLIGHT_CHECK_NAMES,
  PREFLIGHT_LEVELS,
  type PreflightCheck,
  type PreflightLevels,
} from "../upgrade/preflight/checks";
import { holdsSecret } from "../upgrade/secrets/classify";
import { ROW_RULES, type RowRule, VERIFY_MODES, type VerifyMode } from "../upgrade/verification";
import { parseVersionRequest } from "../upgrade/versions/request";
import { plainVersion } from "../upgrade/versions/versions";
import { parseWindows, WINDOW_FORM, type Window } from "../upgrade/window/window";
import { parseDuration } from "./durations";
import type { ConfigKey, TimeoutName } from "./keys";
import { DEFAULT_TIMEOUTS } from "./keys";

/** The stack config, checked, with defaults filled in. */
export interface Config {
  /** What the planner needs. */
  readonly wanted: Wanted;
  /** Hash of the plan that may be run; missing: every plan may. */
  readonly approvedPlan?: string;
  /** What must hold before a plan may be begun, beside the plan itself. */
  readonly conditions: {
    /** Missing: at any time. */
    readonly window?: readonly Window[];
    /** Missing: no other stack has to have made the hop before. */
    readonly promoteFrom?: string;
    readonly soakSeconds: number;
  };
  /** True when `milvus:values` or a part of it is encrypted in the stack config. */
  readonly valuesAreSecret: boolean;
  /** Levels of the checks before anything is touched; a check that is left out keeps its own. */
  readonly preflight: PreflightLevels;
  /** Beside `wanted`, which is hashed for everybody to see. Missing: the repository asks nobody. */
  readonly chartAccess?: ChartAccess;
  /** How the upgrade's own Jobs are run. */
  readonly settings: {
    readonly kubectlImage: string;
    readonly metaMigrationImage: string;
    readonly imagePullSecrets: readonly string[];
    readonly nodeSelector: Readonly<Record<string, string>>;
    readonly tolerations: readonly Toleration[];
    /** Of the Jobs and their pods. */
    readonly labels: Readonly<Record<string, string>>;
    /** Of the pods. */
    readonly annotations: Readonly<Record<string, string>>;
    readonly user: JobUser;
    /** Of every container; empty: none are set. */
    readonly resources: JobResources;
    readonly backup: {
      /** Kubernetes quantity. */
      readonly size: string;
      /** Missing: the cluster's default class. */
      readonly storageClass?: string;
    };
    /** Seconds. */
    readonly timeouts: Timeouts;
  };
  /** How the result is verified. */
  readonly verification: {
    readonly mode: VerifyMode;
    readonly queries: readonly VerifyQuery[];
    readonly rows: RowRule;
    readonly reload: boolean;
    /** `host:port`; missing: a port-forward to a pod. */
    readonly address?: string;
    readonly credentials?: VerifyCredentials;
    /** Missing: plain text. */
    readonly tls?: VerifyTls;
    /** They are given, and are not known in this preview. */
    readonly areSecretsLater?: boolean;
    /** Seconds. */
    readonly timeouts: Pick<Timeouts, "settle" | "verify" | "answers" | "writes">;
  };
  /** Which cluster: the config of the default Kubernetes provider, so that reader and provider agree. */
  readonly access: {
    /** Path or contents. */
    readonly kubeconfig?: string;
    readonly context?: string;
    /** Name of a cluster in the kubeconfig that replaces the context's own. */
    readonly cluster?: string;
  };
}

/** What a repository of charts wants to know of whoever asks it. */
export interface ChartAccess {
  /** Goes with password. */
  readonly username?: string;
  readonly password?: string;
  /** PEM file of who signed the repository's certificate, from the folder of the program. */
  readonly caFile?: string;
}

/** `rolloutOf`: for single components, instead of `rollout`. */
export type Timeouts = Readonly<Record<TimeoutName, number>> & {
  readonly rolloutOf?: Readonly<Partial<Record<MilvusComponent, number>>> | undefined;
};

const LONGEST_TIMEOUT = 24 * 3600;
const DNS_LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const DNS_SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const QUANTITY = /^\d+(\.\d+)?(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?$/;
/** Repository with an optional registry, then a tag, a digest or both. */
const IMAGE =
  /^(?:[\w.-]+(?::\d+)?\/)?[a-z0-9]+(?:[._/-]+[a-z0-9]+)*(?=[:@])(?::[\w][\w.-]{0,127})?(?:@sha256:[0-9a-f]{64})?$/;
/** RFC 1123 subdomain. */
const CLAIM_NAME = /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/;
const DOTTED_PATH = /^[^.\s]+(\.[^.\s]+)*$/;

const text = (pattern: RegExp, allowed: string) => z.string(allowed).regex(pattern, allowed);
const optionalText = (schema: z.ZodType<string>) => z.union([z.literal("").transform(() => undefined), schema]);

const dnsLabel = (longest: number, what: string) =>
  z
    .string(`must be ${what}`)
    .regex(DNS_LABEL, `is not ${what}: lower-case letters, digits and "-", with a letter or digit at both ends`)
    .max(longest, `is too long: ${what} has at most ${longest} characters`);

const secretName = "is not a name of a Kubernetes object: lower-case letters, digits, '-' and '.'";
const objectName = text(DNS_SUBDOMAIN, secretName).max(253, secretName);

const image = text(
  IMAGE,
  "is not an image with a tag or digest, such as registry.example.com/kubectl:v1.36.3; without one, tomorrow's run is not today's",
);

const quantity = text(QUANTITY, "is not a Kubernetes quantity, such as 10Gi, 500Mi or 0.5").refine(
  (value) => Number.parseFloat(value) > 0,
  "must be more than zero",
);
const resourceAmount = z.union([quantity, z.number().positive().transform(String)], {
  error: "is not a Kubernetes quantity, such as 500m, 1 or 256Mi",
});
const resourceList = z.strictObject({ cpu: resourceAmount.optional(), memory: resourceAmount.optional() });
const jobResources = z.strictObject({ requests: resourceList.optional(), limits: resourceList.optional() });
export type JobResources = Readonly<z.output<typeof jobResources>>;

const texts = z.record(z.string(), z.string("must be text: put it in quotes"));
/** Keys that neither a Service or Deployment of Milvus selects nor this program sets. */
const FREE_LABEL = /^(?!component$|app\.kubernetes\.io\/|milvus-upgrade\/)/;
const labelValue = z
  .string("must be text: put it in quotes")
  .regex(
    /^([A-Za-z0-9]([-\w.]{0,61}[A-Za-z0-9])?)?$/,
    "is not the value of a label: at most 63 letters, digits, '-', '_' and '.'",
  );

const jobLabels = z.record(z.string(), labelValue).superRefine((labels, context) => {
  for (const key of Object.keys(labels).filter((it) => !FREE_LABEL.test(it))) {
    const message = "is a label that a Service of Milvus selects, or that this program sets";
    context.addIssue({ code: "custom", path: [key], message });
  }
});

const toleration = z
  .strictObject({
    key: z.string().optional(),
    operator: z.enum(["Exists", "Equal"]).optional(),
    value: z.string("must be text: put it in quotes").optional(),
    effect: z.enum(["NoSchedule", "PreferNoSchedule", "NoExecute"]).optional(),
    tolerationSeconds: z.int().optional(),
  })
  .refine((it) => it.operator !== "Exists" || (it.value ?? "") === "", {
    message: "the operator Exists takes no value",
    path: ["value"],
  })
  .refine((it) => it.operator === "Exists" || (it.key ?? "") !== "", {
    message: "without a key the operator must be Exists (tolerates everything)",
    path: ["key"],
  });
export type Toleration = Readonly<z.output<typeof toleration>>;

const duration = z.string("must be a duration with a unit, such as 90s, 10m or 1h30m").transform((value, context) => {
  const seconds = parseDuration(value);
  if (seconds === undefined || seconds < 1 || seconds > LONGEST_TIMEOUT) {
    context.addIssue({
      code: "custom",
      message: "is not a duration between 1s and 24h with a unit, such as 90s, 10m or 1h30m",
    });
    return z.NEVER;
  }
  return seconds;
});

const notACronJob = "is not a CronJob of the namespace, such as cronjob/milvus-backup";
const ownJobs = z
  .array(
    text(/^cronjob\/[a-z0-9]([-a-z0-9.]{0,50}[a-z0-9])?$/, notACronJob).transform((value) =>
      value.slice("cronjob/".length),
    ),
  )
  .refine((names) => new Set(names).size === names.length, "names one CronJob twice");

/** Of a soak. */
const LONGEST_SOAK = 90 * 24 * 3600;

const soak = z.string("must be a duration with a unit, such as 24h or 7d").transform((value, context) => {
  const seconds = parseDuration(value.replace(/^(\d+)d$/, (_, days: string) => `${Number(days) * 24}h`));
  if (seconds !== undefined && seconds <= LONGEST_SOAK) return seconds;
  context.addIssue({ code: "custom", message: "is not a duration of at most 90d with a unit, such as 24h or 7d" });
  return z.NEVER;
});

const windows = z.string(`must be text, ${WINDOW_FORM}`).transform((value, context) => {
  const parsed = parseWindows(value);
  if (typeof parsed !== "string") return parsed;
  context.addIssue({ code: "custom", message: parsed });
  return z.NEVER;
});

const notAChart = "is not an exact chart version, such as 4.1.36";
const exactChartVersion = z.string(notAChart).refine((value) => /^\d/.test(value) && isChartVersion(value), notAChart);

/** Without its variant: the image says which one runs. */
const notExact = "is not an exact Milvus version, such as 2.3.5";
const exactMilvusVersion = z.string(notExact).transform((value, context) => {
  const request = parseVersionRequest(value);
  if (request?.kind === "exact") return request.version;
  context.addIssue({ code: "custom", message: notExact });
  return z.NEVER;
});

const chartSource = z
  .strictObject({
    repository: text(/^https?:\/\/\S+$/, "is not the http(s) URL of a chart repository")
      .refine(
        (url) => !holdsSecret(url) && !/^https?:\/\/[^/?#]*@/.test(url),
        "holds a user name, password or token, which would be shown in every plan. Leave them out of the URL, and give them as milvus:chartSource.username and milvus:chartSource.password: pulumi config set --path --secret milvus:chartSource.password PASSWORD",
      )
      .optional(),
    oci: text(
      /^oci:\/\/[^\s:@]+(:\d+)?\/[^\s:@]+$/,
      "is not an OCI reference without tag or digest, such as oci://registry.example.com/charts/milvus",
    ).optional(),
    folder: z.string().min(1, "must name a folder").optional(),
    username: z.string().min(1, "must not be empty").optional(),
    password: z.string().min(1, "must not be empty").optional(),
    caFile: z.string().min(1, "must name a file").optional(),
  })
  .refine(({ repository, oci, folder }) => [repository, oci, folder].filter((it) => it !== undefined).length <= 1, {
    message: "names more than one source: give one of repository, oci, folder",
  })
  .refine(({ username, password }) => (username === undefined) === (password === undefined), {
    message: "needs username and password together",
  })
  .refine(
    ({ repository, username, caFile }) => repository !== undefined || (username === undefined && caFile === undefined),
    {
      message:
        "username, password and caFile go with repository; for an OCI registry log in with helm registry login on the machine that runs Pulumi",
    },
  );

const verifyQuery = z.strictObject({
  collection: z.string("must name a collection").min(1, "must name a collection"),
  database: z.string().min(1, "must name a database").optional(),
  field: z.string().min(1, "must name a vector field").optional(),
  vector: z.array(z.number("must be a number")).min(1, "must hold numbers").optional(),
  limit: z.int("must be a whole number").min(1).max(1000).optional(),
  params: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
  filter: z.string().optional(),
  same: z.int("must be a whole number").min(0).optional(),
});
export type VerifyQuery = Readonly<z.output<typeof verifyQuery>>;

const credentials = z
  .strictObject({ username: z.string().optional(), password: z.string().optional(), token: z.string().optional() })
  .refine((it) => (it.username === undefined) === (it.password === undefined), {
    message: "needs username and password together, or token",
  });
export type VerifyCredentials = Readonly<z.output<typeof credentials>>;

const tls = z.strictObject({
  enabled: z.boolean("must be true or false").optional(),
  ca: z.string().optional(),
  certificate: z.string().optional(),
  key: z.string().optional(),
  serverName: z.string().optional(),
  insecure: z.boolean("must be true or false").optional(),
});
export type VerifyTls = Readonly<z.output<typeof tls>>;

const secretFile = z
  .string("must be the name of a key of the Secret")
  .regex(/^[-._a-zA-Z0-9]{1,253}$/, "is not the name of a key of a Secret, such as ca.crt");
const etcdTls = z
  .strictObject({
    secret: objectName.optional(),
    caFile: secretFile.optional(),
    certificateFile: secretFile.optional(),
    keyFile: secretFile.optional(),
    // YAML makes a number of it.
    minVersion: z
      .union([z.string(), z.number().transform((version) => version.toFixed(1))])
      .pipe(z.enum(TLS_VERSIONS))
      .optional(),
  })
  .transform(({ secret, minVersion, ...files }, context): EtcdTls | undefined => {
    const given = Object.fromEntries(Object.entries(files).filter(([, file]) => file !== undefined));
    const names: typeof ETCD_TLS_FILES = { ...ETCD_TLS_FILES, ...given };
    if (secret !== undefined) return { secret, ...names, ...(minVersion && { minVersion }) };
    if (Object.keys(given).length === 0 && minVersion === undefined) return undefined;
    context.addIssue({
      code: "custom",
      message: "names no Secret: pulumi config set --path milvus:etcdTls.secret NAME",
    });
    return z.NEVER;
  });

const helmValues = z.record(z.string(), z.json(), "must be a map of Helm values") as unknown as z.ZodType<HelmValues>;

const level = z.enum(PREFLIGHT_LEVELS).optional();

/** One entry for each key of `CONFIG_KEYS`, after the text of the stack config was decoded. */
export const configSchema = z.strictObject({
  version: z
    .string()
    .transform((value) => plainVersion(value.trim()))
    .refine(
      (value) => parseVersionRequest(value) !== undefined,
      "is not a version: allowed are 2.2.9, 2.5, 2.5.x, ~2.4.10 and latest",
    ),
  release: dnsLabel(53, "the name of a Helm release"),
  namespace: dnsLabel(63, "the name of a namespace"),
  values: helmValues,
  valuesFiles: z.array(z.string().min(1, "must name a file")),
  chartSource,
  chartVersion: optionalText(exactChartVersion),
  currentVersion: optionalText(exactMilvusVersion),
  strategy: z.enum(STRATEGIES),
  rollback: z.boolean("must be true or false"),
  overwriteMetadata: optionalText(
    text(CLAIM_NAME, "is not the name of a backup claim, such as my-release-meta-2.1.4-to-2.2.9-r7"),
  ),
  dropValues: z.array(text(DOTTED_PATH, "is not a path in the Helm values, such as pulsar.proxy.resources")),
  approvedPlan: optionalText(
    text(
      APPROVAL_PATTERN,
      "is not the hash of a plan: pulumi preview and npm run plan show it as a word of 40 characters",
    ),
  ),
  maxDowntime: z.union([z.literal("").transform(() => undefined), z.literal("0s").transform(() => 0), duration]),
  window: z.union([z.literal("").transform(() => undefined), windows]),
  promoteFrom: optionalText(
    text(/^[\w.-]+(?:\/[\w.-]+\/[\w.-]+)?$/, "is not a stack: its name, or organization/project/name"),
  ),
  soak: z.union([z.literal("").transform(() => undefined), soak]),
  runBefore: ownJobs,
  runAfter: ownJobs,
  oneWayNeeds: z.union([z.literal("").transform(() => undefined), z.literal("runBefore")], {
    error: "is not allowed; allowed is runBefore",
  }),
  prepull: z.enum(PREPULLS),
  backupSize: quantity,
  backupStorageClass: optionalText(objectName),
  kubectlImage: image,
  metaMigrationImage: image,
  etcdTls,
  imageRegistry: optionalText(
    text(
      /^(?=.*[.:]|localhost)[\w.-]+(:\d+)?(\/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*$/,
      "is not a registry with an optional path and no slash at the end, such as registry.example.com/mirror",
    ),
  ),
  dependencyImages: z.enum(DEPENDENCY_IMAGES),
  messageQueue: z.union([z.literal("").transform(() => undefined), z.enum(QUEUE_TYPES)], {
    error: `is not allowed; allowed are ${QUEUE_TYPES.join(", ")}`,
  }),
  imagePullSecrets: z.array(objectName),
  nodeSelector: texts,
  tolerations: z.array(toleration),
  jobLabels,
  jobAnnotations: texts,
  jobResources,
  jobUser: z.enum(JOB_USERS),
  preflight: z.strictObject(
    Object.fromEntries(PREFLIGHT_CHECK_NAMES.map((name) => [name, level])) as Record<PreflightCheck, typeof level>,
  ),
  verify: z.enum(VERIFY_MODES),
  verifyQueries: z.array(verifyQuery),
  verifyRows: z.enum(ROW_RULES),
  reload: z.boolean("must be true or false"),
  address: optionalText(text(/^\[?[\w.:-]+\]?:\d{1,5}$/, "is not host:port, such as milvus.example.com:19530")),
  credentials,
  tls,
  timeouts: z.strictObject({
    ...(Object.fromEntries(
      Object.entries(DEFAULT_TIMEOUTS).map(([name, value]) => [name, duration.prefault(value)]),
    ) as Record<TimeoutName, z.ZodPrefault<typeof duration>>),
    rolloutOf: z.partialRecord(z.enum(MILVUS_COMPONENTS), duration).optional(),
  }),
} satisfies Record<ConfigKey, z.ZodType>);
export type ParsedConfig = z.output<typeof configSchema>;
