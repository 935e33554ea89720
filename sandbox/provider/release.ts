import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import path from "node:path";
import { changesBetween } from "./diff";
import {
  type ClusterAccess,
  type DiffAnswer,
  type EngineLog,
  type Existing,
  InitializationFailure,
  type ResourceHandler,
} from "./handler";
import { HelmCli, type LiveRelease, messageOf, resourceNames } from "./helmCli";
import { nameOf } from "./kinds";
import {
  chartArguments,
  commonFlags,
  DEFAULT_TIMEOUT_SECONDS,
  flag,
  identity,
  timeoutOf,
  valuesOf,
} from "./releaseArguments";
import {
  asSecret,
  hasUnknowns,
  isObject,
  type Json,
  markSecrets,
  merge,
  type Properties,
  plainProperties,
  text,
  without,
} from "./values";

/** Only in the state, or without effect: not part of what is compared. */
const NOT_COMPARED = ["__inputs", "checksum", "resourceNames", "status"];

/** helm.v3.Release by the Helm CLI, with the official provider's answers where the program can tell. */
export class ReleaseHandler implements ResourceHandler {
  private readonly helm: HelmCli;

  constructor(
    private readonly access: ClusterAccess,
    private readonly log: EngineLog,
  ) {
    this.helm = new HelmCli(access);
  }

  async check({ urn, olds, news }: Parameters<ResourceHandler["check"]>[0]) {
    if (news.valueYamlFiles !== undefined) {
      throw new Error("the sandbox's stand-in for the kubernetes provider does not serve valueYamlFiles; use values");
    }
    const release = without(withoutEmpty(plainProperties(news)), ["compat", ...NOT_COMPARED]);
    release.name ??= text(plainProperties(olds).name) ?? `${nameOf(urn)}-${randomBytes(4).toString("hex")}`;
    release.namespace ??= this.access.defaultNamespace;
    if (release.skipAwait !== true) {
      release.timeout ??= DEFAULT_TIMEOUT_SECONDS;
    }
    const failures = [];
    if (!hasUnknowns(news)) {
      try {
        release.version = await this.helm.chartVersion(chartArguments(release));
      } catch (error) {
        const said = error instanceof Error ? error.message : String(error);
        failures.push({ property: "chart", reason: `${said}; check the chart name and repository configuration.` });
      }
    }
    return { inputs: markSecrets(release, news) as Properties, failures };
  }

  diff({ state, news }: Existing & { readonly news: Properties }): Promise<DiffAnswer> {
    const now = without(plainProperties(state), NOT_COMPARED);
    const before = without(inputsOf(state), NOT_COMPARED);
    const after = plainProperties(news);
    // What is asked for against what is there, and what was asked for and no longer is.
    const compared = new Map([...changesBetween(now, after)].filter(([, kind]) => kind !== "delete"));
    for (const [property, kind] of changesBetween(before, after)) {
      if (kind === "delete") {
        compared.set(property, kind);
      }
    }
    const replaces = ["name", "namespace"].filter((property) => compared.has(property));
    return Promise.resolve({ changes: compared, replaces, deleteBeforeReplace: false });
  }

  async create({ urn, inputs, preview }: Parameters<ResourceHandler["create"]>[0]) {
    const release = plainProperties(inputs);
    if (preview) {
      return { id: "", state: inputs };
    }
    const { id, name, namespace } = identity(release);
    const args = ["install", name, ...chartArguments(release), "--namespace", namespace, ...commonFlags(release)];
    flag(args, "--create-namespace", release.createNamespace);
    flag(args, "--replace", release.replace);
    flag(args, "--skip-crds", release.skipCrds);
    flag(args, "--no-hooks", release.disableWebhooks);
    const result = await this.helm.change(args, timeoutOf(release), valuesOf(release));
    if (result.exitCode === 0) {
      return { id, state: await this.checkpoint(inputs) };
    }
    const said = messageOf(result);
    const live = said.includes("cannot re-use a name") ? undefined : await this.helm.find(namespace, name);
    if (!live) {
      throw new Error(said);
    }
    this.log.warning(
      urn,
      `Helm release "${name}" was created but has a failed status. Use the \`helm\` command to investigate the error, ` +
        `correct it, then retry. Reason: ${said}`,
    );
    throw new InitializationFailure(
      `Helm release "${id}" was created, but failed to initialize completely. Use Helm CLI to investigate: ` +
        notAvailable(namespace, name, said),
      id,
      stateOf(inputs, live),
    );
  }

  async read({ id, state, inputs }: Existing & { readonly inputs: Properties }) {
    const imported = Object.keys(state).length === 0;
    const old = plainProperties(state);
    const [idNamespace, idName] = id.includes("/") ? id.split("/", 2) : [this.access.defaultNamespace, id];
    const namespace = text(old.namespace) ?? idNamespace ?? "";
    const name = text(old.name) ?? idName ?? "";
    const live = await this.helm.find(namespace, name);
    if (!live) {
      return undefined;
    }
    if (!imported) {
      const known = Object.keys(inputs).length > 0 ? inputs : inputsOf(state);
      return { state: stateOf(known, live, old), inputs: known };
    }
    const found: Properties = {
      name,
      namespace,
      chart: localChart(live.chart, live.chartVersion) ?? live.chart,
      version: live.chartVersion,
      values: live.config,
      timeout: DEFAULT_TIMEOUT_SECONDS,
    };
    return { state: stateOf(found, live), inputs: found };
  }

  async update({ id, news, preview }: Parameters<ResourceHandler["update"]>[0]): Promise<Properties> {
    if (preview) {
      return news;
    }
    const release = plainProperties(news);
    const { name, namespace } = identity(release);
    const before = await this.helm.find(namespace, name);
    const args = ["upgrade", name, ...chartArguments(release), "--namespace", namespace, ...commonFlags(release)];
    args.push("--history-max", `${Number(release.maxHistory ?? 0)}`);
    flag(args, "--reset-values", release.resetValues);
    flag(args, "--reuse-values", release.reuseValues);
    flag(args, "--force", release.forceUpdate);
    flag(args, "--cleanup-on-fail", release.cleanupOnFail);
    flag(args, "--no-hooks", release.disableCRDHooks);
    const result = await this.helm.change(args, timeoutOf(release), valuesOf(release));
    if (result.exitCode === 0) {
      return this.checkpoint(news);
    }
    const said = messageOf(result);
    const live = await this.helm.find(namespace, name);
    if (!live || live.revision === before?.revision) {
      // Refused before anything was written.
      throw new Error(said);
    }
    throw new InitializationFailure(
      `Helm release "${id}" failed to initialize completely. Use Helm CLI to investigate: error running update: ` +
        notAvailable(namespace, name, said),
      id,
      stateOf(news, live),
    );
  }

  async delete({ urn, state }: Existing): Promise<void> {
    const release = plainProperties(state);
    const { name, namespace } = identity(release);
    const args = ["uninstall", name, "--namespace", namespace];
    if (release.atomic === true || release.skipAwait !== true) {
      args.push("--wait", "--timeout", `${timeoutOf(release)}s`);
    }
    const result = await this.helm.change(args, timeoutOf(release));
    if (result.exitCode !== 0) {
      throw new Error(messageOf(result));
    }
    const [, ...information] = result.stdout.trim().split("\n");
    if (information.length > 0) {
      this.log.warning(urn, `Helm uninstall returned information: ${JSON.stringify(information.join("\n"))}`);
    }
  }

  private async checkpoint(inputs: Properties): Promise<Properties> {
    const { id, name, namespace } = identity(plainProperties(inputs));
    const live = await this.helm.find(namespace, name);
    if (!live) {
      throw new Error(`release ${id} is gone right after Helm reported success; see: helm list -A`);
    }
    return stateOf(inputs, live);
  }
}

/** What was asked for, what the record says, and which of it is secret. */
function stateOf(inputs: Properties, live: LiveRelease, old: Properties = {}): Properties {
  const asked = { ...without(old, NOT_COMPARED), ...plainProperties(inputs) };
  const { name, namespace } = identity(asked);
  const values: Json = asked.values ?? {};
  const state: Properties = {
    ...asked,
    values: merge(isObject(values) ? values : {}, live.config),
    version: live.chartVersion,
    resourceNames: resourceNames(live.manifest),
    status: {
      name,
      namespace,
      status: live.status,
      revision: live.revision,
      chart: live.chart,
      version: live.chartVersion,
      appVersion: live.appVersion,
    },
  };
  return { ...(markSecrets(state, inputs) as Properties), __inputs: asSecret(inputs) };
}

function inputsOf(state: Properties): Properties {
  const inputs = plainProperties(state).__inputs;
  return isObject(inputs) ? inputs : {};
}

function localChart(name: string, version: string): string | undefined {
  return [`${name}-${version}`, name].find((folder) => existsSync(path.join(folder, "Chart.yaml")));
}

function notAvailable(namespace: string, name: string, said: string): string {
  return `failed to become available within allocated timeout. Error: Helm Release ${namespace}/${name}: ${said}`;
}

/** False, empty and zero say nothing in a Release: dropped, so that they make no difference. */
function withoutEmpty(properties: Properties): Properties {
  return Object.fromEntries(
    Object.entries(properties).filter(
      ([, value]) =>
        value !== false &&
        value !== "" &&
        value !== 0 &&
        value !== null &&
        !(typeof value === "object" && Object.keys(value).length === 0),
    ),
  );
}
