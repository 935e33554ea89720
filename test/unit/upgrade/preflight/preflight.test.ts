import { expect } from "chai";
import type { ClusterState, HelmValues, UpgradePlan, Wanted } from "../../../../upgrade/model";
import { planUpgrade } from "../../../../upgrade/plan/plan";
import type { PreflightCheck, PreflightLevel, PreflightLevels } from "../../../../upgrade/preflight/checks";
import type { PreflightFacts } from "../../../../upgrade/preflight/facts";
import { judgePreflight, preflightQuestions } from "../../../../upgrade/preflight/judge";
import { describePermission } from "../../../../upgrade/preflight/permissions";
import { cluster, component, release, running, wanted } from "../support";

const NOTHING: PreflightFacts = { notes: [] };

function planned(version: string, state: ClusterState, over: Partial<Wanted> = {}): UpgradePlan {
  const plan = planUpgrade(wanted(version, { strategy: "helm", ...over }), state);
  return plan.kind === "refused" ? expect.fail(plan.reason) : plan;
}

const OLD = running("3.2.18", "2.1.4");
const MIGRATION = planned("2.2.16", OLD);
const NEW = running("4.0.31", "2.2.9");
const HELM = planned("2.2.16", NEW);
const TLS = { secret: "etcd-client", caFile: "ca.crt", certificateFile: "tls.crt", keyFile: "tls.key" };
const SECURE = planned("2.2.16", OLD, { etcdTls: TLS });
const LATER = "2030-01-01T00:00:00.000Z";
const GOOD_SECRET = {
  kind: "read",
  names: ["ca.crt", "tls.crt", "tls.key"],
  ca: { state: "there", endsAt: LATER },
  certificate: { state: "there", endsAt: LATER },
  key: { state: "there", fits: true },
} as const;
const ABSENT = { state: "absent" } as const;
const INSTALL = planned("2.5.16", cluster());
const ETCD = { kind: "StatefulSet", name: "my-release-etcd", role: "etcd", replicas: 3 } as const;

interface Row {
  readonly it: string;
  readonly plan: UpgradePlan;
  readonly state: ClusterState;
  readonly facts?: Partial<PreflightFacts>;
  readonly backupStorageClass?: string;
  readonly check: PreflightCheck;
  readonly finds: Exclude<PreflightLevel, "off"> | "nothing";
  readonly says?: RegExp;
}

const sick = (over: Partial<ClusterState>): ClusterState => ({ ...OLD, ...over });
const withSick = (state: ClusterState, change: object = { readyReplicas: 0 }): ClusterState => ({
  ...state,
  components: state.components.map((it, index) => (index === 0 ? { ...it, ...change } : it)),
});

const ROWS: readonly Row[] = [
  {
    it: "a Kubernetes too old for the chart",
    plan: INSTALL,
    state: cluster({ kubernetesVersion: "1.19.4" }),
    check: "kubernetesVersion",
    finds: "error",
    says: /1\.19\.4.*chart 4\.2\.\d+ needs 1\.20\.0/s,
  },
  {
    it: "a Kubernetes too old for the bundled Pulsar 3",
    plan: INSTALL,
    state: cluster({ kubernetesVersion: "1.20.9" }),
    check: "kubernetesVersion",
    finds: "error",
    says: /Pulsar 3.*1\.21\.0/,
  },
  {
    it: "a chart that does not render",
    plan: HELM,
    state: NEW,
    facts: { rendered: { kind: "failed", why: "execution error at (etcd/templates/NOTES.txt:1:2): PASSWORDS ERROR" } },
    check: "chartRenders",
    finds: "error",
    says: /cannot render chart [\d.]+ with these values: execution error .*PASSWORDS ERROR\. .*milvus:values/s,
  },
  {
    it: "a chart that was not rendered",
    plan: HELM,
    state: NEW,
    facts: { rendered: { kind: "unseen", why: "the Helm CLI was not found (helm)" } },
    check: "chartRenders",
    finds: "warn",
    says: /was not looked at: the Helm CLI was not found \(helm\)\. .*stops half way/s,
  },
  {
    it: "a change of an immutable field",
    plan: HELM,
    state: NEW,
    facts: {
      rendered: {
        kind: "compared",
        refused: [
          { object: "StatefulSet/my-release-etcd", path: "spec.volumeClaimTemplates", why: "it is immutable" },
          { object: "Job/my-release-pulsar-pulsar-init", path: "spec.template", why: "field is immutable" },
        ],
        unjudged: [],
      },
    },
    check: "chartRenders",
    finds: "error",
    says: /StatefulSet\/my-release-etcd spec\.volumeClaimTemplates \(it is immutable\).*kubectl edit persistentvolumeclaim.*pulsar\.initialize.*kubectl -n milvus get StatefulSet\/my-release-etcd/s,
  },
  {
    it: "changes that the API server did not judge",
    plan: HELM,
    state: NEW,
    facts: { rendered: { kind: "compared", refused: [], unjudged: ["not permitted: cannot patch resource"] } },
    check: "chartRenders",
    finds: "warn",
    says: /did not judge all .*not permitted/,
  },
  {
    it: "a chart that renders, and changes that are taken",
    plan: HELM,
    state: NEW,
    facts: { rendered: { kind: "compared", refused: [], unjudged: [] } },
    check: "chartRenders",
    finds: "nothing",
  },
  { it: "a Kubernetes new enough", plan: INSTALL, state: cluster(), check: "kubernetesVersion", finds: "nothing" },
  {
    it: "a record with objects that the cluster does not serve any more",
    plan: HELM,
    state: NEW,
    facts: {
      recordedKinds: ["apps/v1/Deployment", "policy/v1beta1/PodDisruptionBudget"],
      servedKinds: ["apps/v1/Deployment"],
    },
    check: "servedApis",
    finds: "error",
    says: /policy\/v1beta1\/PodDisruptionBudget.*mapkubeapis my-release -n milvus/s,
  },
  {
    it: "a record whose kinds are all served",
    plan: HELM,
    state: NEW,
    facts: { recordedKinds: ["apps/v1/Deployment"], servedKinds: ["apps/v1/Deployment", "v1/Service"] },
    check: "servedApis",
    finds: "nothing",
  },
  {
    it: "a verb that is denied",
    plan: HELM,
    state: NEW,
    facts: {
      denied: [{ verb: "patch", group: "apps", resource: "deployments/scale", name: "x", namespace: "milvus" }],
    },
    check: "permissions",
    finds: "error",
    says: /patch deployments\.apps\/scale x.*auth can-i/s,
  },
  { it: "nothing denied", plan: HELM, state: NEW, facts: { denied: [] }, check: "permissions", finds: "nothing" },
  {
    it: "a storage class for the backup that does not exist",
    plan: MIGRATION,
    state: OLD,
    facts: { storageClasses: [{ name: "standard", isDefault: true }] },
    backupStorageClass: "fast",
    check: "storageClass",
    finds: "error",
    says: /fast of milvus:backupStorageClass.*standard.*pulumi config set milvus:backupStorageClass/s,
  },
  {
    it: "no default storage class, and none named",
    plan: MIGRATION,
    state: OLD,
    facts: { storageClasses: [{ name: "slow", isDefault: false }] },
    check: "storageClass",
    finds: "error",
    says: /no default one \(there are slow\)/,
  },
  {
    it: "a storage class that exists",
    plan: MIGRATION,
    state: OLD,
    facts: { storageClasses: [{ name: "slow", isDefault: false }] },
    backupStorageClass: "slow",
    check: "storageClass",
    finds: "nothing",
  },
  { it: "storage classes that may not be read", plan: MIGRATION, state: OLD, check: "storageClass", finds: "nothing" },
  {
    it: "an install without a default storage class",
    plan: INSTALL,
    state: cluster(),
    facts: { storageClasses: [] },
    check: "storageClass",
    finds: "warn",
  },
  {
    it: "a component that is not ready before a migration",
    plan: MIGRATION,
    state: withSick(OLD),
    check: "componentsHealthy",
    finds: "error",
    says: /my-release-milvus-\w+ \(0 of \d ready\)/,
  },
  {
    it: "a component that is not ready before a Helm upgrade, which may be the cure",
    plan: HELM,
    state: withSick(NEW),
    check: "componentsHealthy",
    finds: "warn",
  },
  {
    it: "components that lack what a begun stop has taken from them",
    plan: MIGRATION,
    state: sick({
      components: [component("rootcoord", "2.1.4", { replicas: 0 }), component("proxy", "2.1.4", { readyReplicas: 0 })],
    }),
    check: "componentsHealthy",
    finds: "nothing",
  },
  {
    it: "etcd without a majority",
    plan: MIGRATION,
    state: OLD,
    facts: { dependencies: [{ ...ETCD, ready: 1 }] },
    check: "dependenciesUp",
    finds: "error",
    says: /my-release-etcd \(etcd\) has 1 of 3 pods ready, and needs 2/,
  },
  {
    it: "etcd with a majority",
    plan: MIGRATION,
    state: OLD,
    facts: { dependencies: [{ ...ETCD, ready: 2 }] },
    check: "dependenciesUp",
    finds: "warn",
  },
  {
    it: "a broker that is gone",
    plan: HELM,
    state: NEW,
    facts: {
      dependencies: [{ ...ETCD, name: "my-release-pulsar-broker", role: "message queue", replicas: 1, ready: 0 }],
    },
    check: "dependenciesUp",
    finds: "error",
  },
  {
    it: "etcd without a majority where an upgrade has been begun, since to finish it may be the cure",
    plan: HELM,
    state: { ...NEW, release: release("4.0.31", "2.2.9", { status: "failed" }) },
    facts: { dependencies: [{ ...ETCD, ready: 0 }] },
    check: "dependenciesUp",
    finds: "warn",
  },
  {
    it: "dependencies all ready",
    plan: HELM,
    state: NEW,
    facts: { dependencies: [{ ...ETCD, ready: 3 }] },
    check: "dependenciesUp",
    finds: "nothing",
  },
  {
    it: "an image that somebody set past Helm",
    plan: HELM,
    state: withSick(
      {
        ...NEW,
        release: release("4.0.31", "2.2.9", { chartValues: { image: { all: { repository: "milvusdb/milvus" } } } }),
      },
      { image: "mirror.example.com/milvus:v2.2.9" },
    ),
    check: "imagesAsPinned",
    finds: "warn",
    says: /milvusdb\/milvus.*mirror\.example\.com\/milvus:v2\.2\.9/,
  },
  {
    it: "an install beside another Milvus, whose name was meant",
    plan: INSTALL,
    state: cluster(),
    facts: { otherReleases: ["my-release"] },
    check: "noOtherMilvus",
    finds: "error",
    says: /no release my-relase in namespace milvus.*my-release\. A second, empty Milvus.*config set milvus:release my-release/s,
  },
  {
    it: "an install beside a Milvus of that name in another namespace, which was forgotten",
    plan: INSTALL,
    state: { ...cluster(), otherNamespaces: ["vectors"] },
    facts: {},
    check: "noOtherMilvus",
    finds: "error",
    says: /no release my-relase in namespace milvus, but a Milvus of that name runs in namespace vectors\..*config set milvus:namespace vectors/s,
  },
  {
    it: "an upgrade beside another Milvus",
    plan: HELM,
    state: NEW,
    facts: { otherReleases: ["other"] },
    check: "noOtherMilvus",
    finds: "nothing",
  },
  {
    it: "a chart that is not in the folder",
    plan: HELM,
    state: NEW,
    facts: { missingChart: "/charts/milvus-4.0.34/Chart.yaml" },
    check: "chartThere",
    finds: "error",
    says: /there is no \/charts\/milvus-4\.0\.34\/Chart\.yaml/,
  },
  {
    it: "a claim that lost its volume",
    plan: HELM,
    state: NEW,
    facts: { claims: [{ name: "data-my-release-etcd-0", phase: "Lost" }] },
    check: "claimsBound",
    finds: "error",
  },
  {
    it: "a claim that is not bound yet",
    plan: HELM,
    state: NEW,
    facts: { claims: [{ name: "data-my-release-etcd-0", phase: "Pending" }] },
    check: "claimsBound",
    finds: "warn",
  },
  {
    it: "a Secret for etcd that is missing",
    plan: SECURE,
    state: OLD,
    facts: { etcdSecret: { kind: "missing" } },
    check: "etcdCertificates",
    finds: "error",
    says: /Secret etcd-client of milvus:etcdTls is not in namespace milvus.*create secret generic etcd-client --from-file=ca\.crt.*etcdTls\.secret NAME/s,
  },
  {
    it: "a Secret for etcd that may not be read",
    plan: SECURE,
    state: OLD,
    facts: { etcdSecret: { kind: "forbidden" } },
    check: "etcdCertificates",
    finds: "warn",
    says: /may not be read.*nobody has looked.*kubectl -n milvus describe secret etcd-client/s,
  },
  {
    it: "a Secret for etcd with all three files",
    plan: SECURE,
    state: OLD,
    facts: { etcdSecret: GOOD_SECRET },
    check: "etcdCertificates",
    finds: "nothing",
  },
  {
    it: "a Secret for etcd with a CA alone",
    plan: SECURE,
    state: OLD,
    facts: { etcdSecret: { ...GOOD_SECRET, names: ["ca.crt"], certificate: ABSENT, key: ABSENT } },
    check: "etcdCertificates",
    finds: "nothing",
  },
  {
    it: "a Secret for etcd without a CA",
    plan: SECURE,
    state: OLD,
    facts: { etcdSecret: { ...GOOD_SECRET, names: ["tls.crt", "tls.key"], ca: ABSENT } },
    check: "etcdCertificates",
    finds: "error",
    says: /has no ca\.crt, .*it has tls\.crt and tls\.key/s,
  },
  {
    it: "a Secret for etcd that is empty",
    plan: SECURE,
    state: OLD,
    facts: { etcdSecret: { kind: "read", names: [], ca: ABSENT, certificate: ABSENT, key: ABSENT } },
    check: "etcdCertificates",
    finds: "error",
    says: /has no ca\.crt, .*it is empty/s,
  },
  {
    it: "a certificate of the client without its key",
    plan: SECURE,
    state: OLD,
    facts: { etcdSecret: { ...GOOD_SECRET, key: ABSENT } },
    check: "etcdCertificates",
    finds: "error",
    says: /it has tls\.crt and no tls\.key/,
  },
  {
    it: "a key of the client without its certificate",
    plan: SECURE,
    state: OLD,
    facts: { etcdSecret: { ...GOOD_SECRET, certificate: ABSENT, key: { state: "there" } } },
    check: "etcdCertificates",
    finds: "error",
    says: /it has tls\.key and no tls\.crt/,
  },
  {
    it: "a key that belongs to another certificate",
    plan: SECURE,
    state: OLD,
    facts: { etcdSecret: { ...GOOD_SECRET, key: { state: "there", fits: false } } },
    check: "etcdCertificates",
    finds: "error",
    says: /tls\.key is not the key of tls\.crt/,
  },
  {
    it: "a key with a password",
    plan: SECURE,
    state: OLD,
    facts: { etcdSecret: { ...GOOD_SECRET, key: { state: "unreadable" } } },
    check: "etcdCertificates",
    finds: "error",
    says: /tls\.key is not a private key in PEM without a password/,
  },
  {
    it: "a CA that is not PEM",
    plan: SECURE,
    state: OLD,
    facts: { etcdSecret: { ...GOOD_SECRET, ca: { state: "unreadable" } } },
    check: "etcdCertificates",
    finds: "error",
    says: /ca\.crt is not a certificate in PEM/,
  },
  {
    it: "a certificate of the client that is over",
    plan: SECURE,
    state: { ...OLD, observedAt: "2026-05-01T12:00:00Z" },
    facts: { etcdSecret: { ...GOOD_SECRET, certificate: { state: "there", endsAt: "2026-04-30T00:00:00.000Z" } } },
    check: "etcdCertificates",
    finds: "error",
    says: /tls\.crt has expired at 2026-04-30T00:00:00\.000Z/,
  },
  {
    it: "what is read of a Secret where etcd speaks plain text",
    plan: MIGRATION,
    state: OLD,
    facts: { etcdSecret: { kind: "missing" } },
    check: "etcdCertificates",
    finds: "nothing",
  },
];

function judged({ plan, state, facts, backupStorageClass }: Row, levels: PreflightLevels = {}) {
  const all = { ...NOTHING, ...facts };
  const subject = {
    plan,
    state,
    facts: all,
    namespace: "milvus",
    releaseName: "my-relase",
    ...(backupStorageClass !== undefined && { backupStorageClass }),
  };
  return judgePreflight(subject, levels);
}

describe("the preflight", () => {
  for (const row of ROWS) {
    it(`${row.check}: ${row.it} is ${row.finds === "nothing" ? "fine" : `found (${row.finds})`}`, () => {
      const result = judged(row);
      if (row.finds === "error") {
        const { refusal } = result;
        if (refusal === undefined) return expect.fail("it was not refused");
        expect(refusal.rule).to.equal("preflight_has_errors");
        expect(refusal.reason).to.contain(`${row.check}: `);
        expect(refusal.remedy).to.contain(`milvus:preflight.${row.check} warn`);
        if (row.says) expect(refusal.reason).to.match(row.says);
        return;
      }
      if (result.refusal) return expect.fail(result.refusal.reason);
      const found = result.warnings.filter(({ rule }) => rule === `preflight_${row.check}`);
      expect(found).to.have.length(row.finds === "warn" ? 1 : 0);
      if (row.says) expect(found[0]?.message).to.match(row.says);
    });

    if (row.finds === "error") {
      it(`${row.check}: ${row.it} can be lowered to a warning, and switched off`, () => {
        const warned = judged(row, { [row.check]: "warn" });
        if (warned.refusal) return expect.fail(warned.refusal.reason);
        expect(warned.warnings.map(({ rule }) => rule)).to.include(`preflight_${row.check}`);
        const silent = judged(row, { [row.check]: "off" });
        if (silent.refusal) return expect.fail(silent.refusal.reason);
        expect(silent.warnings).to.deep.equal([]);
      });
    }
  }

  const user = (text: string) => ({ extraConfigFiles: { "user.yaml": text } });
  const AUTH = user("common:\n  security:\n    authorizationEnabled: true\n");
  const TLS = user("common:\n  security:\n    tlsMode: 1\n");
  const MUTUAL = user("common:\n  security:\n    tlsMode: 2\n");
  const pair = { certificate: "PEM", key: "PEM" };
  for (const { it: what, values, needs, chart = "4.2.58", says } of [
    {
      it: "authorization in user.yaml",
      values: AUTH,
      needs: {},
      says: [/Authorization is on \(extraConfigFiles\["user.yaml"\]: common\.security/],
    },
    { it: "authorization with credentials", values: AUTH, needs: { credentials: { token: "t" } }, says: [] },
    { it: "authorization, nothing verified", values: AUTH, needs: { mode: "off" }, says: [] },
    {
      it: "authorization with credentials that are not known yet",
      values: AUTH,
      needs: { areSecretsLater: true },
      says: [],
    },
    {
      it: "authorization in user.yaml, which the chart does not mount",
      values: AUTH,
      needs: {},
      chart: "3.3.1",
      says: [],
    },
    {
      it: "authorization by the old shortcut",
      values: { authorization: { enabled: true } },
      needs: {},
      chart: "3.3.6",
      says: [/\(authorization\.enabled\)/],
    },
    { it: "the old shortcut without effect", values: { authorization: { enabled: true } }, needs: {}, says: [] },
    {
      it: "authorization by the environment",
      values: { extraEnv: [{ name: "COMMON_SECURITY_AUTHORIZATIONENABLED", value: "true" }] },
      needs: {},
      says: [/extraEnv: COMMON_SECURITY/],
    },
    {
      it: "authorization switched off by the environment",
      values: { ...AUTH, extraEnv: [{ name: "common_security_authorizationEnabled", value: "false" }] },
      needs: {},
      says: [],
    },
    { it: "TLS", values: TLS, needs: {}, says: [/TLS is on \(.*tlsMode\)/] },
    { it: "TLS that is given", values: TLS, needs: { tls: {} }, says: [] },
    {
      it: "mutual TLS without a certificate of the client",
      values: MUTUAL,
      needs: { tls: { key: "PEM" } },
      says: [/asks clients for a certificate/],
    },
    { it: "mutual TLS", values: MUTUAL, needs: { tls: pair }, says: [] },
    {
      it: "a configuration of one's own",
      values: { customConfigMap: "mine" },
      needs: {},
      says: [/is the ConfigMap mine/],
    },
    { it: "neither", values: {}, needs: {}, says: [] },
  ] as const) {
    it(`of the service's security: ${what} ${says.length > 0 ? "is said" : "is no news"}`, () => {
      const subject = {
        plan: { ...HELM, values, chart: { ...HELM.chart, version: chart } } as unknown as UpgradePlan,
        state: NEW,
        facts: NOTHING,
        namespace: "milvus",
        releaseName: "my-release",
        verification: { mode: "health" as const, ...needs },
      };
      const found = judgePreflight(subject, {}).warnings.filter(({ rule }) => rule === "preflight_serviceAccess");
      expect(found).to.have.length(says.length);
      for (const [index, words] of says.entries()) expect(found[index]?.message).to.match(words);
    });
  }

  const IN_ETCD = { prefix: "by-dev/config/" };
  for (const { it: what, found, messageQueue, level, says } of [
    { it: "nothing there", found: { ...IN_ETCD, names: [] }, level: undefined },
    { it: "the queue of the values", found: { ...IN_ETCD, names: ["mq/type"], queue: "pulsar" }, level: undefined },
    {
      it: "another queue",
      found: { ...IN_ETCD, names: ["mq/type"], queue: "woodpecker" },
      level: "error",
      says: /the message queue is woodpecker .*milvus:values give pulsar.*pulumi config set milvus:messageQueue woodpecker/s,
    },
    {
      it: "another queue, and the key says so",
      found: { ...IN_ETCD, names: ["mq.type"], queue: "woodpecker" },
      messageQueue: "woodpecker",
      level: undefined,
    },
    {
      it: "a key that etcd does not bear out",
      found: { ...IN_ETCD, names: [] },
      messageQueue: "woodpecker",
      level: "error",
      says: /was not switched.*pulumi config rm milvus:messageQueue/s,
    },
    {
      it: "that it could not be read",
      found: { ...IN_ETCD, why: "the etcd is an external one" },
      level: "warn",
      says: /could not be read: the etcd is an external one.*etcdctl get --prefix by-dev\/config\//s,
    },
    {
      it: "that it could not be read, where the key says what it is",
      found: { ...IN_ETCD, why: "the etcd is an external one" },
      messageQueue: "woodpecker",
      level: undefined,
    },
    {
      it: "other settings, by name",
      found: { ...IN_ETCD, names: ["proxy/minPasswordLength"] },
      level: "warn",
      says: /go over milvus:values: proxy\/minPasswordLength\./,
    },
  ] as const) {
    it(`of the settings in etcd: ${what} is ${level ?? "no news"}`, () => {
      const values = { pulsarv3: { enabled: true }, woodpecker: { enabled: false } };
      const subject = {
        plan: { ...HELM, values, chart: { ...HELM.chart, version: "5.0.19" } } as unknown as UpgradePlan,
        state: NEW,
        facts: { ...NOTHING, settingsInEtcd: found },
        namespace: "milvus",
        releaseName: "my-release",
        ...(messageQueue && { messageQueue }),
      };
      const { refusal, warnings } = judgePreflight(subject, {});
      const messages = refusal ? [refusal.reason] : warnings.map(({ rule, message }) => `${rule} ${message}`);
      const about = messages.filter((message) => message.includes("queueInEtcd"));
      expect([about.length, refusal !== undefined]).to.deep.equal([level === undefined ? 0 : 1, level === "error"]);
      if (says) expect(about[0]).to.match(says);
    });
  }

  it("asks for the settings in etcd from 2.6 on, under the root path that Milvus has", () => {
    const rootOf = (from: string, values: HelmValues = {}) =>
      preflightQuestions({ ...HELM, from, values }, NEW, "milvus", [])?.settingsRoot;
    expect(rootOf("2.5.16")).to.equal(undefined);
    expect(rootOf("2.6.0")).to.equal("by-dev");
    expect(rootOf("3.0.1", { extraConfigFiles: { "user.yaml": "etcd:\n  rootPath: prod\n" } })).to.equal("prod");
  });

  it("names every error at once", () => {
    const result = judged({
      ...(ROWS[0] as Row),
      plan: MIGRATION,
      state: withSick(OLD),
      facts: { storageClasses: [], dependencies: [{ ...ETCD, ready: 0 }] },
    });
    const { refusal } = result;
    if (refusal === undefined) return expect.fail("it was not refused");
    for (const check of ["storageClass", "componentsHealthy", "dependenciesUp"]) {
      expect(refusal.reason).to.contain(`${check}: `);
      expect(refusal.remedy).to.contain(check);
    }
  });

  it("asks nothing for a plan that touches nothing", () => {
    expect(preflightQuestions({ ...HELM, kind: "nothing" }, NEW, "milvus", [])).to.equal(undefined);
  });

  it("asks for what the Jobs are given as well, and for each thing once", () => {
    const asked = preflightQuestions(MIGRATION, OLD, "milvus", ["policy/v1/PodDisruptionBudget"])?.permissions ?? [];
    const lines = asked.map(describePermission);
    expect(new Set(lines).size).to.equal(lines.length);
    expect(lines).to.include.members([
      "create jobs.batch",
      "patch poddisruptionbudgets.policy",
      "update deployments.apps/scale my-release-milvus-proxy",
      "create persistentvolumeclaims",
      "update secrets",
    ]);
    expect(lines.filter((line) => line.startsWith("delete persistentvolumeclaims"))).to.deep.equal([]);
  });

  it("asks a plain Helm upgrade for no right on Jobs", () => {
    const asked = preflightQuestions(HELM, NEW, "milvus", [])?.permissions ?? [];
    expect(asked.filter(({ resource }) => resource === "jobs" || resource === "roles")).to.deep.equal([]);
  });

  for (const { mode, address, needs } of [
    { mode: "off", address: undefined, needs: [] },
    {
      mode: "health",
      address: undefined,
      needs: [
        "create configmaps",
        "create pods/portforward",
        "get configmaps",
        "get pods/portforward",
        "list pods",
        "patch configmaps",
      ],
    },
    {
      mode: "data",
      address: "milvus.example.com:19530",
      needs: ["create configmaps", "get configmaps", "list pods", "patch configmaps"],
    },
  ] as const) {
    it(`asks for what the verification needs (${mode}, ${address ?? "port-forward"}), before anything is changed`, () => {
      const verification = { mode, ...(address !== undefined && { address }) };
      const without = new Set(preflightQuestions(HELM, NEW, "milvus", [])?.permissions.map(describePermission));
      const asked =
        preflightQuestions(HELM, NEW, "milvus", [], verification)?.permissions.map(describePermission) ?? [];
      const own = asked.filter((line) => !without.has(line) || /portforward|configmaps/.test(line));
      expect(own).to.include.members([...needs]);
      expect(asked.some((line) => line.includes("portforward"))).to.equal(
        needs.some((it) => it.includes("portforward")),
      );
    });
  }
});
