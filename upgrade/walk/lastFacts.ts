import { gunzipSync, gzipSync } from "node:zlib";
import { OWN_DESCRIPTION } from "../marks";
import { isMilvusComponent } from "../milvusComponents";
import type { ClusterState, ComponentState, HelmValues, UpgradePlan, Wanted } from "../model";
import { componentsOf } from "../roll/rollout";
import { secretsIn } from "../secrets/classify";
import { getValue, mergeValues, path, withValue } from "../values/tree";

/** Bytes; a file that somebody hands over may unpack to anything. */
const LARGEST_FACTS = 1_000_000;

/**
 * What a run leaves in its outputs so that a later plan can be made where the cluster cannot be reached: how things are
 * after the run. Plain text, without the user's values.
 */
export interface LastFacts {
  readonly kubernetesVersion: string;
  readonly version: string;
  /** Version of the chart. */
  readonly chart: string;
  readonly revision: number;
  readonly components: readonly Pick<ComponentState, "name" | "component" | "replicas" | "strategyType">[];
  /** What the rules have laid under the user's values. */
  readonly values: HelmValues;
}

/** As it is once the plan has been run. */
export function factsAfter(
  plan: UpgradePlan,
  state: ClusterState,
  releaseName: string,
  isSentAgain = false,
): LastFacts {
  const known = new Map(state.components.map((component) => [component.component, component]));
  const isStandalone = known.has("standalone") || getValue(plan.values, path("cluster.enabled")) === false;
  const names = isStandalone ? (["standalone"] as const) : componentsOf(plan.values, plan.chart.version);
  const fullName = releaseName.includes("milvus") ? releaseName : `${releaseName}-milvus`;
  return {
    kubernetesVersion: state.kubernetesVersion,
    version: plan.to,
    chart: plan.chart.version,
    revision: (state.release?.revision ?? 0) + (plan.kind === "nothing" && !isSentAgain ? 0 : 1),
    components: names.map((component) => {
      const before = known.get(component);
      return {
        name: before?.name ?? `${fullName}-${component}`,
        component,
        replicas: before?.rememberedReplicas ?? before?.replicas ?? 1,
        strategyType: before?.strategyType ?? (/coord$|^standalone$/.test(component) ? "Recreate" : "RollingUpdate"),
      };
    }),
    values: addedValues(plan),
  };
}

/**
 * A cluster as the last run left it, healthy and with the values of the stack config: the best guess without a look.
 * @param at ISO 8601
 */
export function stateFromFacts(facts: LastFacts, wanted: Wanted, at: string): ClusterState {
  const { version, chart, revision, kubernetesVersion } = facts;
  const userValues = mergeValues(facts.values, wanted.values);
  return {
    kubernetesVersion,
    observedAt: at,
    namespaceExists: true,
    release: {
      name: wanted.releaseName,
      namespace: wanted.namespace,
      revision,
      status: "deployed",
      chartName: "milvus",
      chartVersion: chart,
      appVersion: version,
      userValues,
      chartValues: {},
      description: `${OWN_DESCRIPTION} from the outputs of the last run`,
      updatedAt: at,
      recordName: "",
    },
    components: facts.components.map((component) => ({
      ...component,
      image: `milvusdb/milvus:v${version}`,
      readyReplicas: component.replicas,
      updatedReplicas: component.replicas,
      pods: component.replicas,
      paused: false,
      rolledOut: true,
    })),
    attempts: [],
    notes: [
      "This plan was made without the cluster, from the outputs of the last run: what happened since is not in it. up reads the cluster.",
    ],
  };
}

/** One line for the outputs: Pulumi would show every part of JSON on a line of its own. */
export function packFacts(facts: LastFacts): string {
  return gzipSync(JSON.stringify(facts)).toString("base64");
}

/**
 * @param output as `packFacts` gives it, or the facts themselves, which runs up to 0.1 left
 * @returns undefined when these are no facts that a run of this program has left
 */
export function asLastFacts(output: unknown): LastFacts | undefined {
  if (typeof output === "string") return unpacked(output);
  if (typeof output !== "object" || output === null) return undefined;
  const { kubernetesVersion, version, chart, revision, components, values } = output as Partial<
    Record<keyof LastFacts, unknown>
  >;
  const isComplete =
    typeof kubernetesVersion === "string" &&
    typeof version === "string" &&
    typeof chart === "string" &&
    typeof revision === "number" &&
    Array.isArray(components) &&
    components.every((it) => isMilvusComponent((it as { component?: string }).component ?? "")) &&
    typeof values === "object" &&
    values !== null;
  return isComplete ? (output as LastFacts) : undefined;
}

function unpacked(text: string): LastFacts | undefined {
  try {
    const json = gunzipSync(Buffer.from(text, "base64"), { maxOutputLength: LARGEST_FACTS }).toString("utf8");
    return asLastFacts(JSON.parse(json) as object);
  } catch {
    return undefined;
  }
}

/** Only what stands at a plain path and is no password: a rule may have moved one of the user's. */
function addedValues({ added }: UpgradePlan): HelmValues {
  const plain = added.filter(
    ({ path: key, value }) => /^[\w.-]+$/.test(key) && secretsIn(value, ...key.split(".")).length === 0,
  );
  return plain.reduce<HelmValues>((values, { path: key, value }) => withValue(values, key.split("."), value), {});
}
