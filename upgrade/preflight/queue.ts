/** Settings that Milvus keeps in etcd, over the values; first of all the message queue that it was switched to. */
import type { HelmValues } from "../model";
import { configLine, list } from "../refusal";
import { messageQueueOf, queueOverride, queueTypeOf } from "../values/rules/messageQueue";
import { filledText } from "../values/tree";
import { userConfigValue } from "../values/userYaml";
import type { Finding, Subject } from "./subject";

const check = "queueInEtcd";
/** A message names so many, and how many more there are. */
const SHOWN = 12;

/** Root path of the metadata, by which Milvus finds them (`by-dev` by default). */
export function settingsRootOf(values: HelmValues): string {
  return filledText(userConfigValue(values, ["etcd", "rootPath"])) ?? "by-dev";
}

export function queueFindings({ plan, facts, namespace, releaseName, messageQueue }: Subject): Finding[] {
  const { settingsInEtcd: found } = facts;
  if (found === undefined) return [];
  const { prefix, names, queue, why = "" } = found;
  const asked =
    queueOverride(plan.values) ??
    queueTypeOf(messageQueueOf(plan.values, plan.chart.version, { firstRevision: false }));
  if (names === undefined) {
    if (messageQueue !== undefined) return [];
    return [
      {
        check,
        level: "warn",
        message: `Milvus keeps settings in etcd under ${prefix}, over milvus:values, and they could not be read: ${why}. By milvus:values the message queue is ${asked}; Milvus' API (management/wal/alter) may have switched it.`,
        remedy: `Look, in the etcd that Milvus uses: etcdctl get --prefix ${prefix} (bundled: kubectl -n ${namespace} exec ${releaseName}-etcd-0 -- etcdctl get --prefix ${prefix}). If mq.type is there, say it: ${configLine("messageQueue", "woodpecker")}`,
      },
    ];
  }
  const findings: Finding[] = [];
  const inForce = queue ?? asked;
  if (messageQueue === undefined ? inForce !== asked : inForce !== messageQueue) {
    const said =
      messageQueue === undefined ? `milvus:values give ${asked}` : `milvus:messageQueue says ${messageQueue}`;
    findings.push({
      check,
      level: "error",
      message:
        queue === undefined
          ? `${said}, and etcd has no mq.type under ${prefix}: the message queue was not switched.`
          : `etcd says that the message queue is ${queue} (mq.type under ${prefix}), and ${said}: Milvus' API has switched it, and etcd goes over the values.`,
      remedy:
        queue === undefined
          ? "Take it out: pulumi config rm milvus:messageQueue."
          : `Say what runs: ${configLine("messageQueue", queue)}. milvus:values may name the new queue too, in a run of its own, once nothing reads the old one any more.`,
    });
  }
  const others = names.filter((name) => !isQueueType(name));
  if (others.length > 0) {
    const more = others.length > SHOWN ? [`${others.length - SHOWN} more`] : [];
    findings.push({
      check,
      level: "warn",
      message: `Settings in etcd (under ${prefix}) go over milvus:values: ${list([...others.slice(0, SHOWN), ...more])}.`,
      remedy: "They stay as they are over this upgrade; what milvus:values say of them has no effect.",
    });
  }
  return findings;
}

/** Milvus reads a name with "/", "." or "_" between its parts, in any case. */
export function isQueueType(name: string): boolean {
  return name.replaceAll(/[/._]/g, "").toLowerCase() === "mqtype";
}
