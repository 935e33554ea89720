import { chartAtLeast, chartOlderThan } from "../../charts/versions";
import type { HelmValue } from "../../model";
import type { Topology } from "../../plan/topology";
import { configLine, list, refuse, valueLine } from "../../refusal";
import { asText, getValue, isTrue, path, sameValue } from "../tree";
import { type DependencyImage, IMAGES, imageTagAt, runningTag } from "./dependencyImages";
import { type Addition, NOTHING, type ValueContext, type ValueRule } from "./rule";

/** From here etcd is bitnami's chart 8.12.0, which takes its ports from elsewhere (fact 5.11). */
const ETCD_8_SINCE = "5.0.5";
const PORTS = [
  {
    said: "etcd.service.port",
    listens: "etcd.containerPorts.client",
    service: "etcd.service.ports.client",
    port: 2379,
  },
  {
    said: "etcd.service.peerPort",
    listens: "etcd.containerPorts.peer",
    service: "etcd.service.ports.peer",
    port: 2380,
  },
];
/** Charts that write svc.cluster.local into etcd's addresses, whatever etcd.clusterDomain says. */
const DOMAIN_FIXED = { since: "4.2.3", until: "4.2.16" };

function bringsEtcd({ given }: ValueContext): boolean {
  return (
    !isTrue(getValue(given, path("externalEtcd.enabled"))) && isTrue(getValue(given, path("etcd.enabled")) ?? true)
  );
}

export const etcdPortRule: ValueRule = {
  name: "etcd_listens_where_milvus_looks",
  source:
    "docs/upgrade-facts.md 5.11: config.tpl; etcd subcharts 6.3.3 and 8.12.0, templates/statefulset.yaml and svc-headless.yaml",
  explanation:
    "From chart 5.0.5 on etcd listens on etcd.containerPorts, and no more on etcd.service.port and peerPort, where Milvus and the other members still look: the ports in force are written there as well. Charts 4.2.3 to 4.2.15 look for etcd in cluster.local alone: with another etcd.clusterDomain they are refused.",
  owns: PORTS.flatMap(({ listens, service }) => [path(listens), path(service)]),
  apply: (context) => {
    const { given, chart } = context;
    if (!bringsEtcd(context)) return NOTHING;
    refuseOtherDomain(context);
    if (chartOlderThan(chart, ETCD_8_SINCE)) return NOTHING;
    const additions = PORTS.flatMap(({ said, listens, service, port }): Addition[] => {
      const wanted = getValue(given, path(said)) ?? port;
      const own = getValue(given, path(listens)) ?? port;
      if (asText(wanted) === asText(own)) return [];
      const reason = `Milvus and the members look for etcd at ${said}, ${asText(wanted)}`;
      return [
        { path: path(listens), value: wanted, reason },
        { path: path(service), value: wanted, reason, contradiction: "win" },
      ];
    });
    return { additions };
  },
};

function refuseOtherDomain({ given, chart }: ValueContext): void {
  const key = "etcd.clusterDomain";
  const domain = asText(getValue(given, path(key)) ?? "cluster.local");
  if (domain === "cluster.local" || chartOlderThan(chart, DOMAIN_FIXED.since)) return;
  if (chartAtLeast(chart, DOMAIN_FIXED.until)) return;
  refuse({
    rule: etcdPortRule.name,
    reason: `${key} in milvus:values is ${domain}, and chart ${chart} looks for etcd in cluster.local: Milvus would not find it.`,
    remedy: `Take a chart from ${DOMAIN_FIXED.until} on: pulumi config set milvus:chartVersion 4.2.20`,
    source: etcdPortRule.source,
  });
}

/** From here Pulsar is the chart of Apache; before, kafkaesque's 1.0.31 (fact 10.5). */
const APACHE_PULSAR_SINCE = "3.0.12";

export const pulsarChartRule: ValueRule = {
  name: "another_chart_of_pulsar_has_other_volumes",
  source: "docs/upgrade-facts.md 10.5: requirements.yaml of charts 3.0.10 and 3.0.12",
  explanation:
    "Charts 3.0.0 to 3.0.10 bring another Pulsar chart than those from 3.0.12 on: other volumes of the bookies and ZooKeeper, which cannot be changed, and other labels. The bundled Pulsar would be left half replaced and without its messages: refused, before a way over other versions is looked for.",
  apply: ({ chart, now }) => {
    if (now && chartAtLeast(chart, APACHE_PULSAR_SINCE)) refuseOtherPulsar(now.chart, now.topology);
    return NOTHING;
  },
};

/** A Pulsar that no chart from 3.0.12 on can take over. */
export function refuseOtherPulsar(chart: string, { queue, mode }: Topology): void {
  if (queue !== "pulsar" || mode !== "cluster" || chartAtLeast(chart, APACHE_PULSAR_SINCE)) return;
  refuse({
    rule: pulsarChartRule.name,
    reason: `The bundled Pulsar is that of kafkaesque's chart 1.0.31, which chart ${chart} brings; charts from ${APACHE_PULSAR_SINCE} on bring Apache's 2.7.8. Claims and selectors of its StatefulSets cannot be changed, and bookies of the new chart have empty volumes: Helm would fail half way, or the messages be gone.`,
    remedy: `Within 2.0 stay on the chart that runs: ${configLine("chartVersion", chart)}. Beyond 2.0 there is no way in place: install the new version beside it under another release name, and write the data there again.`,
    source: pulsarChartRule.source,
  });
}

/** Dependencies of which the charts' own images are in no table: only what the values say is compared. */
const OTHERS: readonly DependencyImage[] = [
  {
    name: "Pulsar",
    keys: [
      "pulsarv3.defaultPulsarImageTag",
      ...["zookeeper", "bookie", "autorecovery", "broker", "proxy"].map((part) => `pulsarv3.images.${part}.tag`),
    ],
    tags: [],
  },
  { name: "Woodpecker", keys: ["woodpecker.image.tag"], tags: [] },
];

interface TagChange {
  readonly name: string;
  readonly key: string;
  readonly before: string;
  readonly after: string;
}

/** Tags that the user asks for and that are not those in force, of dependencies that run. */
function ownChanges(context: ValueContext): TagChange[] {
  const { now, given } = context;
  if (now === undefined) return [];
  const isUsed = (key: string) => {
    const part = key.split(".")[0] ?? "";
    if (part === "etcd") return bringsEtcd(context);
    if (part === "minio") return !isTrue(getValue(given, path("externalS3.enabled")));
    return now.topology.queue === part;
  };
  return [...Object.values<DependencyImage>(IMAGES), ...OTHERS].flatMap((image) =>
    image.keys.filter(isUsed).flatMap((key) => {
      const after = getValue(given, path(key));
      const before = runningTag(image, key, context);
      if (after === undefined || after === null || sameValue(after, before ?? null)) return [];
      return [{ name: image.name, key, before: before ?? "the chart's own", after: asText(after) }];
    }),
  );
}

export const dependencyChangeRule: ValueRule = {
  name: "a_dependency_changes_in_a_run_of_its_own",
  source: "milvus issues 40706 and 17647; etcd documentation, upgrading; Pulsar documentation, upgrade",
  explanation:
    "A tag of etcd, MinIO, Pulsar, Kafka or Woodpecker in milvus:values that is not the one in force, together with another Milvus version or chart, is refused: one thing at a time. Where nothing else changes it is said what it means.",
  apply: (context) => {
    const { now, to, chart } = context;
    const changes = ownChanges(context);
    if (now === undefined || changes.length === 0) return NOTHING;
    const isHop = now.version !== to || now.chart !== chart;
    if (!isHop) return { warnings: changes.map(sayChange) };
    const keys = changes.map(({ key, before, after }) => `${key} from ${before} to ${after}`);
    return refuse({
      rule: dependencyChangeRule.name,
      reason: `milvus:values changes a dependency together with Milvus or its chart: ${list(keys)}. They would restart at once, and none could be taken back alone.`,
      remedy: `Take ${changes.length > 1 ? "them" : "it"} out now (pulumi config rm --path 'milvus:values.${changes[0]?.key ?? ""}'): what runs is kept. Change ${changes.length > 1 ? "them" : "it"} before or after, in a run with the version and chart that run.`,
      source: dependencyChangeRule.source,
    });
  },
};

function sayChange({ name, key, before, after }: TagChange): string {
  const [old, next] = [before, after].map((tag) => /^v?(\d+)\.(\d+)/.exec(tag));
  const isOneWay = old && next && (old[1] !== next[1] || old[2] !== next[2]);
  const what = isOneWay
    ? " Another minor of it may write what the older one does not read: have a copy (milvus-backup), and read its own upgrade notes."
    : "";
  return `${name} restarts with another image: ${key} goes from ${before} to ${after}.${what}`;
}

/** Tags of MinIO begin with the day: the first that makes no file system backend any more, and the first that reads none. */
const LAST_MADE_ON_FILES = "RELEASE.2022-06-02";
const FIRST_WITHOUT_FILES = "RELEASE.2022-10-29";
const MINIO_TAG = "minio.image.tag";

export const minioFilesRule: ValueRule = {
  name: "minio_on_plain_files_stays_old",
  source: "MinIO documentation, migrate from gateway or filesystem mode; RELEASE.2022-06-02 and RELEASE.2022-10-29",
  explanation:
    "A MinIO with minio.mode standalone of before June 2022 keeps the data as plain files, which releases from October 2022 on do not read: such a change of its image is refused.",
  apply: (context) => {
    const { now, given, chart, dependencyImages } = context;
    if (now === undefined || isTrue(getValue(given, path("externalS3.enabled")))) return NOTHING;
    const mode = getValue(given, path("minio.mode")) ?? getValue(now.defaults, path("minio.mode"));
    if (mode !== "standalone") return NOTHING;
    const before = runningTag(IMAGES.minio, MINIO_TAG, context);
    const said: HelmValue | undefined = getValue(given, path(MINIO_TAG));
    const after = said ?? (dependencyImages === "chart" ? imageTagAt("minio", chart) : before);
    if (before === undefined || typeof after !== "string") return NOTHING;
    if (before >= LAST_MADE_ON_FILES || after < FIRST_WITHOUT_FILES || !after.startsWith("RELEASE.")) return NOTHING;
    return refuse({
      rule: minioFilesRule.name,
      reason: `MinIO ${before} in standalone mode keeps the data as plain files, and ${after} does not read them: Milvus would be without its data.`,
      remedy: `Keep the image: ${valueLine(MINIO_TAG, before)}. To leave it, copy the bucket to a new object storage (mc mirror) and use that as externalS3, in a step of its own.`,
      source: minioFilesRule.source,
    });
  },
};
