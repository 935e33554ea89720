import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { connect } from "../../cluster/api/client";
import { readCluster } from "../../cluster/state/readCluster";
import { parseConfig } from "../../config/parseConfig";
import { parseStackFile, withConfig } from "../../config/stackFile";
import { OWN_DESCRIPTION } from "../../upgrade/marks";
import type { ClusterState, HelmRelease, HelmValues, Wanted } from "../../upgrade/model";
import { type Observed, observe } from "../../upgrade/plan/observed";
import { describeRefusal, RefusalError } from "../../upgrade/refusal";
import { getValue, path as valuePath, withoutValue } from "../../upgrade/values/tree";
import { parseTag } from "../../upgrade/versions/images";
import { makePlan } from "../plan/plan";
import type { PlanReport } from "../plan/report";
import { pulumiFailure } from "../pulumi/failure";
import { asTree, type Project, UsageError } from "../pulumi/project";
import { ofFile, runPulumi, underFullKeys } from "../pulumi/stackConfig";
import { type SecretValue, splitSecrets } from "./secretValues";

export interface AdoptRequest {
  readonly project: Project;
  readonly stack: string;
  readonly release: string;
  readonly namespace: string;
  readonly context?: string;
  /** For images whose tag names no version. */
  readonly currentVersion?: string;
  /** Write over a stack config that has a version already. */
  readonly force: boolean;
  /** Leave passwords as they are instead of encrypting them. */
  readonly plaintext: boolean;
}

export interface Adoption {
  readonly file: string;
  /** What runs: the version of Milvus, and that of its chart. */
  readonly found: { readonly version: string; readonly chart: string };
  /** The stack config that was written, without what is secret. */
  readonly config: Readonly<Record<string, unknown>>;
  /** What has to be known of it; missing where nothing has. */
  readonly note?: string;
  /** Paths of the values that were encrypted; where it was all of them, that and why. */
  readonly secretPaths: readonly string[];
  readonly proof: PlanReport;
}

/**
 * Writes the stack config for a release that lives in the cluster, as it is now, and plans with it. Nothing is written
 * when the planner refuses it; nothing but the file is touched.
 *
 * @throws UsageError, ClusterError, ConfigError
 */
export async function adopt(request: AdoptRequest): Promise<Adoption> {
  const { project, stack } = request;
  const file = path.join(project.folder, `Pulumi.${stack.split("/").at(-1) ?? stack}.yaml`);
  const before = existsSync(file) ? readFileSync(file, "utf8") : undefined;
  const kept = underFullKeys(asTree(before === undefined ? {} : ofFile(file, parseStackFile)).config, project);
  if (kept["milvus:version"] !== undefined && !request.force) {
    throw new UsageError(`${file} has milvus:version already. To overwrite it: --force`);
  }
  const fixed = {
    ...kept,
    ...(request.context !== undefined && { "kubernetes:context": request.context }),
    "milvus:release": request.release,
    "milvus:namespace": request.namespace,
    ...(request.currentVersion !== undefined && { "milvus:currentVersion": request.currentVersion }),
  };
  const found = await readRelease(project, fixed, request);
  const whatRuns = { version: found.version, chart: found.chart };
  const note = found.isOurs ? { note: UPGRADED_BEFORE } : {};
  const complete = { ...fixed, "milvus:version": found.version, "milvus:values": found.values };
  const { config, proof } = await prove(request, complete, found.chart);
  if (proof.outcome === "refused") return { file, found: whatRuns, ...note, config: {}, secretPaths: [], proof };

  const { open = {}, secrets } = request.plaintext ? { open: found.values, secrets: [] } : splitSecrets(found.values);
  if (secrets.length > 0) await checkStack(request);
  const written = { ...config, "milvus:values": open };
  writeFileSync(file, withConfig(before, written));
  try {
    for (const secret of secrets) await encrypt(request, secret);
  } catch (error) {
    if (before === undefined) rmSync(file);
    else writeFileSync(file, before);
    throw error;
  }
  return { file, found: whatRuns, ...note, config: written, secretPaths: secrets.map(describeSecret), proof };
}

function describeSecret({ path, why = "" }: SecretValue): string {
  return path ?? `all of milvus:values, since ${why}`;
}

const UPGRADED_BEFORE =
  "This program has upgraded this release before: its values hold what the rules have written, and they are in the config as if you had set them, which may refuse a later hop. Where the stack that did it is still there, use its config instead.";

interface FoundRelease {
  /** The last revision is of this program. */
  readonly isOurs: boolean;
  readonly version: string;
  readonly chart: string;
  readonly values: HelmValues;
}

async function readRelease(
  project: Project,
  config: Readonly<Record<string, unknown>>,
  { release: name, namespace }: AdoptRequest,
): Promise<FoundRelease> {
  // Any version will do to have the rest of the config checked.
  const { access, wanted } = parseConfig({
    config: { ...project.defaults, ...config, "milvus:version": "latest", "milvus:values": {} },
  });
  const state = await readCluster(connect(access), { releaseName: name, namespace });
  if (state.release === undefined) {
    throw new UsageError(
      `There is no Helm release ${name} in namespace ${namespace}. See which there are: helm list -A`,
    );
  }
  const observed = observeOrSay(state, state.release, wanted);
  const { userValues, chart } = observed.inForce;
  const tag = getValue(userValues, valuePath("image.all.tag"));
  // Left in, it would contradict the next milvus:version.
  const isWritten = typeof tag === "string" && parseTag(tag).version === observed.version;
  return {
    isOurs: state.release.description.startsWith(OWN_DESCRIPTION),
    version: `${observed.version}${observed.variant}`,
    chart,
    values: isWritten ? withoutValue(userValues, valuePath("image.all.tag")) : userValues,
  };
}

function observeOrSay(state: ClusterState, release: HelmRelease, wanted: Wanted): Observed {
  try {
    return observe(state, release, wanted);
  } catch (error) {
    if (error instanceof RefusalError) throw new UsageError(describeRefusal(error.refusal).join("\n"));
    throw error;
  }
}

/** The plan for what runs; where the catalogue would take another chart, the one that runs is named in the config. */
async function prove(
  { project, stack }: AdoptRequest,
  config: Readonly<Record<string, unknown>>,
  chart: string,
): Promise<{ readonly config: Readonly<Record<string, unknown>>; readonly proof: PlanReport }> {
  const planWith = (own: Readonly<Record<string, unknown>>) =>
    makePlan({
      project,
      stack,
      settings: { config: parseConfig({ config: { ...project.defaults, ...own } }), secrets: [] },
      withManifests: true,
      withImages: false,
    });
  const proof = await planWith(config);
  if (proof.plan === undefined || proof.plan.chart.version === chart) return { config, proof };
  const pinned = { ...config, "milvus:chartVersion": chart };
  return { config: pinned, proof: await planWith(pinned) };
}

async function checkStack({ project, stack }: AdoptRequest): Promise<void> {
  const why = "values that look like passwords are encrypted; --plaintext leaves them as they are";
  const { exitCode, stdout, stderr } = await runPulumi(project, ["stack", "ls", "--json"], why);
  if (exitCode !== 0) throw pulumiFailure("pulumi stack ls failed", stderr, stack);
  const names = (JSON.parse(stdout) as { readonly name: string }[]).map(({ name }) => name.split("/").at(-1));
  if (!names.includes(stack.split("/").at(-1))) {
    throw new UsageError(
      `Pulumi has no stack ${stack} yet, which encrypts the passwords. Make it: pulumi stack init ${stack}`,
    );
  }
}

/** The value goes in by stdin: arguments are seen by everybody on the machine. */
async function encrypt({ project, stack }: AdoptRequest, { path: where, value }: SecretValue) {
  const key = where === undefined ? "milvus:values" : `milvus:values.${where}`.replace("values.[", "values[");
  const place = where === undefined ? [key] : ["--path", key];
  const args = ["config", "set", ...place, "--secret", "--stack", stack, "--non-interactive"];
  // It trims the end of a text otherwise.
  if (/\s$/.test(value)) args.push("--raw");
  const { exitCode, stderr } = await runPulumi(project, args, "it encrypts the passwords", value);
  if (exitCode !== 0) throw pulumiFailure(`pulumi config set could not encrypt ${key}`, stderr, stack);
}
