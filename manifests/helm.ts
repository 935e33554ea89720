import { existsSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import type { ChartAccess } from "../config/schema";
import { MissingProgram, runCommand } from "../process/command";
import type { ChartReference, HelmValues } from "../upgrade/model";
import { withRepository } from "./helmRepository";

/** Names another Helm than the one on the PATH. */
export const HELM_VARIABLE = "MILVUS_HELM";
const TIMEOUT_SECONDS = 120;
/** A Helm that lives for a moment frees memory for nothing: a quarter of its processor time at Go's own setting of 100. */
const GARBAGE_PERCENT = "400";

export interface RenderRequest {
  readonly chart: ChartReference;
  readonly releaseName: string;
  readonly namespace: string;
  readonly values: HelmValues;
  readonly kubernetesVersion: string;
  readonly apiVersions: readonly string[];
  readonly isUpgrade: boolean;
  /** What a private repository is told. Default: nothing. */
  readonly chartAccess?: ChartAccess;
  /** A chart folder is relative to it. */
  readonly projectFolder: string;
}

/** Why nothing was rendered, for people. */
export class NotRendered extends Error {
  constructor(
    message: string,
    /** The chart and these values are the reason, wherever Helm runs: an upgrade will not get further. */
    readonly isOfChart = false,
  ) {
    super(message);
  }
}

/**
 * What `helm upgrade` would render, hooks included. Helm gets the values by stdin and no kubeconfig: what a chart looks
 * up in the cluster is not seen.
 *
 * @throws NotRendered
 */
export async function renderChart(request: RenderRequest): Promise<string> {
  const { chart, chartAccess, projectFolder } = request;
  const named = process.env[HELM_VARIABLE] || "helm";
  const helm = named.includes("/") ? resolve(projectFolder, named) : named;
  if (chart.kind !== "repository" || chartAccess === undefined) {
    return render(helm, request, { chart: chartArguments(chart) });
  }
  return withRepository(chart, chartAccess, projectFolder, async ({ name, env }) => {
    await call(helm, ["repo", "update", name], request, { env, what: `repo update for ${chart.location}` });
    return render(helm, request, { chart: [`${name}/${chart.name}`, "--version", chart.version], env });
  });
}

function render(
  helm: string,
  request: RenderRequest,
  { chart, env }: { readonly chart: readonly string[]; readonly env?: Readonly<Record<string, string>> },
): Promise<string> {
  const args = [
    "template",
    request.releaseName,
    ...chart,
    "--namespace",
    request.namespace,
    "--kube-version",
    request.kubernetesVersion,
    ...request.apiVersions.flatMap((version) => ["--api-versions", version]),
    ...(request.isUpgrade ? ["--is-upgrade"] : []),
    "--values",
    "-",
  ];
  const what = `template ${request.chart.name} ${request.chart.version}`;
  return call(helm, args, request, { what, input: JSON.stringify(request.values), ...(env && { env }) });
}

/** @throws NotRendered */
async function call(
  helm: string,
  args: readonly string[],
  { chart, projectFolder }: RenderRequest,
  {
    what,
    ...options
  }: { readonly what: string; readonly input?: string; readonly env?: Readonly<Record<string, string>> },
): Promise<string> {
  // Helm 3 takes a folder of the chart's name, where it works, for the repository's chart; the plugin and Helm 4 do not (fact 4.9d).
  const isMistaken = chart.kind === "repository" && existsSync(join(projectFolder, chart.name));
  try {
    const { exitCode, stdout, stderr } = await runCommand(helm, args, {
      cwd: isMistaken ? __dirname : projectFolder,
      timeoutSeconds: TIMEOUT_SECONDS,
      ...options,
      env: { GOGC: process.env.GOGC || GARBAGE_PERCENT, ...options.env },
    });
    if (exitCode === 0) return stdout;
    const reason = reasonOf(stderr);
    // Without its folder: one called "tokens" made a password of the reason, which then was not shown.
    throw new NotRendered(`${basename(helm)} ${what} failed: ${reason}`, OF_CHART.test(reason));
  } catch (error) {
    if (error instanceof MissingProgram) {
      throw new NotRendered(
        `the Helm CLI was not found (${helm}); install it or name it with ${HELM_VARIABLE}=/path/to/helm`,
      );
    }
    throw error instanceof NotRendered ? error : new NotRendered((error as Error).message);
  }
}

function chartArguments({ kind, name, location, version }: ChartReference): string[] {
  switch (kind) {
    case "repository":
      return [name, "--repo", location, "--version", version];
    case "oci":
      return [location, "--version", version];
    case "folder":
      return [location];
  }
}

/** Where a template failed, alone in the first line: Helm 4 begins so (fact 4.9a). */
const PLACE = /^[^\s:]+\/templates\/[^\s:]+:\d+(:\d+)?:?$/;

/** What Helm says of templates, values and charts that are not there; anything else may be the network, or this machine. */
const OF_CHART =
  /execution error at|template: |^\S+\/templates\/\S+:\d+|YAML parse error|error converting YAML|parse error at|don't meet the specifications|requires kubeVersion|not found in .* (index|repository)|no chart version found/;

const LONGEST = 600;

/** Warnings of Helm 3 (log) and 4 (slog), and what both say below an error. */
const NO_REASON = /^(WARNING|coalesce\.go|walk\.go|level=|Use --debug flag)/;

/**
 * A template's error may quote a value: the first line is kept, and the rest only where that ends with a colon or says no more than
 * the place. Helm's warnings are not.
 */
function reasonOf(stderr: string): string {
  const lines = stderr
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !NO_REASON.test(line));
  const start = Math.max(
    lines.findIndex((it) => it.startsWith("Error:")),
    0,
  );
  const [first = "no reason given", ...more] = lines.slice(start);
  const said = first.replace(/^Error: /, "");
  const whole = said.endsWith(":") || PLACE.test(said) ? [said, ...more].join(" ") : said;
  return whole.slice(0, LONGEST);
}
