import { chartAtLeast, chartOlderThan } from "../charts/versions";
import type { HelmValue, HelmValues, MetaStore } from "../model";
import type { InForce } from "../plan/observed";
import { list, refuse } from "../refusal";
import { effectiveValue, type KnownKey } from "../values/tables/chartDefaults";
import { asText, filledText, getValue, isTrue, mergeValues, path } from "../values/tree";
import { userConfig } from "../values/userYaml";

/** From here etcd is addressed by pod, through the headless Service (config.tpl 4.2.3). */
const PODS_ADDRESSED_SINCE = "4.2.3";
/** From here extraConfigFiles["user.yaml"] is laid over the chart's configuration (fact 5.1). */
const USER_YAML_SINCE = "3.3.2";
/** The chart writes these two into the configuration itself (fact 6.4). */
const META_SUB_PATH = "meta";
const KV_SUB_PATH = "kv";

/**
 * Where Milvus keeps its metadata, from the values in force and the chart's defaults (facts 6.2 to 6.4).
 * Refuses what the migration tool's image is not known to support: etcd with TLS or authentication, MySQL.
 */
export function metaStoreOf(inForce: InForce, releaseName: string, namespace: string): MetaStore {
  const { chart } = inForce;
  const values = mergeValues(inForce.chartValues, inForce.userValues);
  const config = chartAtLeast(chart, USER_YAML_SINCE) ? userConfig(values) : {};
  refuseUnsupported(values, config, chart);
  const configured = getValue(config, ["etcd", "endpoints"]);
  return {
    endpoints: configured === undefined ? endpointsOf(values, chart, releaseName, namespace) : endpointList(configured),
    rootPath:
      filledText(getValue(config, ["etcd", "rootPath"])) ??
      filledText(effectiveValue("metadata.rootPath", values, chart)) ??
      "by-dev",
    metaSubPath: filledText(getValue(config, ["etcd", "metaSubPath"])) ?? META_SUB_PATH,
    kvSubPath: filledText(getValue(config, ["etcd", "kvSubPath"])) ?? KV_SUB_PATH,
  };
}

function endpointsOf(values: HelmValues, chart: string, releaseName: string, namespace: string): readonly string[] {
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

/** A list, or text with commas; a scheme is taken off, except that https asks for TLS. */
function endpointList(value: HelmValue | undefined): string[] {
  const items = Array.isArray(value) ? value.map(String) : typeof value === "string" ? value.split(",") : [];
  const endpoints = items.map((item) => item.trim()).filter((item) => item !== "");
  if (endpoints.some((endpoint) => endpoint.startsWith("https://")))
    return unsupported(["externalEtcd.endpoints (https)"]);
  if (endpoints.length === 0) {
    return refuse({
      rule: "the_metadata_must_be_found",
      reason: "externalEtcd.enabled is true in the release's values, but externalEtcd.endpoints names none.",
      remedy: "Set milvus:values.externalEtcd.endpoints to the host:port of each etcd member that Milvus uses.",
      source: "docs/upgrade-facts.md 6.4",
    });
  }
  return endpoints.map((endpoint) => endpoint.replace(/^http:\/\//, "").replace(/\/$/, ""));
}

function refuseUnsupported(values: HelmValues, config: HelmValues, chart: string): void {
  const keys = [
    isTrue(effectiveValue("mysql.enabled", values, chart)) ? "mysql.enabled" : "",
    isTrue(effectiveValue("externalMysql.enabled", values, chart)) ? "externalMysql.enabled" : "",
    isTrue(getValue(values, path("etcd.auth.client.secureTransport"))) ? "etcd.auth.client.secureTransport" : "",
    isTrue(getValue(values, path("etcd.auth.rbac.enabled"))) ? "etcd.auth.rbac.enabled" : "",
    isTrue(getValue(config, ["etcd", "ssl", "enabled"])) ? 'extraConfigFiles["user.yaml"]: etcd.ssl.enabled' : "",
    isTrue(getValue(config, ["etcd", "auth", "enabled"])) ? 'extraConfigFiles["user.yaml"]: etcd.auth.enabled' : "",
    isTrue(getValue(config, ["etcd", "use", "embed"])) ? 'extraConfigFiles["user.yaml"]: etcd.use.embed' : "",
  ].filter((key) => key !== "");
  if (keys.length > 0) unsupported(keys);
}

function unsupported(keys: readonly string[]): never {
  return refuse({
    rule: "the_migration_needs_plain_etcd",
    reason: `The metadata is not in an etcd that the migration can reach without TLS and authentication: ${list(keys)}.`,
    remedy:
      "The migration tool's image is not known to support it. Give Milvus 2.1 a plain etcd endpoint for the time of the migration, or migrate by hand as deployments/migrate-meta/README.md of milvus describes.",
    source: "docs/upgrade-facts.md 6.2 and 6.4",
  });
}
