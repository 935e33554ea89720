import type { ClusterClient } from "../cluster/api/client";
import { preflight } from "../cluster/preflight";
import type { Config } from "../config/schema";
import type { ClusterState, UpgradePlan } from "../upgrade/model";
import type { PreflightLevels } from "../upgrade/preflight/checks";
import { type Findings, NO_FINDINGS } from "../upgrade/preflight/findings";
import type { Pulls } from "../upgrade/prepull/pulls";
import type { OpaqueValue } from "../upgrade/values/opaque";
import type { RenderedAgain } from "../upgrade/words/sentAgain";
import { describeSetBack } from "../upgrade/words/setBack";
import { findPulls } from "./pulls";
import { type Rendering, renderedAgain, renderFacts, renderPlan } from "./rendering";

export interface Checked {
  readonly findings: Findings;
  /** What the chart of the plan renders; missing where that was not looked at. */
  readonly rendering?: Rendering;
  /** Of a Release that is sent although nothing is to be done. */
  readonly sentAgain?: RenderedAgain;
  /** Images that are pulled before anything is taken away; missing where none are. */
  readonly pulls?: Pulls;
}

export interface ChecksRequest {
  readonly plan: UpgradePlan;
  readonly state: ClusterState;
  readonly levels: PreflightLevels;
  readonly opaque?: readonly OpaqueValue[];
  readonly hidden?: readonly string[];
  readonly showsChanges?: boolean;
}

/**
 * What can be known of a plan before it is begun: the preflight, what its chart renders, and the images that it pulls. Nothing is
 * written.
 *
 * @param config with the values as the planner has seen them
 * @throws ClusterError
 */
export async function checkPlan(
  cluster: ClusterClient,
  config: Config,
  { plan, state, levels, ...rest }: ChecksRequest,
): Promise<Checked> {
  const { wanted } = config;
  const isRendered = levels.chartRenders !== "off";
  const rendering = isRendered
    ? renderPlan({ ...rest, ...config, ...wanted, plan, state, client: cluster })
    : undefined;
  // A Release that is sent although nothing is to be done.
  if (plan.kind === "nothing") return { findings: NO_FINDINGS, sentAgain: renderedAgain(await rendering) };
  const rendered = rendering?.then((it) => renderFacts(it, state));
  const [findings, found, pulls] = await Promise.all([
    preflight(cluster, wanted, plan, state, { ...config, preflight: levels, ...(rendered && { rendered }) }),
    rendering,
    findPulls(cluster, config, plan, state, rendering),
  ]);
  return { findings: withSetBack(findings, found, state), ...(found && { rendering: found }), ...(pulls && { pulls }) };
}

/** No part of the plan, and so of what is approved: what people change meanwhile must not stop an upgrade that was begun. */
function withSetBack(findings: Findings, rendering: Rendering | undefined, { release }: ClusterState): Findings {
  const { setBack = [] } = rendering?.kind === "compared" ? rendering : {};
  // What a revision that failed has left in the cluster, nobody has changed past Helm.
  if (setBack.length === 0 || release?.status !== "deployed") return findings;
  const warning = { rule: "changes_past_helm_are_set_back", message: `${describeSetBack(setBack)}.` } as const;
  return { ...findings, warnings: [...findings.warnings, warning] };
}
