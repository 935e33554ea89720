import { chartAtLeast } from "../../charts/versions";
import type { HelmValues } from "../../model";
import { refuse } from "../../refusal";
import { chartHas, effectiveValue, type KnownKey } from "../tables/chartDefaults";
import { getValue, isTrue, path } from "../tree";
import { userConfigValue } from "../userYaml";

export const MESSAGE_QUEUES = [
  "pulsar",
  "pulsarv3",
  "externalPulsar",
  "kafka",
  "externalKafka",
  "woodpecker",
  "rocksmq",
  "natsmq",
] as const;
export type MessageQueue = (typeof MESSAGE_QUEUES)[number];

/** Chart keys that switch a message queue on, in the order in which config.tpl asks them (fact 4.3). */
const SWITCHES = {
  "externalPulsar.enabled": "externalPulsar",
  "pulsar.enabled": "pulsar",
  "woodpecker.enabled": "woodpecker",
  "pulsarv3.enabled": "pulsarv3",
  "externalKafka.enabled": "externalKafka",
  "kafka.enabled": "kafka",
} as const satisfies Partial<Record<KnownKey, MessageQueue>>;
type Switch = keyof typeof SWITCHES;
const SWITCH_KEYS = Object.keys(SWITCHES) as Switch[];

/** The default differs from what the chart really uses on an upgrade, found by `lookup` (fact 4.4). */
const STANDALONE_DEFAULT_IS_A_GUESS = "5.0.0";
/** From here the chart writes `mq.type`; before, Milvus itself chose among the queues configured. */
const MQ_TYPE_SINCE = "4.0.33";

export interface LayoutOptions {
  /** The release was installed with this chart: then the standalone default holds. */
  readonly firstRevision: boolean;
  /** The user's config: what it says of the queue decides between two that the release enables. Default: the values. */
  readonly said?: HelmValues;
  /** The chart's values from the release record. Default: those of the public chart. */
  readonly recorded?: HelmValues;
  /** What the Deployment of a standalone says of itself: the annotation that charts from 5.0.0 on write and read. */
  readonly annotated?: string;
}

/** The message queue that a release with these values runs on. */
export function messageQueueOf(values: HelmValues, chart: string, options: LayoutOptions): MessageQueue {
  const { said = values, recorded = {} } = options;
  if (!isTrue(effectiveValue("cluster.enabled", values, chart, recorded))) {
    const queue = standaloneQueue(values, chart, options, said);
    if (queue) return queue;
  }
  const enabled = SWITCH_KEYS.filter((key) => isTrue(effectiveValue(key, values, chart, recorded)));
  const [only, ...more] = narrowed(enabled, values, chart, said);
  if (only !== undefined && more.length === 0) return SWITCHES[only];
  return refuse({
    rule: "the_message_queue_must_be_plain",
    reason:
      only === undefined
        ? "The release's values enable no message queue at all."
        : `The release's values enable ${enabled.length} message queues: ${enabled.join(", ")}. They do not say which one Milvus uses.`,
    remedy: `Look at what the proxy's log says at its start, then say it in milvus:values: one of ${SWITCH_KEYS.join(", ")} true, the others false.`,
    source: "docs/upgrade-facts.md 4.3: config.tpl writes the key mq once for each",
  });
}

/** Bundled with or named by `standalone.messageQueue`; undefined when that points to Pulsar or Kafka. */
function standaloneQueue(
  values: HelmValues,
  chart: string,
  { firstRevision, annotated }: LayoutOptions,
  said: HelmValues,
): MessageQueue | undefined {
  const key = path("standalone.messageQueue");
  const own = getValue(values, key) ?? getValue(said, key);
  const given = own ?? (chartAtLeast(chart, STANDALONE_DEFAULT_IS_A_GUESS) ? annotated : undefined);
  if (given === undefined && chartAtLeast(chart, STANDALONE_DEFAULT_IS_A_GUESS) && !firstRevision) {
    return refuse({
      rule: "the_message_queue_must_be_plain",
      reason: `standalone.messageQueue is not set, and chart ${chart} then chooses by what it finds in the cluster: rocksmq or woodpecker.`,
      remedy: `See which it is (the Deployment's annotation milvus.io/message-queue, else rocksmq) and say it: pulumi config set --path 'milvus:values.standalone.messageQueue' rocksmq`,
      source: "docs/upgrade-facts.md 4.4: helper milvus.standalone.messageQueue",
    });
  }
  const queue = given ?? effectiveValue("standalone.messageQueue", values, chart) ?? "rocksmq";
  return MESSAGE_QUEUES.find(
    (known) => known === queue && (known === "rocksmq" || known === "natsmq" || known === "woodpecker"),
  );
}

/** Several are on: an external one is asked first; one on by default only gives way to one that was asked for. */
function narrowed(enabled: readonly Switch[], values: HelmValues, chart: string, said: HelmValues): readonly Switch[] {
  if (enabled.length < 2) return enabled;
  const notDenied = enabled.filter((key) => getValue(said, path(key)) !== false);
  if (notDenied.length < 2) return notDenied;
  const external = notDenied.filter((key) => key === "externalPulsar.enabled");
  const asked = notDenied.filter((key) => isTrue(getValue(values, path(key))));
  if (external.length > 0 && asked.length <= 1) return external;
  const hasKafka = asked.some((key) => SWITCHES[key].toLowerCase().includes("kafka"));
  // Without mq.type an old Milvus prefers the Pulsar that is configured by default.
  if (hasKafka && !chartAtLeast(chart, MQ_TYPE_SINCE)) return notDenied;
  return asked.length > 0 ? asked : notDenied;
}

/** `mq.type` in user.yaml goes over everything the chart writes. */
export function queueOverride(values: HelmValues): string | undefined {
  const type = userConfigValue(values, ["mq", "type"]);
  return typeof type === "string" && type !== "default" ? type : undefined;
}

/** Every switch of a message queue that the chart has, set so that only this queue is on. */
export function messageQueueSwitches(
  queue: MessageQueue,
  chart: string,
  standalone: boolean,
): readonly { readonly key: KnownKey; readonly value: boolean | string }[] {
  const bundled: readonly KnownKey[] = ["pulsar.enabled", "pulsarv3.enabled", "kafka.enabled", "woodpecker.enabled"];
  const switches = bundled
    .filter((key) => chartHas(key, chart) && !(key === "woodpecker.enabled" && isNamedAlone(queue, chart, standalone)))
    .map((key) => ({ key, value: SWITCHES[key as Switch] === queue }));
  if (!standalone || !chartHas("standalone.messageQueue", chart)) return switches;
  return [...switches, { key: "standalone.messageQueue", value: queueTypeOf(queue) }];
}

/**
 * Woodpecker of a standalone is named by standalone.messageQueue alone from 5.0.0 on: the switch beside it would write the
 * key `mq` a second time and recreate the pod (fact 4.3).
 */
function isNamedAlone(queue: MessageQueue, chart: string, standalone: boolean): boolean {
  return standalone && queue === "woodpecker" && chartAtLeast(chart, STANDALONE_DEFAULT_IS_A_GUESS);
}

/** As `mq.type` calls it. */
export function queueTypeOf(queue: MessageQueue): string {
  if (queue === "pulsarv3" || queue === "externalPulsar") return "pulsar";
  return queue === "externalKafka" ? "kafka" : queue;
}

export function nameOfQueue(queue: MessageQueue): string {
  return NAMES[queue];
}

const NAMES = {
  pulsar: "the bundled Pulsar 2 (pulsar)",
  pulsarv3: "the bundled Pulsar 3 (pulsarv3)",
  externalPulsar: "an external Pulsar",
  kafka: "the bundled Kafka",
  externalKafka: "an external Kafka",
  woodpecker: "Woodpecker",
  rocksmq: "RocksMQ",
  natsmq: "NATS",
} as const satisfies Record<MessageQueue, string>;
