import { readFileSync } from "node:fs";
import path from "node:path";
import { ConfigError, type ConfigProblem } from "../../config/configError";
import { parseYaml } from "../../config/helmValues";
import { parseConfig, type RawConfig } from "../../config/parseConfig";
import type { Config } from "../../config/schema";
import { parseStackFile } from "../../config/stackFile";
import { MissingProgram, runCommand } from "../../process/command";
import { RELEASE_TYPE } from "../../upgrade/marks";
import type { StackFacts } from "../../upgrade/model";
import type { StagedStack } from "../../upgrade/promotion/judge";
import { asLastFacts, type LastFacts } from "../../upgrade/walk/lastFacts";
import { pulumiFailure } from "./failure";
import { asTree, fullKey, type Project, UsageError } from "./project";

/** Names another Pulumi than the one on the PATH. */
export const PULUMI_VARIABLE = "MILVUS_PULUMI";
const TIMEOUT_SECONDS = 60;
const VERSION = "milvus:version";

export interface StackConfig {
  readonly config: Config;
  /** Encrypted texts of the stack config, in plain: never to be printed. */
  readonly secrets: readonly string[];
}

/**
 * The config of a stack, checked as a Pulumi run checks it. Read from the file; where something in it is encrypted or
 * comes from an environment, `pulumi config` is asked, which wants the passphrase or the service's login.
 *
 * @param to of the command line, in the place of milvus:version
 * @throws UsageError, ConfigError
 */
export async function loadStackConfig(
  project: Project,
  { stack, file }: { readonly stack: string; readonly file: string },
  to?: string,
): Promise<StackConfig> {
  const settings = asTree(ofFile(file, parseStackFile));
  const written = underFullKeys(settings.config, project);
  const encrypted = Object.keys(written).filter((key) => hasSecret(written[key]));
  const isPlain = encrypted.length === 0 && settings.environment === undefined;
  const open = isPlain ? written : await askPulumi(project, stack, file);
  const config = parseWith(to, {
    config: { ...project.defaults, ...open, ...(to !== undefined && { [VERSION]: to }) },
    secretKeys: encrypted,
    readFile: (name) => readFileSync(path.resolve(project.folder, name), "utf8"),
  });
  const { password } = config.chartAccess ?? {};
  const secrets = encrypted.flatMap((key) => secretTexts(written[key], open[key]));
  return { config, secrets: password === undefined ? secrets : [...secrets, password] };
}

/** What is wrong with the version is said of the flag, where it is from there. */
function parseWith(to: string | undefined, raw: RawConfig): Config {
  try {
    return parseConfig(raw);
  } catch (error) {
    if (to === undefined || !(error instanceof ConfigError)) throw error;
    const isOfFlag = ({ key }: ConfigProblem) => key === VERSION;
    const problems = error.problems.map((problem) => (isOfFlag(problem) ? { ...problem, key: "--to" } : problem));
    throw error.problems.every(isOfFlag)
      ? new ConfigError(problems, "The command has", "docs/upgrading.md has what a version may look like.")
      : new ConfigError(problems);
  }
}

/** The config of a stack's file: `version` is `milvus:version` in a project of the name milvus. */
export function underFullKeys(config: unknown, { name }: Project): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(asTree(config)).map(([key, value]) => [fullKey(key, name), value]));
}

/**
 * A file, read by `parse`.
 *
 * @throws UsageError which names the file
 */
export function ofFile(file: string, parse: (text: string) => unknown): unknown {
  try {
    return parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw new UsageError(`${file}: ${(error as Error).message}`);
  }
}

function hasSecret(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  return isSecret(value) || Object.values(value).some(hasSecret);
}

/** As Pulumi writes it: `{ secure: … }` in the place of the value. */
function isSecret(value: unknown): boolean {
  return typeof asTree(value).secure === "string";
}

/** The plain texts where the file has encrypted ones. */
function secretTexts(written: unknown, open: unknown): string[] {
  if (isSecret(written)) return leaves(open);
  if (typeof written !== "object" || written === null) return [];
  const inner = (Array.isArray(open) ? open : asTree(open)) as Readonly<Record<string, unknown>>;
  return Object.entries(written).flatMap(([key, below]) => secretTexts(below, inner[key]));
}

function leaves(value: unknown): string[] {
  if (typeof value === "object" && value !== null) return Object.values(value).flatMap(leaves);
  return typeof value === "string" ? [value] : typeof value === "number" ? [String(value)] : [];
}

interface Resource {
  readonly type?: string;
}

interface PulumiValue {
  readonly value?: string;
  readonly objectValue?: unknown;
}

async function askPulumi(project: Project, stack: string, file: string): Promise<Readonly<Record<string, unknown>>> {
  const args = ["config", "--show-secrets", "--json", "--non-interactive", "--stack", stack, "--config-file", file];
  const { exitCode, stdout, stderr } = await runPulumi(project, args, "the stack config has encrypted values");
  if (exitCode !== 0) {
    throw pulumiFailure(
      `pulumi config could not show the encrypted values of the stack ${stack}`,
      stderr,
      stack,
      "Log in (pulumi login) and give the passphrase (PULUMI_CONFIG_PASSPHRASE) as for pulumi up.",
    );
  }
  const values = JSON.parse(stdout) as Readonly<Record<string, PulumiValue>>;
  return Object.fromEntries(Object.entries(values).map(([key, it]) => [key, it.objectValue ?? it.value]));
}

export function pulumiProgram(): string {
  return process.env[PULUMI_VARIABLE] || "pulumi";
}

/** @throws UsageError when the Pulumi CLI is not there */
export async function runPulumi(
  project: Project,
  args: readonly string[],
  why: string,
  input?: string,
): Promise<{ readonly exitCode: number; readonly stdout: string; readonly stderr: string }> {
  const pulumi = pulumiProgram();
  const options = { cwd: project.folder, timeoutSeconds: TIMEOUT_SECONDS, ...(input !== undefined && { input }) };
  try {
    return await runCommand(pulumi, args, options);
  } catch (error) {
    if (!(error instanceof MissingProgram)) throw error;
    throw new UsageError(
      `The Pulumi CLI is needed (${why}) and was not found (${pulumi}). Install it (https://www.pulumi.com/docs/install/), or say where it is: ${PULUMI_VARIABLE}=FILE`,
    );
  }
}

/**
 * What the last run of a stack left in its outputs for a plan without the cluster.
 *
 * @param file outputs as `pulumi stack output --json` prints them; missing: pulumi is asked
 * @throws UsageError
 */
export async function readLastFacts(project: Project, stack: string, file?: string): Promise<LastFacts> {
  const text =
    file === undefined ? await askOutputs(project, stack) : readFileSync(path.resolve(project.folder, file), "utf8");
  const facts = asLastFacts(asTree(parseYaml(text)).facts);
  if (facts !== undefined) return facts;
  throw new UsageError(
    `${file ?? `The stack ${stack}`} has no outputs of a run of this program: without the cluster there is nothing to plan from.`,
  );
}

/** The outputs of another stack of this backend. */
export async function readStagedStack(project: Project, stack: string): Promise<StagedStack> {
  try {
    return { outputs: asTree(JSON.parse(await askOutputs(project, stack))) };
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}

/** @throws UsageError when Pulumi does not show the state of the stack */
export async function readStackFacts(project: Project, stack: string): Promise<StackFacts> {
  const args = ["stack", "export", "--stack", stack, "--non-interactive"];
  const { exitCode, stdout, stderr } = await runPulumi(project, args, "it has the state of the stack");
  if (exitCode !== 0) {
    throw pulumiFailure(`pulumi stack export could not show the state of ${stack}`, stderr, stack);
  }
  const { deployment } = JSON.parse(stdout) as { readonly deployment?: { readonly resources?: readonly Resource[] } };
  return { releaseInStack: deployment?.resources?.some(({ type }) => type === RELEASE_TYPE) === true };
}

async function askOutputs(project: Project, stack: string): Promise<string> {
  const args = ["stack", "output", "--json", "--non-interactive", "--stack", stack];
  const { exitCode, stdout, stderr } = await runPulumi(project, args, "it has the outputs of the last run");
  if (exitCode === 0) return stdout;
  throw pulumiFailure(`pulumi stack output could not show the last run of ${stack}`, stderr, stack);
}
