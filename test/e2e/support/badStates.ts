/** States of the cluster in which an upgrade must not begin. Each lives in a namespace of its own or is undone. */
import { gunzipSync, gzipSync } from "node:zlib";
import { RECORD_TYPE } from "../../../cluster/helm/record";
import { kubeconfigText, readKubeconfig } from "../../../sandbox/podRunner/kubeconfig";
import type { Arranged, BadInput } from "./badInput";
import { RELEASE, type TestBed } from "./testBed";

const { name: RELEASE_NAME, namespace: MAIN } = RELEASE;
const PROXY = `${RELEASE_NAME}-milvus-proxy`;
const LABELS = {
  "app.kubernetes.io/name": "milvus",
  "app.kubernetes.io/instance": RELEASE_NAME,
};

interface Secret {
  readonly type: string;
  readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>> };
  readonly data: Readonly<Record<string, string>>;
}

/** What Helm keeps of a release, unpacked. */
interface Record_ {
  namespace: string;
  info: { status: string; last_deployed: string };
  manifest: string;
}

export const BAD_STATES: readonly BadInput[] = [
  // ---------------------------------------------------------------------------- namespaces and releases
  {
    name: "a namespace that is being deleted",
    config: { "milvus:namespace": "ending" },
    async arrange(bed) {
      await apply(bed, [
        namespace("ending"),
        {
          apiVersion: "v1",
          kind: "ConfigMap",
          metadata: { name: "holds", namespace: "ending", finalizers: ["example.com/holds"] },
        },
      ]);
      await bed.sandbox.kubectl(["delete", "namespace", "ending", "--wait=false"]);
      // The controller marks it a moment later, which would look like a change by the program.
      const isMarked = "--for=jsonpath={.metadata.deletionTimestamp}";
      await bed.sandbox.kubectl(["wait", "-n", "ending", "configmap/holds", isMarked, "--timeout=60s"]);
      return { undo: () => patch(bed, "ending", "configmap/holds", { metadata: { finalizers: null } }) };
    },
    says: /the_namespace_is_being_deleted.*ending/s,
    saysUp: /the namespace ending is being deleted.*Nothing was touched\..*See what holds it up/s,
  },
  {
    name: "a release of another chart under that name",
    config: { "milvus:namespace": "foreign" },
    arrange: (bed) =>
      withRecord(bed, "foreign", {
        json: (json) => ({ ...json, chart: { metadata: { name: "shop", version: "1.0.0" } } }),
      }),
    says: /the_release_must_be_milvus.*chart shop/s,
  },
  {
    name: "a Helm record that is cut off",
    config: { "milvus:namespace": "cut" },
    arrange: (bed) => withRecord(bed, "cut", { data: (data) => data.slice(0, 4 * Math.floor(data.length / 8)) }),
    says: /sh\.helm\.release\.v1\.my-release\.v1 cannot be read.*cut off/s,
  },
  {
    name: "a Helm record that is no record",
    config: { "milvus:namespace": "noise" },
    arrange: (bed) => withRecord(bed, "noise", { data: () => Buffer.from("hello").toString("base64") }),
    says: /cannot be read/,
  },
  {
    name: "a Helm record of nothing",
    config: { "milvus:namespace": "hollow" },
    arrange: (bed) => withRecord(bed, "hollow", { json: () => ({}) }),
    says: /is not a Helm release: name, chart or revision is missing/,
  },
  {
    name: "a Helm record without data",
    config: { "milvus:namespace": "empty" },
    arrange: (bed) => withRecord(bed, "empty", { data: () => "" }),
    says: /has no data under the key release/,
  },
  {
    name: "records in ConfigMaps",
    config: { "milvus:namespace": "configmaps" },
    arrange: (bed) =>
      apply(bed, [
        namespace("configmaps"),
        {
          apiVersion: "v1",
          kind: "ConfigMap",
          metadata: {
            name: "my-release.v1",
            namespace: "configmaps",
            labels: { owner: "helm", name: RELEASE_NAME, status: "deployed", version: "1" },
          },
        },
      ]),
    says: /HELM_DRIVER=configmap/,
  },
  {
    name: "a release that is being uninstalled",
    config: { "milvus:namespace": "leaving" },
    arrange: (bed) => withRecord(bed, "leaving", { status: "uninstalling" }),
    says: /an_uninstalled_release_is_not_upgraded/,
  },
  {
    name: "a Helm operation that has just begun",
    config: { "milvus:namespace": "busy", "milvus:timeouts": { pending: "10m" } },
    arrange: (bed) => withRecord(bed, "busy", { status: "pending-upgrade" }),
    says: /another_helm_run_may_be_active.*kubectl -n busy delete secret/s,
  },
  {
    name: "Deployments of Milvus without a release",
    config: { "milvus:namespace": "orphans" },
    arrange: (bed) => apply(bed, [namespace("orphans"), deployment("orphans", "proxy", "milvusdb/milvus:v2.1.4")]),
    says: /deployments_need_their_release.*my-release-milvus-proxy/s,
  },
  // ---------------------------------------------------------------------------- what runs
  {
    name: "an image by digest",
    config: { "milvus:namespace": "digest" },
    arrange: (bed) =>
      withRecord(bed, "digest", {}, [deployment("digest", "proxy", `milvusdb/milvus@sha256:${"0".repeat(64)}`)]),
    says: /an_unknown_version_is_never_guessed.*currentVersion/s,
  },
  {
    name: "an image by the name latest",
    config: { "milvus:namespace": "latest" },
    arrange: (bed) => withRecord(bed, "latest", {}, [deployment("latest", "proxy", "milvusdb/milvus:latest")]),
    says: /an_unknown_version_is_never_guessed/,
  },
  {
    name: "2.2 beside 2.1, put there past the migration",
    config: { "milvus:namespace": "patched" },
    arrange: (bed) =>
      withRecord(bed, "patched", {}, [
        deployment("patched", "rootcoord", "milvusdb/milvus:v2.1.4"),
        deployment("patched", "proxy", "milvusdb/milvus:v2.2.9"),
      ]),
    says: /2_2_must_not_run_on_metadata_of_2_1/,
  },
  {
    name: "Argo CD beside Pulumi",
    arrange: (bed) => labelled(bed, `deployment/${PROXY}`, "argocd.argoproj.io/instance=vectors"),
    says: /only_one_manager.*Argo CD/s,
  },
  {
    name: "Flux beside Pulumi",
    arrange: (bed) => labelled(bed, `deployment/${PROXY}`, "helm.toolkit.fluxcd.io/name=vectors"),
    says: /only_one_manager.*Flux/s,
  },
  {
    name: "an autoscaler during a migration",
    arrange: (bed) =>
      apply(bed, [
        {
          apiVersion: "autoscaling/v2",
          kind: "HorizontalPodAutoscaler",
          metadata: { name: "proxies", namespace: MAIN },
          spec: {
            scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: PROXY },
            minReplicas: 1,
            maxReplicas: 1,
          },
        },
      ]),
    says: /no_autoscaler_during_a_migration.*proxies/s,
  },
  {
    name: "a Deployment that may be a Milvus and is none that is known",
    arrange: (bed) => apply(bed, [deployment(MAIN, "sidecar", "milvusdb/milvus:v2.1.4")]),
    says: /an_unknown_deployment_is_not_stopped.*my-release-milvus-sidecar/s,
  },
  {
    name: "an etcd that is down",
    arrange: (bed) =>
      apply(bed, [
        {
          apiVersion: "apps/v1",
          kind: "StatefulSet",
          metadata: { name: "spare-etcd", namespace: MAIN, labels: { "app.kubernetes.io/instance": RELEASE_NAME } },
          spec: {
            replicas: 3,
            serviceName: "spare-etcd",
            selector: { matchLabels: { app: "spare-etcd" } },
            template: {
              metadata: { labels: { app: "spare-etcd" } },
              spec: { nodeSelector: { nowhere: "true" }, containers: [{ name: "etcd", image: "etcd:3" }] },
            },
          },
        },
      ]),
    says: /preflight_has_errors.*dependenciesUp: spare-etcd \(etcd\) has 0 of 3/s,
  },
  // ---------------------------------------------------------------------------- what earlier upgrades left
  {
    name: "a backup claim whose labels somebody changed",
    arrange: (bed) => apply(bed, [attemptClaim({ revision: "one" })]),
    says: /my-release-meta-old.*do not name an attempt/s,
  },
  {
    name: "a backup claim whose phase somebody changed",
    arrange: (bed) => apply(bed, [attemptClaim({}, "half way")]),
    says: /my-release-meta-old.*"half way", not one of/s,
  },
  {
    name: "the old Milvus running over a half migrated metadata",
    arrange: (bed) => apply(bed, [attemptClaim({}, "migrating")]),
    says: /old_milvus_must_not_run_on_half_migrated_metadata.*scale deployment/s,
  },
  {
    name: "the old Milvus running over migrated metadata",
    arrange: (bed) => apply(bed, [attemptClaim({}, "migrated")]),
    says: /old_milvus_must_not_run_on_migrated_metadata/,
  },
  {
    name: "an upgrade before that was not verified",
    arrange: (bed) =>
      apply(bed, [failedVerification({ data: { summary: "The collection books has 5 rows, not 1000." } })]),
    says: /a_failed_verification_blocks_the_next_hop.*books has 5 rows/s,
  },
  {
    name: "an upgrade before that was not verified, with a snapshot that is damaged",
    arrange: (bed) =>
      apply(bed, [failedVerification({ binaryData: { "snapshot.json.gz": Buffer.from("oops").toString("base64") } })]),
    says: /my-release-verify-old, is damaged: it cannot be unpacked.*npm run verify -- --accept/s,
  },
  {
    name: "a ConfigMap of somebody else with the name of the lock",
    isForUp: true,
    arrange: (bed) =>
      apply(bed, [
        {
          apiVersion: "v1",
          kind: "ConfigMap",
          metadata: { name: "my-release-upgrade-lock", namespace: MAIN },
          data: { "settings.yaml": "retries: 3" },
        },
      ]),
    says: /my-release-upgrade-lock.*is not this program's.*Nothing was touched/s,
  },
  // ---------------------------------------------------------------------------- who asks
  {
    name: "a user who may see nothing",
    async arrange(bed) {
      const { undo } = await apply(bed, [serviceAccount("stranger")]);
      return { undo, ...as(bed, await tokenOf(bed, "stranger")) };
    },
    says: /stranger may not list secrets/,
    saysUp: /cannot be written: .*stranger.*kubectl create role .* && kubectl create rolebinding .*:stranger/s,
  },
  {
    name: "a user who may only look",
    isForUp: true,
    async arrange(bed) {
      const { undo } = await apply(bed, [serviceAccount("reader"), ...mayLook("reader")]);
      return { undo, ...as(bed, await tokenOf(bed, "reader")) };
    },
    says: /The lock of the release .* cannot be written: .*Nothing was touched/s,
  },
  {
    name: "a token that is not accepted",
    arrange: (bed) => Promise.resolve(as(bed, "no-token")),
    says: /does not accept the credentials \(401\)/,
  },
  {
    name: "a record with objects that this Kubernetes does not serve any more",
    config: { "milvus:namespace": "aged" },
    arrange: (bed) =>
      withRecord(
        bed,
        "aged",
        {
          json: (json) => ({
            ...json,
            manifest: `${json.manifest}\n---\napiVersion: policy/v1beta1\nkind: PodDisruptionBudget\nmetadata: {name: old}\n`,
          }),
        },
        [deployment("aged", "proxy", "milvusdb/milvus:v2.1.4")],
      ),
    says: /servedApis.*policy\/v1beta1\/PodDisruptionBudget/s,
  },
];

/** The record of the release that runs, changed, in a namespace of its own. */
async function withRecord(
  bed: TestBed,
  where: string,
  change: {
    readonly data?: (data: string) => string;
    readonly json?: (json: Record_) => object;
    readonly status?: string;
  },
  more: readonly object[] = [],
): Promise<Arranged> {
  const text = await bed.sandbox.kubectl([
    "get",
    "secret",
    `sh.helm.release.v1.${RELEASE_NAME}.v1`,
    `--namespace=${MAIN}`,
    "--output=json",
  ]);
  const { metadata, data } = JSON.parse(text) as Secret;
  const record = unpack(data.release ?? "");
  const status = change.status ?? record.info.status;
  const info = { ...record.info, status, last_deployed: new Date().toISOString() };
  const json = (change.json ?? ((it: Record_) => it))({ ...record, namespace: where, info });
  const packed = pack(json);
  return apply(bed, [
    namespace(where),
    {
      apiVersion: "v1",
      kind: "Secret",
      type: RECORD_TYPE,
      metadata: { name: metadata.name, namespace: where, labels: { ...metadata.labels, status } },
      data: { release: (change.data ?? ((it: string) => it))(packed) },
    },
    ...more,
  ]);
}

function unpack(data: string): Record_ {
  const stored = Buffer.from(Buffer.from(data, "base64").toString("latin1"), "base64");
  return JSON.parse(gunzipSync(stored).toString("utf8")) as Record_;
}

function pack(json: object): string {
  return Buffer.from(gzipSync(JSON.stringify(json)).toString("base64")).toString("base64");
}

/** Creates objects; what is undone deletes them, the namespaces first of all. */
async function apply(bed: TestBed, objects: readonly object[]): Promise<Arranged> {
  const input = JSON.stringify({ apiVersion: "v1", kind: "List", items: objects });
  for (const { kind, metadata } of objects as readonly { kind: string; metadata: { name: string } }[]) {
    // A row that is run again finds its namespace still going.
    const going = ["wait", "--for=delete", `namespace/${metadata.name}`, "--timeout=60s"];
    if (kind === "Namespace") await bed.sandbox.tryKubectl(going);
  }
  await bed.sandbox.kubectl(["apply", "--filename=-"], { input });
  return {
    undo: () => bed.sandbox.kubectl(["delete", "--filename=-", "--ignore-not-found", "--wait=false"], { input }),
  };
}

async function patch(bed: TestBed, where: string, what: string, change: object): Promise<string> {
  return bed.sandbox.kubectl([
    "patch",
    what,
    `--namespace=${where}`,
    "--type=merge",
    `--patch=${JSON.stringify(change)}`,
  ]);
}

async function labelled(bed: TestBed, what: string, label: string): Promise<Arranged> {
  const set = (text: string) => bed.sandbox.kubectl(["label", "--overwrite", what, `--namespace=${MAIN}`, text]);
  await set(label);
  return { undo: () => set(label.replace(/=.*/, "-")) };
}

function namespace(name: string): object {
  return { apiVersion: "v1", kind: "Namespace", metadata: { name } };
}

function serviceAccount(name: string): object {
  return { apiVersion: "v1", kind: "ServiceAccount", metadata: { name, namespace: MAIN } };
}

/** The row is run as whoever has this token. */
function as({ sandbox }: TestBed, token: string): Arranged {
  const { server, certificateAuthority } = readKubeconfig(sandbox.kubeconfig);
  return { config: { "kubernetes:kubeconfig": kubeconfigText(server, certificateAuthority, MAIN, token) } };
}

async function tokenOf({ sandbox }: TestBed, account: string): Promise<string> {
  return (await sandbox.kubectl(["create", "token", account, `--namespace=${MAIN}`])).trim();
}

function mayLook(account: string): object[] {
  const metadata = { name: account, namespace: MAIN };
  const group = "rbac.authorization.k8s.io";
  return [
    {
      apiVersion: `${group}/v1`,
      kind: "Role",
      metadata,
      rules: [{ apiGroups: ["*"], resources: ["*"], verbs: ["get", "list"] }],
    },
    {
      apiVersion: `${group}/v1`,
      kind: "RoleBinding",
      metadata,
      roleRef: { apiGroup: group, kind: "Role", name: account },
      subjects: [{ kind: "ServiceAccount", name: account, namespace: MAIN }],
    },
  ];
}

/** At 0, so that nothing starts. */
function deployment(where: string, component: string, image: string): object {
  const labels = { ...LABELS, component };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: `${RELEASE_NAME}-milvus-${component}`, namespace: where, labels },
    spec: {
      replicas: 0,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: component, image }] } },
    },
  };
}

function attemptLabels(over: Readonly<Record<string, string>>): Record<string, string> {
  const attempt = { release: RELEASE_NAME, from: "2.1.4", to: "2.2.14", revision: "1", ordinal: "1", ...over };
  return Object.fromEntries(Object.entries(attempt).map(([key, value]) => [`milvus-upgrade/${key}`, value]));
}

/** What is kept of a verification that something was wrong in. */
function failedVerification(content: object): object {
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: {
      name: "my-release-verify-old",
      namespace: MAIN,
      labels: { ...attemptLabels({ from: "2.0.2", to: "2.1.4" }), "milvus-upgrade/verification": "true" },
      annotations: { "milvus-upgrade/verification": "failed" },
    },
    ...content,
  };
}

function attemptClaim(over: Readonly<Record<string, string>>, phase?: string): object {
  return {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: {
      name: `${RELEASE_NAME}-meta-old`,
      namespace: MAIN,
      labels: attemptLabels(over),
      ...(phase !== undefined && { annotations: { "milvus-upgrade/phase": phase } }),
    },
    spec: { accessModes: ["ReadWriteOnce"], storageClassName: "none", resources: { requests: { storage: "1Gi" } } },
  };
}
