import { MissingProgram, runCommand } from "../process/command";
import type { ChartReference, HelmValues } from "../upgrade/model";

/** Names another Helm than the one on the PATH. */
export const HELM_VARIABLE = "MILVUS_HELM";
const TIMEOUT_SECONDS = 120;

export interface RenderRequest {
  readonly chart: ChartReference;
  readonly releaseName: string;
  readonly namespace: string;
  readonly values: HelmValues;
  readonly kubernetesVersion: string;
  readonly apiVersions: readonly string[];
  readonly isUpgrade: boolean;
  /** A chart folder is relative to it. */
  readonly projectFolder: string;
}

/** Why nothing was rendered, for people. */
export class NotRendered extends Error {}

/**
 * What `helm upgrade` would render, hooks included. Helm gets the values by stdin and no kubeconfig: what a chart looks
 * up in the cluster is not seen.
 *
 * @throws NotRendered
 */
export async function renderChart(request: RenderRequest): Promise<string> {
  const helm = process.env[HELM_VARIABLE] || "helm";
  const args = [
    "template",
    request.releaseName,
    ...chartArguments(request.chart),
    "--namespace",
    request.namespace,
    "--kube-version",
    request.kubernetesVersion,
    ...request.apiVersions.flatMap((version) => ["--api-versions", version]),
    ...(request.isUpgrade ? ["--is-upgrade"] : []),
    "--values",
    "-",
  ];
  try {
    const input = JSON.stringify(request.values);
    const options = { cwd: request.projectFolder, input, timeoutSeconds: TIMEOUT_SECONDS };
    const { exitCode, stdout, stderr } = await runCommand(helm, args, options);
    if (exitCode === 0) return stdout;
    throw new NotRendered(
      `${helm} template ${request.chart.name} ${request.chart.version} failed: ${reasonOf(stderr)}`,
    );
  } catch (error) {
    if (error instanceof MissingProgram) {
      throw new NotRendered(
        `the Helm CLI is not there (${helm}); install it or name it with ${HELM_VARIABLE}=/path/to/helm`,
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

/** A template's error may quote a value; only its first line is kept, and Helm's warnings are left out. */
function reasonOf(stderr: string): string {
  const lines = stderr
    .split("\n")
    .filter((line) => line.trim() !== "" && !/^(WARNING|coalesce\.go|walk\.go)/.test(line));
  const line = lines.find((it) => it.startsWith("Error:")) ?? lines[0] ?? "no reason given";
  return line.replace(/^Error: /, "").slice(0, 500);
}
