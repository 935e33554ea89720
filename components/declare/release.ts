import * as k8s from "@pulumi/kubernetes";
import type { ChartReference, Step } from "../../upgrade/model";
import { describeForHistory } from "../../upgrade/words/describe";
import { sentAgain, sentAgainForHistory } from "../../upgrade/words/sentAgain";
import type { After, RepositoryAccess, StepContext } from "./context";

/** Inputs that tell of the plan of the day and not of the cluster. */
const OF_THE_DAY = ["skipAwait", "timeout"];

/**
 * The Helm release itself, adopted when it is in the cluster already. Values are always complete and are laid over the
 * chart's defaults, never over those of the last revision. Protected: deleting it is `helm uninstall`.
 */
export function declareRelease(
  context: StepContext,
  step: Extract<Step, { kind: "release" }>,
  after: After,
  resourceName: string,
): k8s.helm.v3.Release {
  const { plan, releaseName, namespace, state } = context;
  const again = sentAgainForHistory(plan, sentAgain(plan, state, context.earlier));
  const ignored = again === undefined ? ["description", ...OF_THE_DAY] : OF_THE_DAY;
  return new k8s.helm.v3.Release(
    resourceName,
    {
      name: releaseName,
      namespace,
      createNamespace: !state.namespaceExists,
      ...chartArgs(plan.chart, context.chartAccess),
      values: context.values,
      description: again ?? describeForHistory(plan, state.release?.revision),
      skipAwait: !step.awaitReady,
      timeout: context.settings.timeouts.release,
    },
    {
      ...context.options,
      dependsOn: context.gate.open(after),
      aliases: context.earlier.urnsOf("kubernetes:helm.sh/v3:Release", resourceName),
      protect: true,
      ...(plan.adopt && { import: `${namespace}/${releaseName}` }),
      ignoreChanges: ["createNamespace", ...(plan.kind === "nothing" ? ignored : [])],
    },
  );
}

function chartArgs(
  chart: ChartReference,
  access: RepositoryAccess = {},
): Pick<k8s.helm.v3.ReleaseArgs, "chart" | "version" | "repositoryOpts"> {
  switch (chart.kind) {
    case "repository":
      return { chart: chart.name, version: chart.version, repositoryOpts: { repo: chart.location, ...access } };
    case "oci":
    case "folder":
      return { chart: chart.location, version: chart.version };
  }
}
