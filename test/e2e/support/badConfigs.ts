import type { BadInput } from "./badInput";

/** Stack configs that must be refused over a healthy Milvus 2.1.4. `milvus:version` is 2.2.14 unless a row says otherwise. */
export const BAD_CONFIGS: readonly BadInput[] = [
  // ---------------------------------------------------------------------------- wrong types, wrong words
  { name: "no version", config: { "milvus:version": undefined }, says: /milvus:version: must be set/ },
  { name: "a version in words", config: { "milvus:version": "yesterday" }, says: /"yesterday".*is not a version/ },
  { name: "half a version", config: { "milvus:version": "2" }, says: /is not a version: allowed are 2\.2\.9/ },
  { name: "a misspelt key", config: { "milvus:verison": "2.2.14" }, says: /did you mean milvus:version\?/ },
  { name: "an unknown key", config: { "milvus:colour": "blue" }, says: /milvus:colour: is not a key; allowed are/ },
  {
    name: "a namespace in capitals",
    config: { "milvus:namespace": "Milvus" },
    says: /milvus:namespace.*is not the name/,
  },
  {
    name: "a release name with a dot",
    config: { "milvus:release": "my.release" },
    says: /milvus:release.*is not the name/,
  },
  {
    name: "a release name longer than Helm allows",
    config: { "milvus:release": "m".repeat(54) },
    says: /is too long.*at most 53/,
  },
  { name: "values as a list", config: { "milvus:values": ["a"] }, says: /milvus:values.*must be a map/ },
  { name: "values that are no YAML", config: { "milvus:values": "{a: [" }, says: /milvus:values/ },
  { name: "a values file that is not there", config: { "milvus:valuesFiles": ["no.yaml"] }, says: /no\.yaml/ },
  { name: "values files as a map", config: { "milvus:valuesFiles": { a: 1 } }, says: /valuesFiles.*must be a list/ },
  {
    name: "two chart sources",
    config: { "milvus:chartSource": { folder: "a", oci: "oci://registry.example.com/milvus" } },
    says: /names more than one source/,
  },
  {
    name: "a misspelt chart source",
    config: { "milvus:chartSource": { foldr: "a" } },
    says: /milvus:chartSource\.foldr.*did you mean folder\?/,
  },
  {
    name: "a repository that is no URL",
    config: { "milvus:chartSource": { repository: "zilliz" } },
    says: /http\(s\) URL/,
  },
  {
    name: "an OCI reference with a tag",
    config: { "milvus:chartSource": { oci: "oci://registry.example.com/milvus:4.0.31" } },
    says: /OCI reference without tag/,
  },
  {
    name: "a chart version in words",
    config: { "milvus:chartVersion": "newest" },
    says: /is not an exact chart version/,
  },
  { name: "a strategy that is none", config: { "milvus:strategy": "roling" }, says: /did you mean rolling\?/ },
  { name: "a rollback in words", config: { "milvus:rollback": "perhaps" }, says: /milvus:rollback.*true or false/ },
  {
    name: "a dropped value that is no path",
    config: { "milvus:dropValues": ["a b"] },
    says: /is not a path in the Helm values/,
  },
  { name: "an approval that is no hash", config: { "milvus:approvedPlan": "yes" }, says: /is not the hash of a plan/ },
  {
    name: "a downtime without a unit",
    config: { "milvus:maxDowntime": "5" },
    says: /milvus:maxDowntime.*is not a duration/,
  },
  {
    name: "a window in a zone that is not known",
    config: { "milvus:window": "Sat 02:00-05:00 Berlin" },
    says: /milvus:window.*time zone that is not known: Berlin/,
  },
  { name: "a soak of nothing", config: { "milvus:soak": "24h" }, says: /milvus:soak.*milvus:promoteFrom/ },
  {
    name: "a promotion from a stack that is not there",
    config: { "milvus:promoteFrom": "organization/milvus/nowhere" },
    says: /only_what_was_proved_before.*organization\/milvus\/nowhere cannot be read/s,
  },
  { name: "a backup size in words", config: { "milvus:backupSize": "large" }, says: /is not a Kubernetes quantity/ },
  { name: "a backup of no size", config: { "milvus:backupSize": "0Gi" }, says: /must be more than zero/ },
  { name: "a storage class in capitals", config: { "milvus:backupStorageClass": "Fast!" }, says: /backupStorageClass/ },
  { name: "a kubectl image without a tag", config: { "milvus:kubectlImage": "kubectl" }, says: /with a tag or digest/ },
  {
    name: "a migration image without a tag",
    config: { "milvus:metaMigrationImage": "x/y" },
    says: /with a tag or digest/,
  },
  {
    name: "a registry with a slash at its end",
    config: { "milvus:imageRegistry": "r.example.com/" },
    says: /no slash at the end/,
  },
  {
    name: "a pull secret that is no name",
    config: { "milvus:imagePullSecrets": ["My Secret"] },
    says: /imagePullSecrets/,
  },
  {
    name: "a node selector with a number",
    config: { "milvus:nodeSelector": { pool: 1 } },
    says: /must be text: put it in quotes/,
  },
  {
    name: "a misspelt toleration",
    config: { "milvus:tolerations": [{ efect: "NoSchedule" }] },
    says: /did you mean effect\?/,
  },
  {
    name: "a toleration that exists and has a value",
    config: { "milvus:tolerations": [{ key: "a", operator: "Exists", value: "b" }] },
    says: /takes no value/,
  },
  {
    name: "an amount of CPU in words",
    config: { "milvus:jobResources": { limits: { cpu: "some" } } },
    says: /jobResources\.limits\.cpu/,
  },
  {
    name: "a misspelt preflight check",
    config: { "milvus:preflight": { permisions: "off" } },
    says: /did you mean permissions\?/,
  },
  {
    name: "a preflight level that is none",
    config: { "milvus:preflight": { permissions: "no" } },
    says: /allowed are error, warn, off/,
  },
  { name: "a verification that is none", config: { "milvus:verify": "all" }, says: /allowed are off, health, data/ },
  {
    name: "a query without a collection",
    config: { "milvus:verifyQueries": [{ limit: 5 }] },
    says: /must name a collection/,
  },
  { name: "a row rule that is none", config: { "milvus:verifyRows": "fewer" }, says: /milvus:verifyRows/ },
  { name: "an address without a port", config: { "milvus:address": "milvus.example.com" }, says: /is not host:port/ },
  {
    name: "a user without a password",
    config: { "milvus:credentials": { username: "root" } },
    says: /username and password together/,
  },
  { name: "a misspelt TLS setting", config: { "milvus:tls": { serverNam: "a" } }, says: /did you mean serverName\?/ },
  {
    name: "a time limit without a unit",
    config: { "milvus:timeouts": { stop: "600" } },
    says: /timeouts\.stop.*with a unit/,
  },
  { name: "a time limit of two days", config: { "milvus:timeouts": { stop: "48h" } }, says: /between 1s and 24h/ },
  { name: "a misspelt time limit", config: { "milvus:timeouts": { rolout: "5m" } }, says: /did you mean rollout\?/ },
  // ---------------------------------------------------------------------------- versions and charts
  { name: "a version of no minor that is known", config: { "milvus:version": "9.9.9" }, says: /a_version_must_exist/ },
  { name: "a version that was never released", config: { "milvus:version": "2.4.2" }, says: /a_version_must_exist/ },
  {
    name: "a jump over a minor",
    config: { "milvus:version": "2.3.5" },
    says: /next: Milvus 2\.2\.\d+.*the whole way: 2\.1\.4 →/s,
  },
  {
    name: "a jump to the newest",
    config: { "milvus:version": "2.6.15" },
    says: /the whole way: 2\.1\.4 → .* → 2\.6\.15/,
  },
  { name: "an older minor", config: { "milvus:version": "2.0.2" }, says: /refused \(/ },
  { name: "an older patch", config: { "milvus:version": "2.1.1" }, says: /refused \(/ },
  {
    name: "a chart for other versions",
    config: { "milvus:chartVersion": "4.2.20" },
    says: /the_chart_must_fit_the_version/,
  },
  { name: "a chart older than the one that runs", config: { "milvus:chartVersion": "3.1.8" }, says: /refused \(/ },
  {
    name: "a chart that its folder has not",
    config: { "milvus:chartSource": { folder: "/no/charts" } },
    says: /chartThere.*\/no\/charts/s,
  },
  // ---------------------------------------------------------------------------- what contradicts what runs
  {
    name: "another message queue",
    values: { pulsar: { enabled: false }, kafka: { enabled: true } },
    says: /pulsar|message queue/i,
  },
  { name: "two message queues", values: { pulsar: { enabled: true }, kafka: { enabled: true } }, says: /refused \(/ },
  {
    name: "a standalone of a cluster",
    values: { cluster: { enabled: false } },
    says: /refused \(.*(mode|standalone)/s,
  },
  {
    name: "an image tag against the version",
    values: { image: { all: { tag: "v2.3.0" } } },
    says: /the_image_tag_is_explicit/,
  },
  {
    name: "a larger volume of etcd",
    values: { etcd: { persistence: { size: "50Gi" } } },
    says: /StatefulSet my-release-etcd.*volumeClaimTemplates/s,
  },
  {
    name: "another storage class of MinIO",
    values: { minio: { persistence: { storageClass: "fast" } } },
    says: /fields_that_cannot_change_stay.*minio/s,
  },
  {
    name: "another layout of MinIO",
    values: { minio: { mode: "standalone" } },
    says: /fields_that_cannot_change_stay.*minio\.mode/s,
  },
  {
    name: "another name of all objects",
    values: { fullnameOverride: "db" },
    says: /fields_that_cannot_change_stay.*fullnameOverride/s,
  },
  { name: "another metadata root path", values: { metadata: { rootPath: "other" } }, says: /refused \(/ },
  {
    name: "a user.yaml that is none",
    values: { extraConfigFiles: { "user.yaml": "a: [" } },
    says: /user_yaml_must_be_readable/,
  },
  {
    name: "less downtime than a migration takes",
    config: { "milvus:maxDowntime": "10s" },
    says: /no_more_downtime_than_allowed/,
  },
  {
    name: "a storage class that is not there",
    config: { "milvus:backupStorageClass": "fast" },
    says: /storageClass.*fast.*does not exist/s,
  },
  {
    name: "a rollback with nothing to go back over",
    config: { "milvus:version": "2.0.2", "milvus:rollback": true },
    says: /refused \(/,
  },
  // ---------------------------------------------------------------------------- which cluster, which release
  {
    name: "a kubeconfig that is not there",
    config: { "kubernetes:kubeconfig": "/no/kubeconfig" },
    says: /\/no\/kubeconfig, which does not exist/,
  },
  { name: "a kubeconfig that is none", config: { "kubernetes:kubeconfig": "{a: 1" }, says: /kubeconfig/ },
  { name: "a context that is not there", config: { "kubernetes:context": "production" }, says: /production/ },
  {
    name: "a misspelt release, beside the one that was meant",
    config: { "milvus:release": "my-relase" },
    says: /noOtherMilvus.*config set milvus:release my-release/s,
  },
  {
    name: "a rollback in a namespace that is not there",
    config: { "milvus:namespace": "nowhere", "milvus:rollback": true },
    says: /a_rollback_needs_a_release/,
  },
];
