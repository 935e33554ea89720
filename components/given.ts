import * as pulumi from "@pulumi/pulumi";
import type { AccessSettings } from "../cluster/api/kubeConfig";
import { ACCESS, argumentsError, type PlainArguments, parseArguments } from "../config/arguments";
import type { ConfigProblem } from "../config/configError";
import type { ChartAccess, Config } from "../config/schema";
import { RefusalError } from "../upgrade/refusal";
import type { ChartArgs, MilvusClusterArgs, VerifyArgs } from "./args";
import type { RepositoryAccess } from "./declare/context";
import { isLater, resolve } from "./engine/resolve";
import { isTree, unfitArguments } from "./unfit";
import { type GivenValues, resolveValues } from "./values";

/** The arguments, checked and with every Output resolved that decides what is declared. */
export interface Given {
  readonly config: Config;
  readonly values: GivenValues;
  /** What the repository of charts is told, for the provider, which may wait for it; missing: nothing. */
  readonly chartAccess?: RepositoryAccess;
  /** The same as texts, to compare it with what the state has; "unknown": not known before the program has made it. */
  readonly chartLogin: ChartAccess | "unknown";
  /** Texts that no line may show, beside those of the values. */
  readonly hidden: readonly string[];
  /** How the cluster is reached; missing where that is known only after this preview. */
  readonly cluster?: AccessSettings;
  /** The same for the provider, which may wait for it. */
  readonly providerAccess: ProviderAccess;
}

/** What of `verify` is resolved by itself: it need not be known in a preview. */
const NO_SECRETS = { credentials: {}, tls: {} } as const;
/** The same of `chart`. */
const NO_LOGIN = { username: undefined, password: undefined } as const;

type ProviderAccess = Readonly<Partial<Record<keyof AccessSettings, pulumi.Input<string>>>>;

/**
 * @param component for which the arguments are
 * @throws ConfigError, RefusalError
 */
export async function resolveArguments(
  component: pulumi.Resource,
  name: string,
  args: MilvusClusterArgs,
): Promise<Given> {
  const subject = `MilvusCluster "${name}"`;
  if (!isTree(args)) {
    throw argumentsError([{ key: "args", message: 'must be a map, such as { version: "2.5.16" }' }], subject);
  }
  const unfit = unfitArguments(args);
  // Nothing of them is resolved: a value that holds itself would have no end.
  if (unfit.length > 0) parseArguments(withoutLater(args), subject, unfit);
  const own = ownAccess(args);
  if (own.length === 0) refuseProvider(component);
  const providerAccess: ProviderAccess = own.length > 0 ? Object.fromEntries(own) : ofStack();
  const isPreview = pulumi.runtime.isDryRun();
  const verify = isLater(args.verify) ? await known("verify", name, args.verify) : args.verify;
  const chart = isLater(args.chart) ? await known("chart", name, args.chart) : args.chart;
  const login = loginOf(chart);
  const [found, helm, secrets, chartLogin, plain] = await Promise.all([
    resolve(providerAccess as pulumi.Input<AccessSettings>),
    resolveValues(args.values),
    resolve({ credentials: verify?.credentials ?? {}, tls: verify?.tls ?? {} }),
    resolve(login),
    plainArguments(name, {
      ...args,
      ...(verify && { verify: asGroup(verify, NO_SECRETS) as VerifyArgs }),
      ...(chart && { chart: asGroup(chart, NO_LOGIN) as ChartArgs }),
    }),
  ]);
  if (helm.plain === undefined) throw notKnown("values", name);
  if (!found.isKnown && !isPreview) throw notKnown(own.map(([key]) => key).join(", "), name);
  if (!secrets.isKnown && !isPreview) throw notKnown("verify", name);
  if (!chartLogin.isKnown && !isPreview) throw notKnown("chart", name);
  const access = found.isKnown ? found.value : {};
  const config = parseArguments(
    {
      ...plain,
      values: helm.plain,
      ...(chart && { chart: asGroup(plain.chart, chartLogin.isKnown ? chartLogin.value : UNKNOWN_LOGIN) }),
      ...(verify && { verify: asGroup(plain.verify, secrets.isKnown ? secrets.value : NO_SECRETS) }),
      ...access,
    },
    subject,
    found.isKnown ? unfitAccess(access, Object.keys(providerAccess)) : [],
  );
  return {
    config: secrets.isKnown ? config : { ...config, verification: { ...config.verification, areSecretsLater: true } },
    values: helm,
    ...(config.chartAccess && { chartAccess: repositoryAccess(config.chartAccess, login) }),
    chartLogin: chartLogin.isKnown ? (config.chartAccess ?? {}) : "unknown",
    hidden: chartLogin.isKnown && chartLogin.value.password !== undefined ? [chartLogin.value.password] : [],
    ...(found.isKnown && { cluster: config.access }),
    providerAccess: {
      ...providerAccess,
      ...(providerAccess.kubeconfig !== undefined && { kubeconfig: pulumi.secret(providerAccess.kubeconfig) }),
    },
  };
}

/** Not known in this preview: the provider gets the Outputs, and nobody else reads them. */
const UNKNOWN_LOGIN = { username: "not known yet", password: "not known yet" } as const;

type Login = Readonly<Partial<Record<"username" | "password", pulumi.Input<string>>>>;

function loginOf(chart: unknown): Login {
  if (!isTree(chart)) return {};
  const { username, password } = chart as Pick<ChartArgs, "username" | "password">;
  return { ...((username ?? "") !== "" && { username }), ...((password ?? "") !== "" && { password }) };
}

function repositoryAccess({ caFile }: ChartAccess, { username, password }: Login): RepositoryAccess {
  return {
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password: pulumi.secret(password) }),
    ...(caFile !== undefined && { caFile }),
  };
}

/** What of the access the program itself gives; other languages send null for what it does not. */
function ownAccess(args: MilvusClusterArgs): [keyof AccessSettings, pulumi.Input<string>][] {
  return ACCESS.flatMap((key): [keyof AccessSettings, pulumi.Input<string>][] => {
    const input = args[key] as pulumi.Input<string> | null | undefined;
    return input === undefined || input === null ? [] : [[key, input]];
  });
}

/** The arguments that must be plain data. */
function withoutLater(args: MilvusClusterArgs): PlainArguments {
  const none = Object.fromEntries(["values", ...ACCESS].map((key) => [key, undefined]));
  return {
    ...args,
    ...none,
    ...(args.verify && { verify: asGroup(args.verify, NO_SECRETS) }),
    ...(args.chart && { chart: asGroup(args.chart, NO_LOGIN) }),
  };
}

/**
 * Those that have to be plain. TypeScript holds that; a program in another language may give an Output all the same.
 *
 * @throws RefusalError for one whose value is not known in this run
 */
async function plainArguments(name: string, args: MilvusClusterArgs): Promise<PlainArguments> {
  const entries = Object.entries(withoutLater(args)).map(
    async ([key, value]) => [key, await known(key, name, value)] as const,
  );
  return Object.fromEntries(await Promise.all(entries));
}

async function known<T>(argument: string, name: string, input: pulumi.Input<T>): Promise<pulumi.Unwrap<T>> {
  const found = await resolve(input);
  if (!found.isKnown) throw notKnown(argument, name);
  return found.value;
}

/** One that is no map is left to the check. */
function asGroup(group: unknown, over: object): unknown {
  return isTree(group) && !isLater(group) ? { ...group, ...over } : group;
}

/** What was given and leads nowhere: the default in its stead may lead to another cluster. */
function unfitAccess(access: AccessSettings, given: readonly string[]): ConfigProblem[] {
  return ACCESS.filter((key) => given.includes(key)).flatMap((key) => {
    const value: unknown = access[key];
    if (typeof value === "string" && value.trim() !== "") return [];
    if (key === "kubeconfig" && isTree(value)) return [];
    const isEmpty = value === undefined || value === null || typeof value === "string";
    const message = isEmpty
      ? "is empty. Leave it out where the default is meant, which may lead to another cluster"
      : "must be text";
    return [{ key, message }];
  });
}

/** As the default provider takes it. */
function ofStack(): ProviderAccess {
  const config = pulumi.runtime.allConfig();
  return Object.fromEntries(
    ACCESS.flatMap((key) => {
      const value = config[`kubernetes:${key}`];
      return value === undefined || value === "" ? [] : [[key, value]];
    }),
  );
}

/** A provider keeps to itself how it reaches its cluster. */
function refuseProvider(component: pulumi.Resource): void {
  if (component.getProvider("kubernetes:core/v1:ConfigMap") === undefined) return;
  throw new RefusalError({
    kind: "refused",
    rule: "a_provider_does_not_name_its_cluster",
    reason:
      "MilvusCluster was given a Kubernetes provider. It reads the cluster before it declares anything, and a provider does not say how its cluster is reached.",
    remedy:
      "Pass what the provider was made from instead of the provider: kubeconfig (path, contents or an Output), and context where the kubeconfig has several. The component makes a provider of its own.",
  });
}

function notKnown(argument: string, name: string): RefusalError {
  return new RefusalError({
    kind: "refused",
    rule: "what_decides_the_plan_must_be_known",
    reason: `The argument ${argument} of MilvusCluster "${name}" is an Output whose value is not known in this run.`,
    remedy:
      argument === "values"
        ? "Give values as a plain map, and make only the leaves Outputs that come from other resources."
        : "Give it as a plain value, or run pulumi up without --target and --exclude, so that what it comes from is made or read.",
  });
}
