import { chartOlderThan } from "../../charts/versions";
import { SEPARATE_COORDINATORS } from "../../plan/topology";
import { configLine, refuse, valueLine } from "../../refusal";
import { atLeast } from "../../versions/versions";
import { chartHas, effectiveValue, type KnownKey } from "../tables/chartDefaults";
import { getValue, isTrue, path } from "../tree";
import { messageQueueOf, messageQueueSwitches, nameOfQueue, queueOverride } from "./messageQueue";
import { type Addition, NOTHING, type ValueContext, type ValueRule } from "./rule";

const MIX: KnownKey = "mixCoordinator.enabled";

function isStandalone({ given, chart, now }: ValueContext): boolean {
  return now ? now.topology.mode === "standalone" : !isTrue(effectiveValue("cluster.enabled", given, chart));
}

function said(given: ValueContext["given"], key: KnownKey): boolean | undefined {
  const value = getValue(given, path(key));
  return value === undefined || value === null ? undefined : isTrue(value);
}

export const modeRule: ValueRule = {
  name: "standalone_and_cluster_are_not_exchanged",
  source: "milvus-docs v2.1.x site/en/adminGuide/upgrade.md",
  explanation: "A standalone stays standalone and a cluster a cluster: their data lies in different places.",
  apply: ({ given, chart, now }) => {
    const wanted = isTrue(effectiveValue("cluster.enabled", given, chart)) ? "cluster" : "standalone";
    if (!now || wanted === now.topology.mode) return NOTHING;
    return refuse({
      rule: modeRule.name,
      reason: `A ${now.topology.mode} runs, and cluster.enabled in milvus:values asks for a ${wanted}.`,
      remedy: `Set it to what runs: ${valueLine("cluster.enabled", String(now.topology.mode === "cluster"))}`,
      source: modeRule.source,
    });
  },
};

export const messageQueueRule: ValueRule = {
  name: "the_message_queue_stays",
  source: "docs/upgrade-facts.md 4.1, 4.3 and 4.4; milvus-docs fragments/mq_upgrade_limitation.md",
  explanation:
    "Every switch of a message queue is set to what runs now, so that a chart's changed default cannot replace Pulsar 2 by an empty Pulsar 3 (4.2.27) or RocksMQ by Woodpecker (5.0.0).",
  owns: ["pulsar.enabled", "pulsarv3.enabled", "kafka.enabled", "woodpecker.enabled", "standalone.messageQueue"].map(
    path,
  ),
  apply: (context) => {
    const { given, chart, now } = context;
    const queue = now?.topology.queue ?? messageQueueOf(given, chart, { firstRevision: true });
    refuseOtherOverride(context);
    refuseOtherExternal(context, queue);
    const reason = now ? `${nameOfQueue(queue)} runs` : `${nameOfQueue(queue)} is what these values ask for`;
    return {
      additions: [
        ...messageQueueSwitches(queue, chart, isStandalone(context)).map(({ key, value }) => ({
          path: path(key),
          value,
          reason,
        })),
        ...idleSwitch(context),
      ],
    };
  },
};

/** A standalone's Woodpecker does not need its switch; one that stands there stays, since without it the pod is made anew. */
function idleSwitch(context: ValueContext): Addition[] {
  const { now, chart } = context;
  const key: KnownKey = "woodpecker.enabled";
  const value = getValue(now?.values ?? {}, path(key));
  if (now?.topology.queue !== "woodpecker" || !isStandalone(context) || chartOlderThan(chart, "5.0.0")) return [];
  if (value === undefined || value === null) return [];
  return [{ path: path(key), value, reason: "the running pod has it", contradiction: "win" }];
}
export const natsRule: ValueRule = {
  name: "nats_is_gone_in_2_6",
  source: "milvus issue 41564, pull request 41565; milvus-docs pull request 3439",
  explanation:
    "Milvus 2.6 has no NATS (natsmq) any more: it would start on another queue without what is in this one, or not at all. Refused, for an install too.",
  apply: (context) => {
    const { given, to, chart, now } = context;
    if (!atLeast(to, "2.6.0")) return NOTHING;
    const override = now ? now.topology.queueOverride : queueOverride(given);
    const queue = now?.topology.queue ?? messageQueueOf(given, chart, { firstRevision: true });
    if ((override ?? queue) !== "natsmq") return NOTHING;
    return refuse({
      rule: natsRule.name,
      reason: `Milvus ${to} has no NATS (natsmq), which ${now ? `Milvus ${now.version} runs on` : "milvus:values asks for"}.`,
      remedy: now
        ? `Stay with ${now.version} for now: ${configLine("version", now.version)}. A queue is not exchanged in place: install Milvus ${to} beside it with another queue (standalone.messageQueue woodpecker, or rocksmq), and bring the data over with milvus-backup; what is written meanwhile has to be written to both.`
        : `Choose another queue: ${valueLine("standalone.messageQueue", "woodpecker")}`,
      source: natsRule.source,
    });
  },
};

/** `mq.type` in user.yaml goes over every switch. */
function refuseOtherOverride({ given, now }: ValueContext): void {
  if (!now) return;
  const wanted = queueOverride(given);
  const running = now.topology.queueOverride;
  if (wanted === running) return;
  refuse({
    rule: messageQueueRule.name,
    reason: `extraConfigFiles["user.yaml"] sets mq.type to ${wanted ?? "nothing"}, the running release to ${running ?? "nothing"}: that changes the message queue.`,
    remedy: "Set it to what runs; a message queue is never changed together with the version.",
    source: messageQueueRule.source,
  });
}

function refuseOtherExternal({ given, chart, now }: ValueContext, queue: string): void {
  for (const key of ["externalPulsar.enabled", "externalKafka.enabled"] as const) {
    const wanted = isTrue(effectiveValue(key, given, chart));
    const running = key === `${queue}.enabled`;
    if (!now || wanted === running) continue;
    // An external Pulsar that is on beside another queue is not what runs, and says nothing of it.
    if (wanted && isTrue(getValue(now.values, path(key)))) continue;
    refuse({
      rule: messageQueueRule.name,
      reason: `${key} in milvus:values is ${String(wanted)}, but ${nameOfQueue(now.topology.queue)} runs.`,
      remedy: `Set it to what runs: ${valueLine(key, String(running))}`,
      source: messageQueueRule.source,
    });
  }
}

export const coordinatorRule: ValueRule = {
  name: "mixcoord_before_2_6",
  source: "docs/upgrade-facts.md 4.5: milvus-helm chart 5.0.19 README, step 2",
  explanation:
    "The coordinators stay as they run, separate or mixed, whatever the chart's default (it changed at 4.2.4). From 2.5.16 on they become one mixcoord, which 2.6 asks for, unless the values say otherwise.",
  owns: [...SEPARATE_COORDINATORS, MIX].map(path),
  apply: (context) => {
    if (isStandalone(context)) return NOTHING;
    const mix = wantsMix(context);
    if (!chartHas(MIX, context.chart)) return mix ? refuseMix(context.chart) : NOTHING;
    if (atLeast(context.to, "2.6.0") && !mix) return refuseSeparate(context.to);
    const reason = mix
      ? "one mixcoord, and no separate coordinator beside it"
      : "separate coordinators run, and the chart's default may be another";
    return {
      additions: [
        { path: path(MIX), value: mix, reason },
        ...SEPARATE_COORDINATORS.map((key) => ({
          path: path(key),
          value: !mix,
          reason,
          contradiction: mix ? ("refuse" as const) : ("win" as const),
        })),
      ],
    };
  },
};

/** Whether the coordinators are, or become, one mixcoord. */
export function wantsMix({ given, chart, to, now }: ValueContext): boolean {
  const asked = said(given, MIX);
  if (asked !== undefined) return asked;
  if (SEPARATE_COORDINATORS.some((key) => said(given, key) === true)) return false;
  if (SEPARATE_COORDINATORS.every((key) => said(given, key) === false)) return true;
  if (!now) return isTrue(effectiveValue(MIX, given, chart));
  return now.topology.coordinators !== "separate" || atLeast(to, "2.5.16");
}

function refuseMix(chart: string): never {
  return refuse({
    rule: coordinatorRule.name,
    reason: `milvus:values asks for a mixcoord (mixCoordinator.enabled), which chart ${chart} does not have.`,
    remedy:
      "Take mixCoordinator and the coordinators' enabled: false out of milvus:values until chart 4.0.10 or later runs.",
    source: "docs/upgrade-facts.md 5.4c",
  });
}

function refuseSeparate(to: string): never {
  return refuse({
    rule: coordinatorRule.name,
    reason: `milvus:values asks for separate coordinators (${[...SEPARATE_COORDINATORS].join(", ")}), and Milvus ${to} has the mixcoord only.`,
    remedy: `Take them out, or: ${valueLine(MIX, "true")} and each of the others false, while 2.5 still runs.`,
    source: coordinatorRule.source,
  });
}

export const streamingRule: ValueRule = {
  name: "streamingnode_and_indexnode_follow_the_version",
  source: "docs/upgrade-facts.md 4.6: milvus-helm chart 5.0.19 README, step 3",
  explanation:
    "2.6 and later run with a streaming node and without index nodes, 2.5 and earlier the other way round; both switches are explicit.",
  owns: ["streaming.enabled", "indexNode.enabled"].map(path),
  apply: (context) => {
    const { chart, to } = context;
    if (!chartHas("streaming.enabled", chart)) return NOTHING;
    const streaming = atLeast(to, "2.6.0");
    const reason = streaming ? `Milvus ${to} needs a streaming node` : `Milvus ${to} has no streaming node`;
    const indexReason = streaming ? `Milvus ${to} has no index node` : `Milvus ${to} builds indexes in index nodes`;
    // A standalone of these charts has no such node, and the switch no effect.
    const contradiction = streaming && !isStandalone(context) ? ("refuse" as const) : ("win" as const);
    const index = { path: path("indexNode.enabled"), value: !streaming, reason: indexReason, contradiction };
    return {
      additions: [
        { path: path("streaming.enabled"), value: streaming, reason, contradiction },
        ...(isStandalone(context) ? [] : [index]),
      ],
    };
  },
};
