import { expect } from "chai";
import { parseArguments } from "../../../config/arguments";
import { ConfigError } from "../../../config/configError";
import { CONFIG_KEY_NAMES } from "../../../config/keys";
import { parseConfig, type RawConfig } from "../../../config/parseConfig";

const minimal = { "milvus:version": "2.2.9" };

function parse(config: Record<string, unknown>, rest: Omit<RawConfig, "config"> = {}) {
  return parseConfig({ config: { ...minimal, ...config }, ...rest });
}

function errorOf(raw: RawConfig): ConfigError {
  try {
    parseConfig(raw);
  } catch (error) {
    expect(error).to.be.instanceOf(ConfigError);
    return error as ConfigError;
  }
  throw new Error("the config was accepted");
}

describe("parseConfig", () => {
  it("fills in every default when only the version is set", () => {
    expect(parse({})).to.deep.equal({
      wanted: {
        version: "2.2.9",
        releaseName: "my-release",
        namespace: "default",
        values: {},
        chartSource: { kind: "repository" },
        strategy: "auto",
        rollback: false,
        dependencyImages: "keep",
        dropValues: [],
        pendingSilentSeconds: 600,
        prepull: "auto",
      },
      conditions: { soakSeconds: 0 },
      valuesAreSecret: false,
      preflight: {},
      settings: {
        kubectlImage: "registry.k8s.io/kubectl:v1.36.3",
        metaMigrationImage: "milvusdb/meta-migration:v2.2.0",
        imagePullSecrets: [],
        nodeSelector: {},
        tolerations: [],
        labels: {},
        annotations: {},
        resources: {},
        user: "auto",
        backup: { size: "10Gi" },
        timeouts: {
          prepull: 900,
          start: 300,
          stop: 600,
          sessions: 180,
          backup: 900,
          migrate: 1800,
          release: 1800,
          rollout: 1800,
          ownJobs: 1800,
          pending: 600,
          lock: 60,
          settle: 20,
          verify: 600,
          answers: 120,
          writes: 120,
        },
      },
      verification: {
        mode: "health",
        queries: [],
        rows: "exact",
        reload: false,
        timeouts: { settle: 20, verify: 600, answers: 120, writes: 120 },
      },
      access: {},
    });
  });

  for (const { key, value, says } of [
    {
      key: "milvus:timeouts.stop",
      value: "20m",
      says: "Type: pulumi config rm 'milvus:timeouts.stop' && pulumi config set --path 'milvus:timeouts.stop' 20m",
    },
    {
      key: "milvus:tolerations[0].key",
      value: "gpu",
      says: "&& pulumi config set --path 'milvus:tolerations[0].key' gpu",
    },
    // May be a password, though nobody has encrypted it.
    {
      key: "milvus:values.minio.secretKey",
      value: "hunter2",
      says: "&& pulumi config set --path 'milvus:values.minio.secretKey' VALUE",
    },
    // Not to be typed into a shell as it is.
    { key: "milvus:timeouts.stop", value: "$(reboot)", says: "--path 'milvus:timeouts.stop' VALUE" },
  ]) {
    it(`finds that --path was left out: ${key} ${value}`, () => {
      expect(() => parse({ [key]: value })).to.throw(says);
    });
  }

  it("finds that --path was left out where the value is encrypted, and keeps it so", () => {
    const raw = { config: { ...minimal, "milvus:values.a": "b" }, secretKeys: ["milvus:values.a"] };
    expect(() => parseConfig(raw)).to.throw("pulumi config set --path --secret 'milvus:values.a' VALUE");
  });

  it("takes levels of the preflight's checks, and names a check that is misspelt", () => {
    expect(parse({ "milvus:preflight": '{"storageClass":"warn","permissions":"off"}' }).preflight).to.deep.equal({
      storageClass: "warn",
      permissions: "off",
    });
    expect(() => parse({ "milvus:preflight": '{"storageclass":"warn"}' })).to.throw(/did you mean storageClass/);
    expect(() => parse({ "milvus:preflight": '{"storageClass":"warning"}' })).to.throw(/allowed are error, warn, off/);
  });

  it("takes every key", () => {
    const config = parse({
      "milvus:version": "v2.4.13-hotfix",
      "milvus:release": "search",
      "milvus:namespace": "vectors",
      "milvus:values": '{"queryNode":{"replicas":3}}',
      "milvus:chartSource": '{"oci":"oci://registry.example.com:5000/charts/milvus"}',
      "milvus:chartVersion": "4.2.16",
      "milvus:currentVersion": "2.3.5",
      "milvus:strategy": "rolling",
      "milvus:rollback": "true",
      "milvus:dropValues": '["pulsar.proxy.resources"]',
      "milvus:backupSize": "1.5Gi",
      "milvus:backupStorageClass": "fast",
      "milvus:kubectlImage": "registry.example.com:5000/tools/kubectl:v1.30.1",
      "milvus:metaMigrationImage": `mirror/meta-migration@sha256:${"a".repeat(64)}`,
      "milvus:dependencyImages": "chart",
      "milvus:imagePullSecrets": '["pull-me"]',
      "milvus:nodeSelector": '{"disk":"ssd"}',
      "milvus:tolerations": '[{"key":"dedicated","value":"milvus","effect":"NoSchedule"},{"operator":"Exists"}]',
      "milvus:jobLabels": '{"team":"search"}',
      "milvus:jobAnnotations": '{"linkerd.io/inject":"enabled"}',
      "milvus:jobResources": '{"requests":{"cpu":0.5,"memory":"256Mi"}}',
      "milvus:timeouts": '{"migrate":"1h30m","rolloutOf":{"querynode":"1h"}}',
      "kubernetes:kubeconfig": "~/.kube/prod",
      "kubernetes:context": "prod",
    });
    expect(config.wanted).to.deep.equal({
      version: "2.4.13-hotfix",
      releaseName: "search",
      namespace: "vectors",
      values: { queryNode: { replicas: 3 } },
      chartSource: { kind: "oci", reference: "oci://registry.example.com:5000/charts/milvus" },
      chartVersion: "4.2.16",
      currentVersion: "2.3.5",
      strategy: "rolling",
      rollback: true,
      dropValues: ["pulsar.proxy.resources"],
      dependencyImages: "chart",
      pendingSilentSeconds: 600,
      prepull: "auto",
    });
    expect(config.settings.backup).to.deep.equal({ size: "1.5Gi", storageClass: "fast" });
    expect(config.settings).to.deep.include({
      labels: { team: "search" },
      annotations: { "linkerd.io/inject": "enabled" },
    });
    expect(config.settings.resources).to.deep.equal({ requests: { cpu: "0.5", memory: "256Mi" } });
    expect(config.settings.timeouts).to.include({ migrate: 5400, stop: 600, rollout: 1800 });
    expect(config.settings.timeouts.rolloutOf).to.deep.equal({ querynode: 3600 });
    expect(config.access).to.deep.equal({ kubeconfig: "~/.kube/prod", context: "prod" });
  });

  for (const version of [
    "2.2.9",
    "2.5",
    "2.5.x",
    "2.5.*",
    "~2.5",
    "~2.4.10",
    "latest",
    " latest ",
    "v2.6.1",
    "v2.6",
    "2.4.16-gpu",
  ]) {
    it(`accepts the version ${JSON.stringify(version)}`, () => {
      expect(parse({ "milvus:version": version }).wanted.version).to.equal(version.trim().replace(/^v/, ""));
    });
  }

  for (const { value, found } of [
    {
      value: '{"secret":"etcd"}',
      found: { secret: "etcd", caFile: "ca.crt", certificateFile: "tls.crt", keyFile: "tls.key" },
    },
    {
      value: '{"secret":"etcd","caFile":"ca.pem","certificateFile":"cert.pem","keyFile":"key.pem","minVersion":1.2}',
      found: { secret: "etcd", caFile: "ca.pem", certificateFile: "cert.pem", keyFile: "key.pem", minVersion: "1.2" },
    },
    {
      value: '{"secret":"etcd","minVersion":1}',
      found: { secret: "etcd", caFile: "ca.crt", certificateFile: "tls.crt", keyFile: "tls.key", minVersion: "1.0" },
    },
    { value: "{}", found: undefined },
  ]) {
    it(`reads milvus:etcdTls = ${value}`, () => {
      expect(parse({ "milvus:etcdTls": value }).wanted.etcdTls).to.deep.equal(found);
    });
  }

  it("takes what is empty as not set", () => {
    const { wanted, settings } = parse({
      "milvus:values": "{}",
      "milvus:chartSource": "{}",
      "milvus:chartVersion": "",
      "milvus:backupStorageClass": "",
      "kubernetes:context": "",
    });
    expect(wanted).to.not.have.property("chartVersion");
    expect(settings.backup).to.not.have.property("storageClass");
  });

  describe("values", () => {
    const files: Record<string, string> = {
      "base.yaml": "queryNode: {replicas: 2, resources: {limits: {memory: 8Gi}}}\nproxy: {replicas: 2}\n",
      "prod.yaml": "queryNode: {replicas: 3}\n",
    };
    const readFile = (path: string) => files[path] ?? "";

    it("are laid over the files, later files over earlier ones", () => {
      const { wanted } = parse(
        { "milvus:valuesFiles": '["base.yaml","prod.yaml"]', "milvus:values": '{"proxy":{"replicas":4},"etcd":null}' },
        { readFile },
      );
      expect(wanted.values).to.deep.equal({
        queryNode: { replicas: 3, resources: { limits: { memory: "8Gi" } } },
        proxy: { replicas: 4 },
        etcd: null,
      });
    });

    it("in files mean what they mean to Helm: YAML 1.1 without times", () => {
      files["yaml11.yaml"] =
        "a: yes\nb: 0644\nf: 0o17\ng: !!binary aGk=\nc: 12:30\nd: 2001-01-01\nbase: &b {x: 1}\ne:\n  <<: *b\n  z: 2\n";
      expect(parse({ "milvus:valuesFiles": '["yaml11.yaml"]' }, { readFile }).wanted.values).to.deep.equal({
        a: true,
        b: 420,
        f: 15,
        g: "hi",
        c: "12:30",
        d: "2001-01-01",
        base: { x: 1 },
        e: { x: 1, z: 2 },
      });
    });

    it("are secret when the stack config encrypts them or a part of them", () => {
      const config = { "milvus:values": '{"minio":{"secretKey":"hunter2"}}' };
      expect(parse(config, { secretKeys: ["milvus:values"] }).valuesAreSecret).to.equal(true);
      expect(parse(config, { secretKeys: ["milvus:version"] }).valuesAreSecret).to.equal(false);
    });
  });

  /** One wrong key each: the message must hold the key and every one of the words. */
  const wrong: readonly { readonly key: string; readonly value: unknown; readonly says: readonly string[] }[] = [
    { key: "version", value: "two", says: ['"two"', "2.2.9", "latest"] },
    { key: "version", value: "2", says: ['"2"', "2.5"] },
    { key: "version", value: "~2", says: ["2.5.x"] },
    { key: "version", value: "2.4.16-", says: ["2.2.9"] },
    { key: "version", value: "2.5.y", says: ["2.5.x"] },
    { key: "release", value: "My_Release", says: ["lower-case"] },
    { key: "release", value: "-a", says: ["letter or digit at both ends"] },
    { key: "release", value: "a".repeat(54), says: ["53"] },
    { key: "release", value: "a.b", says: ["lower-case"] },
    { key: "namespace", value: "a".repeat(64), says: ["63"] },
    { key: "namespace", value: "Milvus", says: ["lower-case"] },
    { key: "values", value: "[1]", says: ["a map"] },
    { key: "values", value: "just text", says: ["a map"] },
    { key: "values", value: "{", says: ["not valid YAML", "line 1"] },
    { key: "valuesFiles", value: "values.yaml", says: ["a list"] },
    { key: "valuesFiles", value: "[1]", says: ["text"] },
    { key: "chartSource", value: '{"repository":"charts.example.com"}', says: ["URL"] },
    { key: "chartSource", value: '{"oci":"oci://r.example.com/milvus:4.1.0"}', says: ["without tag"] },
    { key: "chartSource", value: '{"folder":"x","repository":"https://c.example.com"}', says: ["one of"] },
    { key: "chartSource", value: '{"repository":"https://c.example.com","username":"ci"}', says: ["together"] },
    {
      key: "chartSource",
      value: '{"oci":"oci://r.example.com/milvus","username":"ci","password":"p"}',
      says: ["helm registry login"],
    },
    { key: "chartSource", value: '{"caFile":"ca.pem"}', says: ["go with repository"] },
    {
      key: "chartSource",
      value: '{"repo":"https://c.example.com"}',
      says: ["chartSource.repo", "did you mean repository?"],
    },
    { key: "chartVersion", value: "4.1", says: ["4.1.36"] },
    { key: "chartVersion", value: "v4.1.36", says: ["4.1.36"] },
    { key: "currentVersion", value: "latest", says: ["exact"] },
    { key: "currentVersion", value: "2.4", says: ["exact"] },
    { key: "strategy", value: "roling", says: ["auto, rolling, helm", "did you mean rolling?"] },
    { key: "strategy", value: "recreate", says: ["auto, rolling, helm"] },
    { key: "rollback", value: "yes", says: ["true or false"] },
    { key: "dropValues", value: '["a..b"]', says: ["path"] },
    { key: "backupSize", value: "10Gigs", says: ["quantity"] },
    { key: "backupSize", value: "0", says: ["more than zero"] },
    { key: "backupStorageClass", value: "Fast Disk", says: ["name of a Kubernetes object"] },
    { key: "kubectlImage", value: "registry.k8s.io/kubectl", says: ["tag or digest"] },
    { key: "metaMigrationImage", value: "milvusdb/meta-migration:", says: ["tag or digest"] },
    { key: "etcdTls", value: '{"caFile":"ca.pem"}', says: ["names no Secret", "milvus:etcdTls.secret NAME"] },
    { key: "etcdTls", value: '{"secret":"Etcd"}', says: ["etcdTls.secret", "name of a Kubernetes object"] },
    { key: "etcdTls", value: '{"secret":"etcd","keyFile":"../key"}', says: ["etcdTls.keyFile", "such as ca.crt"] },
    {
      key: "etcdTls",
      value: '{"secret":"etcd","minVersion":"1.4"}',
      says: ["etcdTls.minVersion", "1.0, 1.1, 1.2, 1.3"],
    },
    {
      key: "etcdTls",
      value: '{"secret":"etcd","certFile":"a"}',
      says: ["etcdTls.certFile", "allowed are secret, caFile, certificateFile"],
    },
    { key: "imagePullSecrets", value: '["Pull_Me"]', says: ["imagePullSecrets.0"] },
    { key: "nodeSelector", value: '{"gpu":true}', says: ["nodeSelector.gpu", "quotes"] },
    { key: "jobLabels", value: '{"component":"proxy"}', says: ["jobLabels.component", "a Service of Milvus selects"] },
    { key: "jobLabels", value: '{"milvus-upgrade/step":"x"}', says: ["jobLabels", "this program"] },
    { key: "jobLabels", value: '{"team":"a b"}', says: ["jobLabels.team", "label"] },
    { key: "tolerations", value: '[{"key":"a","operator":"exists"}]', says: ["did you mean Exists?"] },
    { key: "tolerations", value: '[{"operator":"Exists","value":"x"}]', says: ["takes no value"] },
    { key: "tolerations", value: '[{"effect":"NoSchedule"}]', says: ["without a key"] },
    { key: "tolerations", value: '[{"key":"a","effects":"NoSchedule"}]', says: ["did you mean effect?"] },
    { key: "jobResources", value: '{"limits":{"memory":"1GB"}}', says: ["jobResources.limits.memory", "quantity"] },
    { key: "jobResources", value: '{"limit":{}}', says: ["did you mean limits?"] },
    { key: "timeouts", value: '{"stop":"10"}', says: ["timeouts.stop", "10m"] },
    { key: "timeouts", value: '{"stop":600}', says: ["with a unit"] },
    { key: "timeouts", value: '{"release":"25h"}', says: ["24h"] },
    { key: "timeouts", value: '{"relase":"5m"}', says: ["timeouts.relase", "did you mean release?"] },
    {
      key: "timeouts",
      value: '{"rolloutOf":{"querynod":"1h"}}',
      says: ["rolloutOf.querynod", "did you mean querynode?"],
    },
    { key: "timeouts", value: '{"rolloutOf":{"querynode":60}}', says: ["rolloutOf.querynode", "with a unit"] },
    { key: "verison", value: "2.2.9", says: ["did you mean milvus:version?"] },
    { key: "releaseName", value: "x", says: ["did you mean milvus:release?"] },
    { key: "Namespace", value: "x", says: ["did you mean milvus:namespace?"] },
    { key: "storageClass", value: "x", says: ["did you mean milvus:backupStorageClass?"] },
    { key: "replicas", value: "3", says: ["allowed are version, release"] },
  ];
  for (const { key, value, says } of wrong) {
    it(`refuses milvus:${key} = ${String(value).slice(0, 60)}`, () => {
      const { message, problems } = errorOf({ config: { ...minimal, [`milvus:${key}`]: value } });
      expect(problems.every((problem) => problem.key.startsWith(`milvus:${key}`))).to.equal(true);
      expect(message).to.include(`milvus:${key}`);
      for (const words of says) {
        expect(message).to.include(words);
      }
    });
  }

  const withCredentials = [
    "https://user:hunter2@charts.example.com",
    "https://hunter2@charts.example.com/milvus",
    "https://user:p/hunter2@charts.example.com",
    "https://charts.example.com/?sig=hunter2",
  ];
  for (const repository of withCredentials) {
    it(`refuses credentials in a chart URL without showing them: ${repository}`, () => {
      for (const source of [{ repository }, { repository, folder: "charts" }]) {
        const { message } = errorOf({ config: { ...minimal, "milvus:chartSource": JSON.stringify(source) } });
        expect(message).to.include("milvus:chartSource").and.to.not.include("hunter2");
      }
      const { message } = errorOf({ config: { ...minimal, "milvus:chartSource": JSON.stringify({ repository }) } });
      expect(message).to.include("milvus:chartSource.username").and.to.include("--secret milvus:chartSource.password");
    });
  }

  it("refuses credentials in the component's chart URL", () => {
    expect(() => parseArguments({ version: "2.5.16", chart: { repository: withCredentials[0] } }, "MilvusCluster"))
      .to.throw(/chart\.repository.*chart\.username/s)
      .and.property("message")
      .to.not.include("hunter2");
  });

  for (const chart of ["4.1.36", "4.2.58-acme.1", "4.2.58+acme.1"]) {
    it(`accepts the chart ${chart}`, () => {
      expect(parse({ "milvus:chartVersion": chart }).wanted.chartVersion).to.equal(chart);
    });
  }

  it("takes the version that runs without its variant: the planner compares it with others", () => {
    expect(parse({ "milvus:currentVersion": "2.4.16-gpu" }).wanted.currentVersion).to.equal("2.4.16");
  });

  it("refuses a missing version and says how to set it", () => {
    expect(errorOf({ config: {} }).message).to.include("pulumi config set milvus:version");
  });

  it("tells all problems at once, those of files too", () => {
    const { message, problems } = errorOf({
      config: {
        "milvus:vers": "2.2.9",
        "milvus:release": "A",
        "milvus:timeouts": '{"stop":"x","backup":"y"}',
        "milvus:valuesFiles": '["a.yaml","b.yaml","c.yaml"]',
      },
      readFile: (path) => {
        if (path === "a.yaml") {
          throw new Error("does not exist");
        }
        return path === "b.yaml" ? "- a list" : "a: [1";
      },
    });
    expect(problems.map(({ key }) => key)).to.have.members([
      "milvus:vers",
      "milvus:version",
      "milvus:release",
      "milvus:timeouts.stop",
      "milvus:timeouts.backup",
      "milvus:valuesFiles",
      "milvus:valuesFiles",
      "milvus:valuesFiles",
    ]);
    expect(message).to.include("8 problems").and.to.include("a.yaml").and.to.include("not valid YAML, line 1");
  });

  it("never shows a secret: not of values, not of an encrypted key, not of a file", () => {
    const { message } = errorOf({
      config: {
        "milvus:version": "hunter2",
        "milvus:values": '{"minio": {"secretKey": "hunter2"',
        "milvus:valuesFiles": '["a.yaml"]',
        "milvus:kubectlImage": "hunter2",
      },
      secretKeys: ["milvus:version", "milvus:kubectlImage"],
      readFile: () => "password: [hunter2",
    });
    expect(message).to.not.include("hunter2");
    expect(message).to.include("milvus:kubectlImage").and.to.include("milvus:values:");
  });

  it("leaves the keys of other packages alone", () => {
    expect(() => parse({ "kubernetes:clusterIdentifier": "x", "aws:region": "y" })).to.not.throw();
  });

  it("knows each of its keys by name", () => {
    for (const key of CONFIG_KEY_NAMES) {
      expect(() => parse({ [`milvus:${key}`]: key === "version" ? "2.2.9" : undefined })).to.not.throw();
    }
  });
});

describe("milvus:imageRegistry", () => {
  const config = (over: Record<string, string>) =>
    parseConfig({
      config: { "milvus:version": "2.2.9", "milvus:imageRegistry": "registry.example.com/mirror", ...over },
    });

  it("is the registry of the Jobs' images too, unless these are set", () => {
    const { settings, wanted } = config({ "milvus:metaMigrationImage": "other.example.com/meta:v1" });
    expect(wanted.imageRegistry).to.equal("registry.example.com/mirror");
    expect(settings.kubectlImage).to.equal("registry.example.com/mirror/kubectl:v1.36.3");
    expect(settings.metaMigrationImage).to.equal("other.example.com/meta:v1");
  });

  for (const wrong of [
    "https://registry.example.com",
    "registry.example.com/",
    "mirror",
    "registry.example.com/a:tag",
  ]) {
    it(`refuses ${wrong}`, () => {
      expect(() => config({ "milvus:imageRegistry": wrong })).to.throw("is not a registry with an optional path");
    });
  }
});
