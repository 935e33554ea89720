import { existsSync } from "node:fs";
import { isObject, type Json, type Properties, text } from "./values";

/** Of the official provider. */
export const DEFAULT_TIMEOUT_SECONDS = 300;

export function identity(release: Properties): { id: string; name: string; namespace: string } {
  const [name, namespace] = [text(release.name) ?? "", text(release.namespace) ?? "default"];
  return { id: `${namespace}/${name}`, name, namespace };
}

export function valuesOf(release: Properties): Properties {
  const values = release.values;
  return isObject(values) ? values : {};
}

export function timeoutOf(release: Properties): number {
  return Number(release.timeout ?? 0) || DEFAULT_TIMEOUT_SECONDS;
}

/** Chart, repository and version of a Release as arguments of Helm. */
export function chartArguments(release: Properties): string[] {
  const args = [text(release.chart) ?? ""];
  const options = isObject(release.repositoryOpts) ? release.repositoryOpts : {};
  const repository = text(options.repo);
  if (repository !== undefined && !args[0]?.startsWith("oci://")) {
    if (/^[a-z]+:\/\//.test(repository)) {
      args.push("--repo", repository);
    } else if (!args[0]?.includes("/")) {
      args[0] = `${repository}/${args[0] ?? ""}`;
    }
  }
  for (const [key, option] of [
    ["username", "--username"],
    ["password", "--password"],
    ["caFile", "--ca-file"],
    ["certFile", "--cert-file"],
    ["keyFile", "--key-file"],
  ] as const) {
    const value = text(options[key]);
    if (value !== undefined) {
      args.push(option, value);
    }
  }
  const version = text(release.version);
  // A folder is what it is; Helm would only compare its version.
  if (version !== undefined && !existsSync(args[0] ?? "")) {
    args.push("--version", version);
  }
  flag(args, "--devel", release.devel);
  flag(args, "--verify", release.verify);
  return args;
}

/** Arguments that install and upgrade share. */
export function commonFlags(release: Properties): string[] {
  const args = ["--values", "-", "--timeout", `${timeoutOf(release)}s`];
  flag(args, "--wait", release.skipAwait !== true);
  flag(args, "--wait-for-jobs", release.skipAwait !== true && release.waitForJobs === true);
  flag(args, "--atomic", release.atomic);
  flag(args, "--dependency-update", release.dependencyUpdate);
  flag(args, "--disable-openapi-validation", release.disableOpenapiValidation);
  flag(args, "--render-subchart-notes", release.renderSubchartNotes);
  const description = text(release.description);
  if (description !== undefined) {
    args.push("--description", description);
  }
  return args;
}

export function flag(args: string[], name: string, wanted: Json | undefined): void {
  if (wanted === true) {
    args.push(name);
  }
}
