import { chartAtLeast } from "../../charts/versions";
import { isDown, VALUES_KEYS } from "../../milvusComponents";
import type { ComponentState, HelmValue, HelmValues } from "../../model";
import { list, valueLine } from "../../refusal";
import { atLeast } from "../../versions/versions";
import { effectiveValue } from "../tables/chartDefaults";
import { DEFAULT_REPLICAS, renderedReplicas } from "../tables/componentKeys";
import { getValue, isHidden, isTrue, path } from "../tree";
import { type Addition, type Move, NOTHING, type ValueContext, type ValueOutcome, type ValueRule } from "./rule";
import { wantsMix } from "./topology";

type Part = keyof typeof VALUES_KEYS;

const SOURCE =
  "docs/upgrade-facts.md 7.6: templates of all charts; helm pkg/kube/client.go, three-way merge of the old manifest, the new one and the live object";

/** A component that runs, with its Deployments (several with replicaResourceGroups). */
interface Running {
  readonly part: Part;
  readonly key: string;
  readonly deployments: readonly ComponentState[];
  /** Missing: its Deployments do not have the same. */
  readonly live?: number;
}

export const liveReplicasRule: ValueRule = {
  name: "the_live_replicas_stay",
  source: SOURCE,
  explanation:
    "Helm sets replicas to what the manifest says, whatever an autoscaler or a person has made of it, and to 1 where the manifest has the field no more. So the number that runs is sent wherever milvus:values says none, leaves it to an autoscaler with -1 while the running manifest still has a number, or an autoscaler sets it whatever the values say. A number of your own is sent as it is, and each component that it makes smaller or larger is named first; so is one that goes with this upgrade while more of it run than the values say. The number is counted at the start of the run.",
  apply: (context) => {
    const { now, given, chart } = context;
    const isCluster = now?.topology.mode === "cluster" && isTrue(effectiveValue("cluster.enabled", given, chart));
    if (!now || !isCluster || now.components.every(isDown)) return merge([]);
    return merge(runningParts(now.components).map((running) => judge(running, context)));
  },
};

function merge(outcomes: readonly ValueOutcome[]): ValueOutcome {
  if (outcomes.length === 0) return NOTHING;
  return {
    additions: outcomes.flatMap(({ additions = [] }) => additions),
    moves: outcomes.flatMap(({ moves = [] }) => moves),
    warnings: outcomes.flatMap(({ warnings = [] }) => warnings),
  };
}

function runningParts(components: readonly ComponentState[]): Running[] {
  return (Object.entries(VALUES_KEYS) as [Part, string][]).flatMap(([part, key]) => {
    const deployments = components.filter(({ component }) => component === part);
    const counts = new Set(deployments.map(liveReplicas));
    const [live] = counts;
    if (live === undefined) return [];
    return [{ part, key, deployments, ...(counts.size === 1 && { live }) }];
  });
}

/** Of a stopped one those that it had. */
function liveReplicas({ replicas, rememberedReplicas }: ComponentState): number {
  return replicas > 0 ? replicas : (rememberedReplicas ?? 0);
}

function judge(running: Running, context: ValueContext): ValueOutcome {
  const { part, key, live } = running;
  const { given, chart } = context;
  const at = path(`${key}.replicas`);
  if (isHidden(given, at)) return { warnings: [hiddenSentence(running)] };
  const own = numberAt(given, key);
  const wanted = own ?? numberAt(context.now?.defaults ?? {}, key) ?? DEFAULT_REPLICAS;
  const sent = renderedReplicas(part, wanted, chart);
  if (!staysIn(part, context)) return goes(running, wanted, context);
  if (live === undefined) return sent === "omitted" ? NOTHING : { warnings: [unevenSentence(running, sent)] };
  const keeps =
    renderedReplicas(part, live, chart) === live && live > 0 ? keptBecause(running, context, sent) : undefined;
  if (keeps !== undefined) return lay(at, own, live, keeps);
  return sent === "omitted" || sent === live || isAsked(running, context, sent)
    ? NOTHING
    : { warnings: [changeSentence(running, sent, context)] };
}

/** Why the live number is sent; undefined where the values' own is. */
function keptBecause(
  { part, key, live = 0, deployments }: Running,
  context: ValueContext,
  sent: number | "omitted",
): string | undefined {
  // Also where the config has by chance what runs: the last revision may have another number, which is no difference.
  if (sent === live && inForce(part, key, context) === live) return undefined;
  if (sent === "omitted") {
    const isDropped = live > 1 && inForce(part, key, context) !== "omitted";
    return isDropped ? `${live} run; without the number Helm would set 1` : undefined;
  }
  if (sent < 0) return `${live} run, and chart ${context.chart} has no way to leave the number out`;
  if (numberAt(context.given, key) === undefined) return `${live} run, and milvus:values says no number`;
  const scaler = deployments.map((state) => scalerOf(state, context)).find((it) => it !== undefined);
  return scaler === undefined ? undefined : `${live} run, and ${scaler} sets the number`;
}

/** The autoscaler that is there after the upgrade as well: the chart's own goes when its value is switched off. */
function scalerOf({ name, component, autoscaler }: ComponentState, { given, chart }: ValueContext): string | undefined {
  if (autoscaler !== `HorizontalPodAutoscaler ${name}-hpa`) return autoscaler;
  const isOn = isTrue(getValue(given, [VALUES_KEYS[component as Part], "hpa", "enabled"]));
  return isOn && chartAtLeast(chart, HPA_SINCE) ? autoscaler : undefined;
}

const HPA_SINCE = "4.2.42";

function inForce(part: Part, key: string, { now }: ValueContext): number | "omitted" {
  const value = numberAt(now?.values ?? {}, key) ?? numberAt(now?.defaults ?? {}, key) ?? DEFAULT_REPLICAS;
  return renderedReplicas(part, value, now?.chart ?? "");
}

function numberAt(values: HelmValues, key: string): number | undefined {
  const value: HelmValue | undefined = getValue(values, [key, "replicas"]);
  const number = typeof value === "number" || (typeof value === "string" && value !== "") ? Number(value) : Number.NaN;
  return Number.isInteger(number) ? number : undefined;
}

/** Of a value that the user says, another stands in its place. */
function lay(at: readonly string[], own: number | undefined, live: number, reason: string): ValueOutcome {
  const addition: Addition = { path: at, value: live, reason };
  const move: Move = { from: at, to: at, into: "values", value: live, reason };
  return own === undefined ? { additions: [addition] } : { moves: [move] };
}

/** What runs is what was sent last: another number in the config is a wish of this run. More is no loss. */
function isAsked({ part, key, live = 0 }: Running, context: ValueContext, sent: number): boolean {
  return live > 0 && sent > live && inForce(part, key, context) === live;
}

function staysIn(part: Part, context: ValueContext): boolean {
  const { given, chart, to } = context;
  switch (part) {
    case "mixcoord":
      return wantsMix(context);
    case "rootcoord":
    case "datacoord":
    case "querycoord":
    case "indexcoord":
      return !wantsMix(context) && getValue(given, [VALUES_KEYS[part], "enabled"]) !== false;
    case "streamingnode":
      return atLeast(to, "2.6.0");
    case "indexnode":
      return !atLeast(to, "2.6.0");
    default:
      return isTrue(effectiveValue(`${VALUES_KEYS[part]}.enabled`, given, chart));
  }
}

function goes({ part, deployments }: Running, wanted: number, { to }: ValueContext): ValueOutcome {
  const count = deployments.reduce((sum, state) => sum + liveReplicas(state), 0);
  const scalers = deployments.flatMap(({ autoscaler }) => autoscaler ?? []);
  if (scalers.length === 0 && count <= Math.max(wanted, DEFAULT_REPLICAS)) return NOTHING;
  const rest = scalers.length > 0 ? ` ${list(scalers)} has nothing to scale any more: delete it if it is yours.` : "";
  return {
    warnings: [
      `${part}: ${count} pods run, milvus:values says ${wanted < 0 ? "nothing" : wanted}, and with Milvus ${to} and these values the component goes. What takes over its work gets no number from it.${rest}`,
    ],
  };
}

function changeSentence({ part, key, live = 0 }: Running, sent: number, { given, chart }: ValueContext): string {
  const isOwn = numberAt(given, key) !== undefined;
  const says = isOwn ? `milvus:values.${key}.replicas is ${sent}` : `chart ${chart} makes it ${sent}`;
  const ends = `the Release ends ${live - sent} of them at once`;
  const effect = sent < live ? ends : `the Release starts ${sent - live} more`;
  const canStay = renderedReplicas(part, live, chart) === live;
  const keep = canStay ? ` To keep what runs: ${valueLine(`${key}.replicas`, String(live))}` : "";
  return `${part}: ${live} pods run, and ${says}: ${effect}.${keep}`;
}

function unevenSentence({ part, key, deployments }: Running, sent: number): string {
  const counts = deployments.map((state) => `${state.name} ${liveReplicas(state)}`);
  return `${part}: its Deployments have different numbers of pods (${list(counts)}), and milvus:values.${key}.replicas is one for all: the Release sets ${sent} in each.`;
}

function hiddenSentence({ part, key, live }: Running): string {
  return `${part}: milvus:values.${key}.replicas is an Output, which no rule reads: the Release sets what it says, and ${live ?? "several numbers of"} pods run.`;
}

export const autoscalerRule: ValueRule = {
  name: "an_autoscaler_needs_replicas_left_out",
  source: SOURCE,
  explanation:
    "With hpa.enabled the chart still sets replicas unless they are -1. At an install -1 is right: the autoscaler finds 1 and goes on from there. On a release whose manifest has a number it is not: Helm takes the field out and Kubernetes sets 1, whatever runs. So -1 is not sent there while more than one runs (the_live_replicas_stay), and that is said.",
  apply: (context) => {
    const { given, chart, now } = context;
    if (!now) {
      const scaled = ["proxy", "queryNode", "dataNode", "indexNode"]
        .filter((key) => isTrue(getValue(given, path(`${key}.hpa.enabled`))) && chartAtLeast(chart, HPA_SINCE))
        .filter((key) => numberAt(given, key) !== -1);
      return {
        warnings: scaled.map(
          (key) =>
            `${key}.hpa.enabled: with a number, every helm upgrade by hand sets its replicas back. Leave the number to the autoscaler from the start: ${valueLine(`${key}.replicas`, "-1")}`,
        ),
      };
    }
    const held = runningParts(now.components).filter(({ part, key, live = 0 }) => {
      const own = isHidden(given, path(`${key}.replicas`)) ? undefined : numberAt(given, key);
      const isOmitted = own !== undefined && renderedReplicas(part, own, chart) === "omitted";
      return isOmitted && live > 1 && staysIn(part, context) && inForce(part, key, context) !== "omitted";
    });
    return {
      warnings: held.map(
        ({ key, live = 0 }) =>
          `milvus:values.${key}.replicas is -1, and the running manifest has a number: Helm would take it out, Kubernetes would set 1, and ${live - 1} of ${live} pods would end. A Release of this program sends ${live} instead, what runs. -1 is sent once a single pod runs.`,
      ),
    };
  },
};
