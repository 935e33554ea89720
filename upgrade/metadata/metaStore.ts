import { chartAtLeast, chartOlderThan } from "../charts/versions";
import {
  type EtcdTls,
  type HelmValue,
  type HelmValues,
  type MetaStore,
  TLS_VERSIONS,
  type Wanted,
  type Warning,
} from "../model";
import type { InForce } from "../plan/observed";
import { configLine, list, refuse } from "../refusal";
import { effectiveValue, type KnownKey } from "../values/tables/chartDefaults";
import { asText, filledText, getValue, isTrue, mergeValues, path } from "../values/tree";
import { USER_YAML_NAME, userConfig } from "../values/userYaml";
import { olderThan } from "../versions/versions";

/** From here etcd is addressed by pod, through the headless Service (config.tpl 4.2.3). */
const PODS_ADDRESSED_SINCE = "4.2.3";
/** From here extraConfigFiles["user.yaml"] is laid over the chart's configuration (fact 5.1). */
const USER_YAML_SINCE = "3.3.2";
/** The chart writes these two into the configuration itself (fact 6.4). */
const META_SUB_PATH = "meta";
const KV_SUB_PATH = "kv";

/** What of the config decides where the metadata is, and how it is reached. */
type Asked = Pick<Wanted, "releaseName" | "namespace" | "etcdTls">;

/**
 * Where Milvus keeps its metadata, from the values in force and the chart's defaults (facts 6.2 to 6.4).
 * Refuses what the migration tool's image is not known to support (authentication, MySQL), and TLS without certificates.
 */
export function metaStoreOf(inForce: InForce, asked: Asked): MetaStore {
  const settings = settingsOf(inForce);
  const { chart, values, config } = settings;
  refuseUnsupported(settings);
  const configured = getValue(config, ["etcd", "endpoints"]);
  const endpoints = configured === undefined ? endpointsOf(settings, asked) : endpointList(configured);
  const { etcdTls } = asked;
  if (etcdTls === undefined) refuseWithoutCertificates(settings, asked);
  return {
    endpoints: endpoints.map((endpoint) => endpoint.replace(/^https?:\/\//, "").replace(/\/$/, "")),
    rootPath:
      filledText(getValue(config, ["etcd", "rootPath"])) ??
      filledText(effectiveValue("metadata.rootPath", values, chart)) ??
      "by-dev",
    metaSubPath: filledText(getValue(config, ["etcd", "metaSubPath"])) ?? META_SUB_PATH,
    kvSubPath: filledText(getValue(config, ["etcd", "kvSubPath"])) ?? KV_SUB_PATH,
    ...(etcdTls && { tls: { ...minVersionOf(settings), ...etcdTls } }),
  };
}

interface Settings {
  readonly chart: string;
  readonly values: HelmValues;
  /** What Milvus reads of user.yaml. */
  readonly config: HelmValues;
}

function settingsOf({ chart, chartValues, userValues }: InForce): Settings {
  const values = mergeValues(chartValues, userValues);
  return { chart, values, config: chartAtLeast(chart, USER_YAML_SINCE) ? userConfig(values) : {} };
}

function endpointsOf({ values, chart }: Settings, { releaseName, namespace }: Asked): readonly string[] {
  const known = (key: KnownKey) => asText(effectiveValue(key, values, chart));
  if (isTrue(effectiveValue("externalEtcd.enabled", values, chart))) {
    return endpointList(getValue(values, path("externalEtcd.endpoints")));
  }
  const name = known("etcd.name");
  const service = releaseName.includes(name) ? releaseName : `${releaseName}-${name}`;
  const port = known("etcd.service.port");
  if (chartOlderThan(chart, PODS_ADDRESSED_SINCE)) return [`${service}:${port}`];
  const domain = known("etcd.clusterDomain");
  return Array.from(
    { length: Number(known("etcd.replicaCount")) },
    (_, index) => `${service}-${index}.${service}-headless.${namespace}.svc.${domain}:${port}`,
  );
}

/** A list, or text with commas. */
function endpointList(value: HelmValue | undefined): string[] {
  const items = Array.isArray(value) ? value.map(String) : typeof value === "string" ? value.split(",") : [];
  const endpoints = items.map((item) => item.trim()).filter((item) => item !== "");
  if (endpoints.length === 0) {
    return refuse({
      rule: "the_metadata_must_be_found",
      reason: "externalEtcd.enabled is true in the release's values, but externalEtcd.endpoints names none.",
      remedy: "Set milvus:values.externalEtcd.endpoints to the host:port of each etcd member that Milvus uses.",
      source: "docs/upgrade-facts.md 6.4",
    });
  }
  return endpoints;
}

const SSL_ENABLED = `${USER_YAML_NAME}: etcd.ssl.enabled`;
const SECURE_TRANSPORT = "etcd.auth.client.secureTransport";

/**
 * What switches TLS to etcd on, as people write it; empty where nothing does. A scheme of an endpoint goes over Milvus' own
 * switch: etcd's client speaks plain text to http:// whatever it is told, and TLS to https:// (fact 6.11d).
 */
function tlsSettings({ values, config, chart }: Settings): string[] {
  const isExternal = isTrue(effectiveValue("externalEtcd.enabled", values, chart));
  const configured = getValue(config, ["etcd", "endpoints"]);
  const [named, where] =
    configured !== undefined
      ? [endpointList(configured), `${USER_YAML_NAME}: etcd.endpoints`]
      : isExternal
        ? [endpointList(getValue(values, path("externalEtcd.endpoints"))), "externalEtcd.endpoints"]
        : [[], ""];
  if (named.some((endpoint) => endpoint.startsWith("https://"))) return [`${where} (https)`];
  if (named.length > 0 && named.every((endpoint) => endpoint.startsWith("http://"))) return [];
  return [
    !isExternal && configured === undefined && isTrue(getValue(values, path(SECURE_TRANSPORT))) ? SECURE_TRANSPORT : "",
    isTrue(getValue(config, ["etcd", "ssl", "enabled"])) ? SSL_ENABLED : "",
  ].filter((key) => key !== "");
}

function minVersionOf({ config }: Settings): Pick<EtcdTls, "minVersion"> {
  const configured = asText(getValue(config, ["etcd", "ssl", "tlsMinVersion"]));
  const minVersion = TLS_VERSIONS.find((version) => version === configured);
  return minVersion === undefined ? {} : { minVersion };
}

/** The line that makes the Secret, or writes it anew. */
export function secretLine(
  namespace: string,
  { secret, caFile, certificateFile, keyFile }: Omit<EtcdTls, "minVersion">,
): string {
  const files = [caFile, certificateFile, keyFile].map((file) => `--from-file=${file}`).join(" ");
  return `kubectl -n ${namespace} create secret generic ${secret} ${files} --dry-run=client -o yaml | kubectl apply -f -`;
}

/** What the keys of milvus:etcdTls are without being set. */
export const ETCD_TLS_FILES: Pick<EtcdTls, "caFile" | "certificateFile" | "keyFile"> = {
  caFile: "ca.crt",
  certificateFile: "tls.crt",
  keyFile: "tls.key",
};

function refuseWithoutCertificates(settings: Settings, { releaseName, namespace }: Asked): void {
  const on = tlsSettings(settings);
  if (on.length === 0) return;
  const secret = `${releaseName}-etcd-tls`;
  refuse({
    rule: "etcd_with_tls_needs_certificates",
    reason: `etcd is asked by TLS (${list(on)}), and milvus:etcdTls is not set: the Jobs that back up and migrate the metadata could not reach etcd.`,
    remedy: `Put the files that Milvus itself uses into a Secret: ${secretLine(namespace, { secret, ...ETCD_TLS_FILES })}. Then name it: pulumi config set --path milvus:etcdTls.secret ${secret}. Both cost no interruption. A Secret that is there already can be named as well (milvus:etcdTls.caFile, certificateFile and keyFile where its keys have other names).`,
    source: "docs/upgrade-facts.md 6.4f and 6.11",
  });
}

/** From here Milvus 2.2 reads the settings that it keeps in etcd by TLS too; before, a Milvus with etcd.ssl does not start. */
const TLS_IN_2_2_SINCE = "2.2.2";

/** The metadata would be migrated, and nothing could then be started on it. */
export function refuseTargetWithoutTls(inForce: InForce, to: string): void {
  if (!olderThan(to, TLS_IN_2_2_SINCE) || !tlsSettings(settingsOf(inForce)).includes(SSL_ENABLED)) return;
  refuse({
    rule: "etcd_ssl_needs_2_2_2",
    reason: `Milvus asks etcd by TLS (${SSL_ENABLED}), and Milvus ${to} does not start with it: it asks for its settings in etcd without TLS.`,
    remedy: `Take a later 2.2: ${configLine("version", "2.2")}`,
    source: "docs/upgrade-facts.md 6.11f: milvus issue 20868, pull request 20910 (merged after 2.2.0)",
  });
}

/** The key is there and TLS is not to be seen: a chart of one's own may switch it on, or the key is a leftover. */
export function unseenTlsWarnings(inForce: InForce, { tls }: MetaStore): Warning[] {
  if (tls === undefined || tlsSettings(settingsOf(inForce)).length > 0) return [];
  return [
    {
      rule: "etcd_tls_is_not_in_the_values",
      message: `milvus:etcdTls is set, and nothing in the values in force switches TLS to etcd on (${SSL_ENABLED}, ${SECURE_TRANSPORT}, an endpoint with https://). The Jobs on the metadata speak TLS to etcd anyway. If etcd speaks plain text, the probe says so and fails before anything is stopped; then: pulumi config rm milvus:etcdTls`,
    },
  ];
}

function refuseUnsupported({ values, config, chart }: Settings): void {
  const keys = [
    isTrue(effectiveValue("mysql.enabled", values, chart)) ? "mysql.enabled" : "",
    isTrue(effectiveValue("externalMysql.enabled", values, chart)) ? "externalMysql.enabled" : "",
    isTrue(getValue(values, path("etcd.auth.rbac.enabled"))) ? "etcd.auth.rbac.enabled" : "",
    isTrue(getValue(config, ["etcd", "auth", "enabled"])) ? `${USER_YAML_NAME}: etcd.auth.enabled` : "",
    isTrue(getValue(config, ["etcd", "use", "embed"])) ? `${USER_YAML_NAME}: etcd.use.embed` : "",
  ].filter((key) => key !== "");
  if (keys.length === 0) return;
  refuse({
    rule: "the_migration_cannot_use_this_metadata_store",
    reason: `The metadata is not in an etcd that the migration tool can use: ${list(keys)}.`,
    remedy:
      "The tool's image knows neither users and passwords of etcd nor MySQL. Give Milvus 2.1 an etcd endpoint without them for the time of the migration, or migrate by hand as deployments/migrate-meta/README.md of milvus describes.",
    source: "docs/upgrade-facts.md 6.2 and 6.4",
  });
}
