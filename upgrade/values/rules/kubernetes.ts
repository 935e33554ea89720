import { chartOlderThan } from "../../charts/versions";
import { refuse, valueLine } from "../../refusal";
import { olderThan } from "../../versions/versions";
import { chartHas } from "../tables/chartDefaults";
import { getValue, isTrue, path } from "../tree";
import { messageQueueOf } from "./messageQueue";
import { type Addition, NOTHING, type ValueContext, type ValueRule } from "./rule";

/** `1.36.3-gke.1` → 36. Kubernetes 2 does not exist; a version that cannot be read counts as new. */
function minorOfKubernetes(version: string): number {
  const minor = /^v?1\.(\d+)/.exec(version)?.[1];
  return minor === undefined ? Number.POSITIVE_INFINITY : Number(minor);
}

const since =
  (minor: number) =>
  ({ kubernetesVersion }: ValueContext) =>
    minorOfKubernetes(kubernetesVersion) >= minor;
const lacksPolicyV1beta1 = since(25);

const BUDGETS = ["zookeeper", "bookkeeper", "broker", "proxy", "autorecovery"].map((part) =>
  path(`pulsar.${part}.pdb.usePolicy`),
);

export const budgetRule: ValueRule = {
  name: "no_pulsar_budgets_on_kubernetes_1_25",
  source: "docs/upgrade-facts.md 9.1; milvus-docs pull request 1928",
  explanation:
    "The bundled Pulsar 2 makes PodDisruptionBudgets of policy/v1beta1, which Kubernetes 1.25 does not have any more; charts before 3.3.6 do so by default. They are switched off there.",
  owns: BUDGETS,
  apply: (context) => {
    const { given, chart, now } = context;
    if (!lacksPolicyV1beta1(context)) return NOTHING;
    const queue = now?.topology.queue ?? messageQueueOf(given, chart, { firstRevision: true });
    if (queue !== "pulsar") return NOTHING;
    const reason = "Kubernetes has no PodDisruptionBudget of policy/v1beta1 since 1.25";
    // From 3.3.6 on this is the default; a user's other value is refused all the same.
    const additions: Addition[] = BUDGETS.filter(
      (budget) => chartOlderThan(chart, "3.3.6") || isTrue(getValue(given, budget)),
    ).map((budget) => ({ path: budget, value: false, reason }));
    return { additions };
  },
};

interface RemovedApi {
  readonly key: string;
  readonly until?: string;
  readonly applies: (context: ValueContext) => boolean;
  readonly what: string;
}

const REMOVED_APIS: readonly RemovedApi[] = [
  {
    key: "etcd.disasterRecovery.enabled",
    until: "5.0.5",
    applies: lacksPolicyV1beta1,
    what: "a CronJob of batch/v1beta1, gone since Kubernetes 1.25",
  },
  { key: "pulsar.rbac.psp", applies: lacksPolicyV1beta1, what: "a PodSecurityPolicy, gone since Kubernetes 1.25" },
  {
    key: "mysql.primary.pdb.enabled",
    applies: lacksPolicyV1beta1,
    what: "a PodDisruptionBudget of policy/v1beta1, gone since Kubernetes 1.25",
  },
  {
    key: "mysql.secondary.pdb.enabled",
    applies: lacksPolicyV1beta1,
    what: "a PodDisruptionBudget of policy/v1beta1, gone since Kubernetes 1.25",
  },
  {
    key: "pulsar.dashboard.ingress.enabled",
    applies: since(22),
    what: "an Ingress of extensions/v1beta1, gone since Kubernetes 1.22",
  },
  {
    key: "pulsar.grafana.ingress.enabled",
    applies: since(22),
    what: "an Ingress of extensions/v1beta1, gone since Kubernetes 1.22",
  },
  {
    key: "pulsar.pulsar_manager.ingress.enabled",
    applies: since(22),
    what: "an Ingress of extensions/v1beta1, gone since Kubernetes 1.22",
  },
  ...["proxy", "queryNode", "dataNode", "indexNode"].map((component) => ({
    key: `${component}.hpa.enabled`,
    applies: (context: ValueContext) => !since(23)(context),
    what: "a HorizontalPodAutoscaler of autoscaling/v2, there since Kubernetes 1.23",
  })),
];

export const apiRule: ValueRule = {
  name: "no_object_of_an_api_that_is_not_there",
  source: "docs/upgrade-facts.md 9.3 to 9.5",
  explanation:
    "A value that makes the chart render an object which this Kubernetes does not know is refused by name, before Helm fails half way.",
  apply: (context) => {
    for (const { key, until, applies, what } of REMOVED_APIS) {
      const isRendered = until === undefined || chartOlderThan(context.chart, until);
      if (!isRendered || !applies(context) || !isTrue(getValue(context.given, path(key)))) continue;
      refuse({
        rule: apiRule.name,
        reason: `${key} in milvus:values makes chart ${context.chart} render ${what}; the cluster is ${context.kubernetesVersion}.`,
        remedy: valueLine(key, "false"),
        source: apiRule.source,
      });
    }
    return NOTHING;
  },
};

export const mysqlRule: ValueRule = {
  name: "metadata_in_mysql_stays_below_2_3_1",
  source: "docs/upgrade-facts.md 5.5: values.yaml of chart 4.1.8; Milvus 2.3.1",
  explanation: "Milvus has no MySQL metastore since 2.3.1 and the chart none since 4.1.8: such a cluster is refused.",
  apply: ({ given, now, chart, to }) => {
    const keys = ["mysql.enabled", "externalMysql.enabled"] as const;
    const on = keys.find((key) => isTrue(getValue(given, path(key))) || isTrue(getValue(now?.values ?? {}, path(key))));
    if (on === undefined || (chartHas(on, chart) && olderThan(to, "2.3.1"))) return NOTHING;
    return refuse({
      rule: mysqlRule.name,
      reason: `The metadata is in MySQL (${on}), which neither Milvus ${to} nor chart ${chart} supports.`,
      remedy:
        "There is no way to move it: stay below 2.3.1, or install beside it and copy the data with milvus-backup.",
      source: mysqlRule.source,
    });
  },
};
