import { expect } from "chai";
import fc from "fast-check";
import type { PlannedRun } from "../../../../components/declare/context";
import { scratchSize } from "../../../../components/declare/metadata";
import { inArguments } from "../../../../config/arguments";
import { type AttemptPhase, PLAN_KINDS, type Step, type UpgradePlan } from "../../../../upgrade/model";
import { jobName } from "../../../../upgrade/steps/jobNames";
import { PLANS, RESUMES, recordPlan, SETTINGS, state } from "../../../support/plans";
import type { Registered } from "../../../support/recordingMonitor";

interface Container {
  readonly name: string;
  readonly image: string;
  readonly command?: string[];
  readonly args?: string[];
  readonly env: { readonly name: string; readonly value: string }[];
  readonly [key: string]: unknown;
}
interface Mount {
  readonly name: string;
  readonly mountPath: string;
  readonly readOnly?: boolean;
}
interface PodSpec {
  readonly initContainers: Container[];
  readonly containers: Container[];
  readonly [key: string]: unknown;
}
interface Job {
  readonly metadata: {
    readonly name: string;
    readonly labels: Record<string, string>;
    readonly annotations: object;
    readonly ownerReferences: readonly object[];
  };
  readonly spec: {
    readonly backoffLimit: number;
    readonly activeDeadlineSeconds: number;
    readonly template: {
      readonly metadata: {
        readonly labels: Record<string, string>;
        readonly annotations: Record<string, string>;
      };
      readonly spec: PodSpec;
    };
  };
}

async function jobs(
  plan: UpgradePlan,
  changes: Partial<PlannedRun> = {},
  options: { readonly preview?: boolean } = {},
): Promise<(Registered & { job: Job })[]> {
  const { registered } = await recordPlan(plan, changes, options);
  return registered
    .filter(({ type }) => type === "kubernetes:batch/v1:Job")
    .map((resource) => ({ ...resource, job: resource.inputs as unknown as Job }));
}

async function job(plan: UpgradePlan, name: string, changes: Partial<PlannedRun> = {}): Promise<Job> {
  const found = (await jobs(plan, changes)).find((resource) => resource.name === `milvus-${name}`);
  return (found ?? expect.fail(`no Job ${name}`)).job;
}

const containers = ({ spec }: Job): Container[] => [
  ...spec.template.spec.initContainers,
  ...spec.template.spec.containers,
];
const commandLines = (of: Job): string[][] =>
  containers(of).map(({ name, command = [], args: given = [] }) => [name, ...command, ...given]);

describe("every Job of the upgrade", () => {
  const all: (Registered & { job: Job })[] = [];
  before(async () => {
    for (const kind of PLAN_KINDS) {
      all.push(...(await jobs(PLANS[kind])));
    }
  });

  it("runs once, within a limit that Pulumi waits for, and is replaced after a failure", () => {
    expect(all).to.have.length(13);
    for (const { job: it, name, createTimeout, deleteBeforeReplace } of all) {
      expect(it.spec.backoffLimit, name).to.equal(0);
      expect(it.spec.template.spec.restartPolicy, name).to.equal("Never");
      expect(Number.parseInt(createTimeout, 10), name).to.be.above(it.spec.activeDeadlineSeconds);
      expect(it.metadata.annotations, name).to.deep.equal({ "pulumi.com/replaceUnready": "true" });
      expect(deleteBeforeReplace, name).to.equal(true);
    }
  });

  it("is owned by the upgrade's ServiceAccount, so that one that no state knows is collected with it", () => {
    for (const { job: it, name } of all) {
      const [owner, ...others] = it.metadata.ownerReferences;
      expect(owner, name).to.include({
        apiVersion: "v1",
        kind: "ServiceAccount",
        name: "my-release-upgrade",
        uid: "made",
      });
      expect(others, name).to.deep.equal([]);
    }
  });

  it("has no owner in a preview that has no uid for it, which the API server would refuse", async () => {
    for (const { job: it, name } of await jobs(PLANS.migration, {}, { preview: true })) {
      expect(it.metadata.ownerReferences, name).to.deep.equal([]);
    }
  });

  it('passes the Pod Security standard "restricted"', () => {
    for (const { job: it, name } of all) {
      const { spec } = it.spec.template;
      expect(spec.securityContext, name).to.deep.include({
        runAsNonRoot: true,
        seccompProfile: { type: "RuntimeDefault" },
      });
      expect(spec, name).to.not.have.any.keys("hostNetwork", "hostPID", "hostIPC");
      for (const container of containers(it)) {
        expect(container.securityContext, `${name} ${container.name}`).to.deep.equal({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ["ALL"] },
        });
      }
      const kinds = ((spec.volumes ?? []) as object[]).flatMap((volume) => Object.keys(volume));
      expect(["name", "configMap", "persistentVolumeClaim", "emptyDir", "projected"], name).to.include.members(kinds);
    }
  });

  for (const { user, assignsUsers, hasIds } of [
    { user: "auto", assignsUsers: false, hasIds: true },
    { user: "auto", assignsUsers: true, hasIds: false },
    { user: "fixed", assignsUsers: true, hasIds: true },
    { user: "assigned", assignsUsers: false, hasIds: false },
  ] as const) {
    it(`with the user ${user} on a cluster that assigns ${assignsUsers ? "" : "none "}names ${hasIds ? "numbers" : "none"}`, async () => {
      const made = await jobs(PLANS.migration, {
        settings: { ...SETTINGS, user },
        state: { ...state(), assignsUsers },
      });
      for (const { job: it, name } of made) {
        const { securityContext } = it.spec.template.spec;
        const ids = hasIds ? { runAsUser: 65532, runAsGroup: 65532, fsGroup: 65532 } : {};
        expect(securityContext, name).to.deep.equal({
          runAsNonRoot: true,
          ...ids,
          seccompProfile: { type: "RuntimeDefault" },
        });
      }
      expect(made.length).to.be.above(2);
    });
  }

  it("writes to volumes alone: every emptyDir has a size, and HOME is in one", () => {
    for (const { job: it, name } of all) {
      const { spec } = it.spec.template;
      const empty = (spec.volumes as { name: string; emptyDir?: { sizeLimit?: string } }[]).filter((v) => v.emptyDir);
      const sizes = Object.fromEntries(empty.map((volume) => [volume.name, volume.emptyDir?.sizeLimit]));
      const isOfMetadata = (spec.volumes as { name: string }[]).some((volume) => volume.name === "work");
      expect(sizes, name).to.deep.equal({ tmp: "64Mi", ...(isOfMetadata && { work: "30Gi" }) });
      for (const container of containers(it)) {
        const mounts = container.volumeMounts as Mount[];
        const home = container.env.find((variable) => variable.name === "HOME")?.value;
        expect(mounts, name).to.deep.include({ name: "tmp", mountPath: home });
        // What the script writes to is mounted.
        for (const variable of container.env.filter((it) => /^(DATA|WORK)_DIR$/.test(it.name))) {
          expect(
            mounts.map(({ mountPath }) => mountPath),
            name,
          ).to.include(variable.value);
        }
      }
    }
  });

  it("gives the token of its ServiceAccount to kubectl, and to no image of somebody else", () => {
    const PATH = "/var/run/secrets/kubernetes.io/serviceaccount";
    let without = 0;
    for (const { job: it, name } of all) {
      const { spec } = it.spec.template;
      expect(spec.automountServiceAccountToken, name).to.equal(false);
      const holders = containers(it).filter(({ volumeMounts }) =>
        (volumeMounts as Mount[]).some(({ mountPath }) => mountPath === PATH),
      );
      const kubectls = containers(it).filter(({ image }) => image === SETTINGS.kubectlImage);
      expect(holders, name).to.deep.equal(kubectls);
      without += containers(it).length - holders.length;
      const volumes = (spec.volumes as object[]).filter((volume) => "projected" in volume);
      // The probe runs no kubectl.
      const access = [
        {
          name: "api-access",
          projected: {
            sources: [
              { serviceAccountToken: { path: "token", expirationSeconds: 3600 } },
              { configMap: { name: "kube-root-ca.crt", items: [{ key: "ca.crt", path: "ca.crt" }] } },
              {
                downwardAPI: {
                  items: [{ path: "namespace", fieldRef: { apiVersion: "v1", fieldPath: "metadata.namespace" } }],
                },
              },
            ],
          },
        },
      ];
      expect(volumes, name).to.deep.equal(kubectls.length > 0 ? access : []);
      for (const { volumeMounts } of holders) {
        expect(volumeMounts, name).to.deep.include({ name: "api-access", mountPath: PATH, readOnly: true });
      }
    }
    // Of the metadata Jobs' scripts, which run the migration tool.
    expect(without).to.be.above(0);
  });

  it("has no token at all where no command runs kubectl: a backup that is only looked at again", async () => {
    const { attempt: id, claimName } = PLANS.migration.migration;
    const found = state({ attempts: [{ id, claimName, phase: "migrated", createdAt: "2026-01-01T00:00:00Z" }] });
    const { spec } = (await job(PLANS.migration, "backup", { state: found })).spec.template;
    expect(spec.automountServiceAccountToken).to.equal(false);
    expect((spec.volumes as object[]).filter((volume) => "projected" in volume)).to.deep.equal([]);
  });

  it("has one container for each command, under different names, whose log tells why it failed", () => {
    for (const { job: it, name } of all) {
      expect(it.spec.template.spec.containers, name).to.have.length(1);
      const names = containers(it).map((container) => container.name);
      expect(new Set(names).size, name).to.equal(names.length);
      for (const container of containers(it)) {
        expect(container.terminationMessagePolicy, name).to.equal("FallbackToLogsOnError");
        expect(container.name, name).to.match(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/);
      }
    }
  });

  it("is placed and pulled as the config says, and no Milvus Service takes its pod for one of its own", () => {
    for (const { job: it, name } of all) {
      expect(it.spec.template.spec, name).to.deep.include({
        imagePullSecrets: [{ name: "mirror" }],
        nodeSelector: { pool: "ops" },
        tolerations: [{ key: "ops", operator: "Exists" }],
        serviceAccountName: "my-release-upgrade",
      });
      expect(it.spec.template.metadata.labels, name).to.not.have.any.keys("app.kubernetes.io/name", "component");
    }
  });

  it("keeps the sidecars of service meshes out, and has the labels and annotations of the config", async () => {
    const INJECT = "sidecar.istio.io/inject";
    for (const { job: it, name } of all) {
      expect(it.spec.template.metadata.labels, name).to.include({ [INJECT]: "false" });
      expect(it.spec.template.metadata.annotations, name).to.include({ "linkerd.io/inject": "disabled" });
    }
    const labels = { team: "search", [INJECT]: "true", "milvus-upgrade/step": "other" };
    const settings = { ...SETTINGS, labels, annotations: { "karpenter.sh/do-not-disrupt": "false" } };
    const it = await job(PLANS.migration, "migrate", { settings });
    const { metadata } = it.spec.template;
    expect(metadata.labels).to.include({ team: "search", [INJECT]: "true", "milvus-upgrade/step": "migrate" });
    expect(metadata.annotations).to.include({
      "karpenter.sh/do-not-disrupt": "false",
      "linkerd.io/inject": "disabled",
    });
  });

  it("has small requests by default, and instead exactly what the config says", async () => {
    const limits = { memory: "64Mi" };
    const settings = { ...SETTINGS, resources: { limits } };
    for (const container of containers(await job(PLANS.migration, "migrate"))) {
      expect(container.resources).to.deep.equal({ requests: { cpu: "50m", memory: "128Mi" } });
    }
    for (const container of containers(await job(PLANS.migration, "migrate", { settings }))) {
      expect(container.resources).to.deep.equal({ limits });
    }
  });
});

describe("the stop Job", () => {
  it("leaves nothing paused, once everything is at 0", async () => {
    const steps = PLANS.migration.steps.map((step) =>
      step.kind === "stop"
        ? { ...step, deployments: step.deployments.map((it, at) => ({ ...it, ...(at === 2 && { paused: true }) })) }
        : step,
    );
    const lines = commandLines(await job({ ...PLANS.migration, steps }, "stop"));
    expect(lines.map(([name]) => name).slice(-3)).to.deep.equal(["scale-to-zero", "resume", "await-pods-gone"]);
    expect(lines.at(-2)).to.include.members(["my-release-milvus-proxy", '--patch={"spec":{"paused":false}}']);
  });

  it("remembers the replicas, scales every component to 0 by name and waits for their pods", async () => {
    expect(commandLines(await job(PLANS.migration, "stop"))).to.deep.equal([
      [
        "remember-1-replicas",
        "annotate",
        "--overwrite",
        "deployment/my-release-milvus-rootcoord",
        "deployment/my-release-milvus-proxy",
        "milvus-upgrade/replicas=1",
        "--namespace=milvus",
      ],
      [
        "remember-3-replicas",
        "annotate",
        "--overwrite",
        "deployment/my-release-milvus-querynode",
        "milvus-upgrade/replicas=3",
        "--namespace=milvus",
      ],
      [
        "scale-to-zero",
        "scale",
        "--replicas=0",
        "deployment/my-release-milvus-rootcoord",
        "deployment/my-release-milvus-querynode",
        "deployment/my-release-milvus-proxy",
        "--namespace=milvus",
      ],
      [
        "await-pods-gone",
        "wait",
        "--for=delete",
        "pod",
        "--selector=app.kubernetes.io/instance=my-release,app.kubernetes.io/name=milvus,component in (proxy,querynode,rootcoord)",
        "--field-selector=status.phase!=Failed,status.phase!=Succeeded",
        "--timeout=600s",
        "--namespace=milvus",
      ],
    ]);
  });

  it("waits for the pods by the name that the running release gives them", async () => {
    const { release } = state();
    const overridden = state(release && { release: { ...release, userValues: { nameOverride: "vectors" } } });
    const words = commandLines(await job(PLANS.migration, "stop", { state: overridden })).flat();
    expect(words.find((word) => word.startsWith("--selector="))).to.include(",app.kubernetes.io/name=vectors,");
  });

  it("remembers nothing of a Deployment that is at 0 already", async () => {
    const deployments = [{ name: "my-release-milvus-proxy", component: "proxy", replicas: 0 }];
    const plan: UpgradePlan = {
      ...PLANS.rollback,
      steps: [{ kind: "stop", deployments }, ...PLANS.rollback.steps.slice(1)],
    };
    expect(containers(await job(plan, "stop")).map(({ name }) => name)).to.deep.equal([
      "scale-to-zero",
      "await-pods-gone",
    ]);
  });
});

describe("the rolling Jobs", () => {
  it("pause all components with a patch that can be repeated", async () => {
    expect(commandLines(await job(PLANS.rolling, "pause"))).to.deep.equal([
      [
        "pause",
        "patch",
        "deployment",
        "my-release-milvus-rootcoord",
        "my-release-milvus-querynode",
        "my-release-milvus-proxy",
        "--type=merge",
        '--patch={"spec":{"paused":true}}',
        "--namespace=milvus",
      ],
    ]);
  });

  it("recreate what the plan says: the strategy changes with the resume, and comes back after the roll", async () => {
    const strategy = { type: "RollingUpdate", rollingUpdate: { maxSurge: 1 } };
    const resume = { kind: "resume", component: "mixcoord", deployment: "m", recreated: { strategy } } as const;
    const plan = { ...PLANS.rolling, steps: [{ kind: "release", awaitReady: false } as const, RESUMES[0], resume] };
    const lines = commandLines(await job(plan as UpgradePlan, "resume-mixcoord"));
    expect(lines.map(([name]) => name)).to.deep.equal(["recreate", "await-rollout", "restore-strategy"]);
    expect(lines[0]).to.include(
      '--patch={"metadata":{"annotations":{"milvus-upgrade/recreate":"true"}},"spec":{"paused":false,"strategy":{"type":"Recreate","rollingUpdate":null}}}',
    );
    expect(lines[2]).to.include(
      '--patch={"metadata":{"annotations":{"milvus-upgrade/recreate":null}},"spec":{"strategy":{"type":"RollingUpdate","rollingUpdate":{"maxSurge":1}}}}',
    );
  });

  it("await the end of the pods of the old version, at least for their grace period, and no others", async () => {
    const old = (graceSeconds: number) => ({ hashes: ["5f", "7d"], graceSeconds });
    const wait = async (graceSeconds: number) => {
      const resume = { kind: "resume", component: "querynode", deployment: "q", oldPods: old(graceSeconds) } as const;
      const steps = [{ kind: "release", awaitReady: false } as const, RESUMES[0] as Step, resume];
      const it = await job({ ...PLANS.rolling, steps }, "resume-querynode");
      const line = commandLines(it).find(([name]) => name === "await-old-pods");
      return { line, deadline: it.spec.activeDeadlineSeconds };
    };
    const usual = await wait(30);
    expect(usual.line).to.deep.equal([
      "await-old-pods",
      "wait",
      "--for=delete",
      "pod",
      "--selector=app.kubernetes.io/instance=my-release,app.kubernetes.io/name=milvus,component in (querynode),pod-template-hash in (5f,7d)",
      "--field-selector=status.phase!=Failed,status.phase!=Succeeded",
      "--timeout=1500s",
      "--namespace=milvus",
    ]);
    expect(usual.deadline).to.be.at.least(2 * 1500);
    const long = await wait(1800);
    expect(long.line).to.include("--timeout=1920s");
    expect(long.deadline).to.be.at.least(1500 + 1920);
  });

  it("have a time limit for each component where the config sets one", async () => {
    const timeouts = { ...SETTINGS.timeouts, rolloutOf: { querynode: 7200 } };
    const limits = async (step: string) =>
      commandLines(await job(PLANS.rolling, step, { settings: { ...SETTINGS, timeouts } })).flatMap((line) =>
        line[0] === "await-rollout" ? line.filter((part) => part.startsWith("--timeout")) : [],
      );
    expect([await limits("resume-querynode"), await limits("resume-proxy")]).to.deep.equal([
      ["--timeout=7200s"],
      ["--timeout=1500s"],
    ]);
  });

  it("resume one component each and await its rollout; the first awaits the dependencies before", async () => {
    const names = async (step: string) => containers(await job(PLANS.rolling, step)).map(({ name }) => name);
    expect(await names("resume-rootcoord")).to.deep.equal([
      "await-dependencies",
      "await-older-dependencies",
      "resume",
      "await-rollout",
    ]);
    expect(commandLines(await job(PLANS.rolling, "resume-proxy"))).to.deep.equal([
      [
        "resume",
        "patch",
        "deployment",
        "my-release-milvus-proxy",
        "--type=merge",
        '--patch={"spec":{"paused":false}}',
        "--namespace=milvus",
      ],
      [
        "await-rollout",
        "rollout",
        "status",
        "deployment/my-release-milvus-proxy",
        "--timeout=1500s",
        "--namespace=milvus",
      ],
    ]);
  });
});

describe("the rolling Jobs of a component with several Deployments", () => {
  it("are told apart by a number", async () => {
    const resume = (deployment: string) => ({ kind: "resume", component: "querynode", deployment }) as const;
    const steps = [{ kind: "release", awaitReady: false } as const, resume("a"), resume("b")];
    const names = (await jobs({ ...PLANS.rolling, steps })).map(({ name }) => name);
    expect(names).to.have.members(["milvus-resume-querynode", "milvus-resume-querynode-2"]);
  });
});

describe("the metadata Jobs", () => {
  const rows = [
    { plan: PLANS.migration, step: "backup", verb: "backup", phases: ["backedUp"] },
    { plan: PLANS.migration, step: "migrate", verb: "migrate", phases: ["migrating", "migrated"] },
    { plan: PLANS.giveUp, step: "restore", verb: "restore", phases: ["restored"] },
    { plan: PLANS.rollback, step: "rollback", verb: "rollback", phases: ["restored"] },
  ];
  for (const { plan, step, verb, phases } of rows) {
    it(`${step} (${plan.kind}): runs metadata.sh ${verb} and records ${phases.join(", then ")}`, async () => {
      const lines = commandLines(await job(plan, step));
      expect(lines).to.deep.include([verb, "/bin/sh", "/milvus/scripts/metadata.sh", verb]);
      const recorded = lines.flatMap((line) => line.filter((word) => word.startsWith("milvus-upgrade/phase=")));
      expect(recorded).to.deep.equal(phases.map((phase) => `milvus-upgrade/phase=${phase}`));
    });
  }

  it("the phase says migrating before the script may start", async () => {
    expect(containers(await job(PLANS.migration, "migrate")).map(({ name }) => name)).to.deep.equal([
      "record-migrating",
      "migrate",
      "record-migrated",
    ]);
  });

  for (const phase of ["migrating", "migrated", "restored"] as const satisfies readonly AttemptPhase[]) {
    it(`a backup that is looked at again never takes the phase back from ${phase}`, async () => {
      const { attempt: id, claimName } = PLANS.migration.migration;
      const found = state({ attempts: [{ id, claimName, phase, createdAt: "2026-01-01T00:00:00Z" }] });
      const lines = commandLines(await job(PLANS.migration, "backup", { state: found })).flat();
      expect(lines.filter((word) => word.startsWith("milvus-upgrade/phase="))).to.deep.equal([]);
    });
  }

  it("tell the script everything by its environment", async () => {
    const script = containers(await job(PLANS.migration, "migrate")).find(({ name }) => name === "migrate");
    expect(Object.fromEntries(script?.env.map(({ name, value }) => [name, value]) ?? [])).to.deep.equal({
      HOME: "/tmp",
      META_MIGRATION: "/milvus/bin/meta-migration",
      DATA_DIR: "/milvus/data",
      WORK_DIR: "/milvus/work",
      ATTEMPT: "2.1.4-to-2.2.9-r7",
      INSTALLATION: "2026-01-01T08:00:00.5Z",
      OVERWRITE: "no",
      HINT_OVERWRITE: "pulumi config set milvus:overwriteMetadata my-release-meta-2.1.4-to-2.2.9-r7, then pulumi up",
      HINT_NEW_ATTEMPT:
        "forget this attempt (kubectl -n milvus label pvc my-release-meta-2.1.4-to-2.2.9-r7 milvus-upgrade/release-), then pulumi up, which takes a new backup",
      HINT_ROLLBACK: "pulumi config set milvus:rollback true, then pulumi up",
      SOURCE_VERSION: "2.1.4",
      TARGET_VERSION: "2.2.9",
      ETCD_ENDPOINTS: "my-release-etcd:2379",
      ETCD_ROOT_PATH: "by-dev",
      ETCD_META_SUB_PATH: "meta",
      ETCD_KV_SUB_PATH: "kv",
      SESSION_TIMEOUT: "180",
      TOOL_TIMEOUT: "1200",
      TERMINATION_LOG: "/dev/termination-log",
      HINT_ETCD_TLS: "pulumi config set --path milvus:etcdTls.secret NAME, then pulumi up",
    });
  });

  const TLS = {
    secret: "etcd-client",
    caFile: "ca.pem",
    certificateFile: "cert.pem",
    keyFile: "key.pem",
    minVersion: "1.2",
  } as const;
  const secure = (plan: typeof PLANS.migration | typeof PLANS.rollback): UpgradePlan => ({
    ...plan,
    migration: { ...plan.migration, store: { ...plan.migration.store, tls: TLS } },
  });

  it("where etcd speaks TLS, give the Secret to the script alone, to be read only, and tell it the files", async () => {
    const made = [...(await jobs(secure(PLANS.migration))), ...(await jobs(secure(PLANS.rollback)))];
    const scripts = made.flatMap(({ job: it }) => containers(it).filter(({ command = [] }) => command.length > 0));
    expect(scripts.map(({ name }) => name)).to.have.members(["probe", "backup", "migrate", "rollback"]);
    for (const { env, volumeMounts, name } of scripts) {
      expect(volumeMounts, name).to.deep.include({ name: "etcd-tls", mountPath: "/milvus/etcd-tls", readOnly: true });
      expect(Object.fromEntries(env.map((it) => [it.name, it.value])), name).to.include({
        ETCD_TLS_CA: "/milvus/etcd-tls/ca.pem",
        ETCD_TLS_CERT: "/milvus/etcd-tls/cert.pem",
        ETCD_TLS_KEY: "/milvus/etcd-tls/key.pem",
        ETCD_TLS_MIN_VERSION: "1.2",
        HINT_ETCD_PLAIN: "pulumi config rm milvus:etcdTls",
        HINT_ETCD_MIN_VERSION: "pulumi config set --path milvus:etcdTls.minVersion 1.2",
        HINT_ETCD_TLS:
          "put the files that Milvus itself uses into the Secret (kubectl -n milvus create secret generic etcd-client --from-file=ca.pem --from-file=cert.pem --from-file=key.pem --dry-run=client -o yaml | kubectl apply -f -), then pulumi up",
      });
    }
    for (const { job: it, name } of made) {
      const { volumes } = it.spec.template.spec;
      const isOfMetadata = containers(it).some(({ command = [] }) => command.length > 0);
      const secrets = (volumes as { secret?: object }[]).flatMap(({ secret }) => (secret ? [secret] : []));
      expect(secrets, name).to.deep.equal(isOfMetadata ? [{ secretName: "etcd-client" }] : []);
      for (const { command = [], volumeMounts, name: inside } of containers(it)) {
        const mounted = (volumeMounts as Mount[]).some((mount) => mount.name === "etcd-tls");
        expect(mounted, `${name} ${inside}`).to.equal(command.length > 0);
      }
    }
  });

  it("tell the script what to type in the words of a program of one's own", async () => {
    const script = containers(await job(PLANS.migration, "migrate", { words: inArguments })).find(
      ({ name }) => name === "migrate",
    );
    const hints = script?.env.filter(({ name }) => name.startsWith("HINT_")).map(({ value }) => value) ?? [];
    expect(hints).to.have.length(4);
    expect(hints.join("\n")).to.not.match(/pulumi config|milvus:/);
    expect(hints).to.include("set upgrade.rollback to true in the program, then pulumi up");
    expect(hints).to.include("set jobs.etcdTls.secret to NAME in the program, then pulumi up");
  });

  for (const [size, scratch] of [
    ["10Gi", "30Gi"],
    ["0.1Ti", "0.3Ti"],
    ["1500m", "4500m"],
    ["7", "21"],
  ] as const) {
    it(`may hold three times the backup's claim in their scratch space: ${scratch} of ${size}`, () => {
      expect(scratchSize(size)).to.equal(scratch);
    });
  }

  it("are named after the attempt and the run: what an earlier run has done or left at work is never taken for this one's", async () => {
    const again = { ...PLANS.migration };
    const names = [await job(PLANS.migration, "migrate"), await job(again, "migrate")].map(
      ({ metadata }) => metadata.name,
    );
    for (const name of names) expect(name).to.match(/^my-release-meta-2-1-4-to-2-2-9-r7-migrate-[0-9a-f]{8}$/);
    expect(names[0]).to.not.equal(names[1]);
  });

  it("tell the script that the backup may go over what is there, where the config names the claim", async () => {
    const plan = { ...PLANS.migration, migration: { ...PLANS.migration.migration, overwrite: true } };
    const [, script] = containers(await job(plan, "migrate"));
    expect(script?.env.find(({ name }) => name === "OVERWRITE")?.value).to.equal("yes");
  });

  it("probe with the script alone, on the claim and with the image of the backup", async () => {
    const [probe, ...others] = containers(await job(PLANS.migration, "probe"));
    const backup = containers(await job(PLANS.migration, "backup")).find(({ name }) => name === "backup");
    expect(others).to.deep.equal([]);
    expect([probe?.image, probe?.volumeMounts]).to.deep.equal([backup?.image, backup?.volumeMounts]);
    expect(probe?.command?.at(-1)).to.equal("probe");
  });
});

describe("the backup claim", () => {
  const claim = async (changes: Partial<PlannedRun> = {}): Promise<Registered> => {
    const { registered } = await recordPlan(PLANS.migration, changes);
    return registered.find(({ type }) => type.endsWith(":PersistentVolumeClaim")) ?? expect.fail("no claim");
  };

  it("is kept when it is no longer declared, and named and labelled after the attempt", async () => {
    const { inputs, retainOnDelete } = await claim();
    expect(retainOnDelete).to.equal(true);
    expect(inputs.metadata).to.deep.include({
      name: "my-release-meta-2.1.4-to-2.2.9-r7",
      labels: {
        "app.kubernetes.io/part-of": "milvus-upgrade",
        "milvus-upgrade/release": "my-release",
        "milvus-upgrade/from": "2.1.4",
        "milvus-upgrade/to": "2.2.9",
        "milvus-upgrade/revision": "7",
        "milvus-upgrade/ordinal": "1",
      },
    });
  });

  it("is there before anything is stopped: the probe needs it", async () => {
    const { dependsOn } = await claim();
    expect(dependsOn).to.deep.equal([]);
    const { registered } = await recordPlan(PLANS.migration);
    const probe = registered.find(({ name }) => name === "milvus-probe");
    expect(probe?.dependsOn.some((urn) => urn.includes("PersistentVolumeClaim"))).to.equal(true);
  });

  it("is not waited for, says which installation it is of, and nothing of the phase: the Jobs do", async () => {
    const { inputs } = await claim();
    expect((inputs.metadata as { annotations: unknown }).annotations).to.deep.equal({
      "milvus-upgrade/first-deployed": "2026-01-01T08:00:00.5Z",
      "milvus-upgrade/namespace-uid": "4f0c",
      "pulumi.com/skipAwait": "true",
    });
  });

  it("has the size and class of the config; without a class, the cluster's default", async () => {
    const { inputs } = await claim();
    expect(inputs.spec).to.deep.equal({
      accessModes: ["ReadWriteOnce"],
      resources: { requests: { storage: "10Gi" } },
      storageClassName: "fast",
    });
    const { inputs: other } = await claim({ settings: { ...SETTINGS, backup: { size: "1Gi" } } });
    expect(other.spec).to.not.have.property("storageClassName");
  });
});

describe("jobName", () => {
  it("is a label that Kubernetes takes without a warning, ends with the suffix and tells long bases apart", () => {
    const base = fc.stringMatching(/^[a-z0-9]([-.a-z0-9]{0,200}[a-z0-9])?$/);
    const suffix = fc.stringMatching(/^[a-z]{1,20}$/);
    fc.assert(
      fc.property(base, base, suffix, (one, other, end) => {
        expect(jobName(one, end)).to.match(/^[a-z0-9][-a-z0-9]{0,62}$/);
        expect(jobName(one, end).endsWith(`-${end}`)).to.equal(true);
        if (one.replaceAll(".", "-") !== other.replaceAll(".", "-")) {
          expect(jobName(one, end)).to.not.equal(jobName(other, end));
        }
      }),
    );
  });
});
