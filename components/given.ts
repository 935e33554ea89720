import * as pulumi from "@pulumi/pulumi";
import type { AccessSettings } from "../cluster/api/kubeConfig";
import { type PlainArguments, parseArguments } from "../config/arguments";
import type { Config } from "../config/schema";
import { RefusalError } from "../upgrade/refusal";
import type { MilvusClusterArgs, VerifyArgs } from "./args";
import { isLater, resolve } from "./engine/resolve";
import { type GivenValues, resolveValues } from "./values";

/** The arguments, checked and with every Output resolved that decides what is declared. */
export interface Given {
  readonly config: Config;
  readonly values: GivenValues;
  /** How the cluster is reached; missing where that is known only after this preview. */
  readonly cluster?: AccessSettings;
  /** The same for the provider, which may wait for it. */
  readonly providerAccess: ProviderAccess;
}

type ProviderAccess = Readonly<Partial<Record<keyof AccessSettings, pulumi.Input<string>>>>;

const ACCESS = ["kubeconfig", "context", "cluster"] as const;

/**
 * @param component for which the arguments are
 * @throws ConfigError, RefusalError
 */
export async function resolveArguments(
  component: pulumi.Resource,
  name: string,
  args: MilvusClusterArgs,
): Promise<Given> {
  const { values } = args;
  const own = ACCESS.flatMap((key): [keyof AccessSettings, pulumi.Input<string>][] => {
    const input = args[key];
    return input === undefined ? [] : [[key, input]];
  });
  if (own.length === 0) refuseProvider(component);
  const providerAccess: ProviderAccess = own.length > 0 ? Object.fromEntries(own) : ofStack();
  const verify = isLater(args.verify) ? await known("verify", name, args.verify) : args.verify;
  const { credentials = {}, tls = {}, ...plainVerify } = verify ?? {};
  const [found, helm, secrets, plain] = await Promise.all([
    resolve(providerAccess as pulumi.Input<AccessSettings>),
    resolveValues(values),
    resolve({ credentials, tls }),
    plainArguments(name, { ...args, verify: plainVerify }),
  ]);
  const isPreview = pulumi.runtime.isDryRun();
  if (helm.plain === undefined) throw notKnown("values", name);
  if (!found.isKnown && !isPreview) throw notKnown("kubeconfig", name);
  if (!secrets.isKnown && !isPreview) throw notKnown("verify", name);
  const verification = secrets.isKnown ? secrets.value : {};
  const config = parseArguments(
    {
      ...plain,
      values: helm.plain,
      verify: { ...(plain.verify as VerifyArgs), ...verification },
      ...(found.isKnown && found.value),
    },
    `MilvusCluster "${name}"`,
  );
  return {
    config,
    values: helm,
    ...(found.isKnown && { cluster: config.access }),
    providerAccess: {
      ...providerAccess,
      ...(providerAccess.kubeconfig !== undefined && { kubeconfig: pulumi.secret(providerAccess.kubeconfig) }),
    },
  };
}

/** Those that have to be plain. TypeScript holds that; a program in another language may give an Output all the same. */
async function plainArguments(name: string, args: MilvusClusterArgs): Promise<PlainArguments> {
  const resolvedElsewhere: readonly string[] = ["values", ...ACCESS];
  const entries = Object.entries(args).filter(([key]) => !resolvedElsewhere.includes(key));
  return Object.fromEntries(
    await Promise.all(entries.map(async ([key, value]) => [key, await known(key, name, value as unknown)] as const)),
  );
}

async function known<T>(argument: string, name: string, input: pulumi.Input<T>): Promise<pulumi.Unwrap<T>> {
  const found = await resolve(input);
  if (!found.isKnown) throw notKnown(argument, name);
  return found.value;
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
    rule: "a_provider_does_not_tell_its_cluster",
    reason:
      "MilvusCluster was given a Kubernetes provider. It reads the cluster before it declares anything, and a provider does not tell how its cluster is reached.",
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
