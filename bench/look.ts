import { connect } from "../cluster/api/client";
import { parseConfig } from "../config/parseConfig";
import { look as lookAt, shownPlan } from "../run/look";
import type { ApiProxy } from "../sandbox/apiProxy";
import type { ReleaseName } from "../sandbox/milvusRelease";
import { wanted } from "../test/unit/upgrade/support";
import type { HelmValues } from "../upgrade/model";

/** What the program does before it declares anything, and what it asks the API server for that. */
export interface Look {
  readonly seconds: number;
  readonly requests: number;
  readonly bytes: number;
  readonly kind: string;
}

/** Reads, plans and checks, without an engine. */
export async function look(
  proxy: ApiProxy,
  { name, namespace }: ReleaseName,
  version: string,
  values: HelmValues,
): Promise<Look> {
  const before = proxy.traffic();
  const started = performance.now();
  const client = connect({ kubeconfig: proxy.kubeconfig });
  const defaults = parseConfig({ config: { "milvus:version": version } });
  const request = wanted(version, { releaseName: name, namespace, values });
  const plan = shownPlan(await lookAt(client, { ...defaults, wanted: request, preflight: {} }));
  const after = proxy.traffic();
  if (plan.kind === "refused") throw new Error(`refused by ${plan.rule}: ${plan.reason}`);
  return {
    seconds: (performance.now() - started) / 1000,
    requests: after.requests - before.requests,
    bytes: after.bytes - before.bytes,
    kind: plan.kind,
  };
}
