import { chartAtLeast, chartOlderThan } from "../../charts/versions";
import { NOTHING, type ValueRule } from "../rules/rule";
import { getValue, path } from "../tree";

const COORDINATORS = ["rootCoordinator", "dataCoordinator", "queryCoordinator", "indexCoordinator"];
const WORKERS = ["proxy", "queryNode", "indexNode", "dataNode"];

/** Keys that a chart release brought in, of those that change how Milvus runs: `first chart with it → keys`. */
const ADDED: Readonly<Record<string, readonly string[]>> = {
  "4.0.4": COORDINATORS.flatMap((name) => [`${name}.replicas`, `${name}.activeStandby`]),
  "4.1.22": [...COORDINATORS, ...WORKERS].map((name) => `${name}.strategy`),
  "4.2.42": WORKERS.map((name) => `${name}.hpa`),
};

export const addedKeyRule: ValueRule = {
  name: "a_key_that_begins_to_count_is_named",
  source: "facts 5.4 to 5.6: values.yaml of charts 4.0.4, 4.1.22 and 4.2.42",
  explanation:
    "A value that the release has had all along, and that its chart ignored because it did not know the key yet, takes effect with the new chart; each is named.",
  apply: ({ given, chart, now }) => {
    if (!now) return NOTHING;
    const begins = Object.entries(ADDED)
      .filter(([since]) => chartOlderThan(now.chart, since) && chartAtLeast(chart, since))
      .flatMap(([since, keys]) => keys.map((key) => ({ since, key })))
      .filter(({ key }) => [given, now.values].every((values) => getValue(values, path(key)) !== undefined));
    return {
      warnings: begins.map(
        ({ key, since }) => `milvus:values.${key} was ignored until now: charts from ${since} on do what it says.`,
      ),
    };
  },
};
