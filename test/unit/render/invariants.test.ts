import { expect } from "chai";
import { parseManifest } from "../../../manifests/objects";
import type { HelmValues } from "../../../upgrade/model";
import { INVARIANTS } from "../../render/invariants/all";
import { jobsFor } from "../../render/jobs";
import { destinationOf, pictureOf, volumeOf } from "../../render/picture";
import { isBad, reportOf } from "../../render/report";

interface Shape {
  readonly config?: HelmValues;
  readonly mounts?: readonly HelmValues[];
  readonly env?: readonly HelmValues[];
  readonly component?: string;
  readonly etcdPort?: number;
  readonly etcdImage?: string;
}

const CLAIM = { name: "data", mountPath: "/var/lib/milvus" };

function picture({
  config = {},
  mounts = [CLAIM],
  env = [],
  component = "standalone",
  etcdPort = 2379,
  etcdImage = "etcd:1",
}: Shape) {
  const labels = { "app.kubernetes.io/name": "milvus", component };
  const objects = [
    {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "m" },
      data: { "default.yaml": JSON.stringify(config), "user.yaml": "" },
    },
    {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: `m-${component}`, labels },
      spec: {
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: {
            containers: [{ name: component, image: "milvusdb/milvus:v2.2.14", volumeMounts: mounts, env }],
            volumes: [
              { name: "data", persistentVolumeClaim: { claimName: "m" } },
              { name: "disk", emptyDir: {} },
            ],
          },
        },
      },
    },
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "m-etcd" },
      spec: { selector: { app: "etcd" }, ports: [{ port: etcdPort }] },
    },
    {
      apiVersion: "apps/v1",
      kind: "StatefulSet",
      metadata: { name: "m-etcd" },
      spec: {
        template: { metadata: { labels: { app: "etcd" } }, spec: { containers: [{ name: "etcd", image: etcdImage }] } },
      },
    },
  ];
  return pictureOf(parseManifest(objects.map((it) => `---\n${JSON.stringify(it)}`).join("\n"), "milvus"));
}

/** Names of what does not hold, with the damage. */
function broken(before: Shape, after: Shape, given: HelmValues = {}): string[] {
  const hop = { before: picture(before), after: picture(after), from: "2.2.14", to: "2.2.14", given };
  return INVARIANTS.flatMap(({ name, check }) => check(hop).map(({ damage }) => `${name}: ${damage}`));
}

const ETCD = { etcd: { endpoints: ["m-etcd:2379"] } };
const ROCKS = { messageQueue: "rocksmq" };

describe("the invariants between two renderings", () => {
  for (const { what, before, after, given, breaks } of [
    { what: "nothing changes", before: { config: ETCD }, after: { config: ETCD }, breaks: [] },
    {
      what: "the root path is not written any more, and is not Milvus' own",
      before: { config: { etcd: { rootPath: "prod" } } },
      after: {},
      breaks: ["place of the metadata: data lost"],
    },
    {
      what: "the root path is not written any more, and is Milvus' own",
      before: { config: { etcd: { rootPath: "by-dev" } } },
      after: {},
      breaks: [],
    },
    {
      what: "the prefix of the topics goes to the key of chart 3.2",
      before: { config: { msgChannel: { chanNamePrefix: { cluster: "prod" } } } },
      after: { config: { common: { chanNamePrefix: { cluster: "prod" } } } },
      breaks: [],
    },
    {
      what: "etcd listens at another port than the endpoints say",
      before: { config: ETCD },
      after: { config: ETCD, etcdPort: 2380 },
      breaks: ["place of the metadata: outage"],
    },
    {
      what: "the queue's place is not written any more and leaves the claim",
      before: {
        config: { ...ROCKS, rocksmq: { path: "/data/milvus/rdb" } },
        mounts: [{ name: "data", mountPath: "/data/milvus" }],
      },
      after: { config: ROCKS, mounts: [{ name: "data", mountPath: "/data/milvus" }] },
      breaks: ["local places: data lost", "settings: other"],
    },
    {
      what: "an emptyDir comes to lie over local objects",
      before: { config: { common: { storageType: "local" } } },
      after: {
        config: { common: { storageType: "local" } },
        mounts: [CLAIM, { name: "disk", mountPath: "/var/lib/milvus/data" }],
      },
      breaks: ["local places: data lost", "nothing over a claim: other"],
    },
    {
      what: "another queue is taken",
      before: { config: ROCKS },
      after: { config: { mq: { type: "woodpecker" } } },
      breaks: ["message queue: data lost"],
    },
    {
      what: "etcd gets another image",
      before: {},
      after: { etcdImage: "etcd:2" },
      breaks: ["images of dependencies: outage"],
    },
    {
      what: "a variable that the user asked for is gone",
      before: { env: [{ name: "MINIO_ACCESS_KEY", value: "x" }] },
      after: {},
      given: { standalone: { extraEnv: [{ name: "MINIO_ACCESS_KEY", value: "x" }] } },
      breaks: ["parts that stay: outage"],
    },
    {
      what: "a variable of the chart's is gone",
      before: { env: [{ name: "GODEBUG", value: "x" }] },
      after: {},
      breaks: ["parts that stay: other"],
    },
    {
      what: "a mixcoord takes over from a coordinator without its variables",
      before: { component: "rootcoord", env: [{ name: "MINIO_ACCESS_KEY", value: "x" }] },
      after: { component: "mixcoord" },
      given: { rootCoordinator: { extraEnv: [{ name: "MINIO_ACCESS_KEY", value: "x" }] } },
      breaks: ["parts that are new: outage"],
    },
  ] as readonly { what: string; before: Shape; after: Shape; given?: HelmValues; breaks: string[] }[]) {
    it(`${breaks.length === 0 ? "hold" : "are broken"} where ${what}`, () => {
      expect(broken(before, after, given)).to.deep.equal(breaks);
    });
  }
});

describe("the picture of a rendering", () => {
  it("follows an address to the workload behind it", () => {
    const shown = picture({});
    expect(destinationOf("m-etcd.milvus.svc:2379", shown)).to.deep.equal({ to: "StatefulSet/m-etcd" });
    expect(destinationOf("etcd.example.com:2379", shown)).to.deep.equal({ to: "etcd.example.com:2379" });
    expect(destinationOf("m-etcd:1", shown).dead).to.contain("has no port 1");
  });

  it("knows on which volume a path lies", () => {
    const workload = picture({}).components.get("standalone");
    if (workload === undefined) return expect.fail("there is no standalone");
    expect(volumeOf("/var/lib/milvus/rdb_data", workload)).to.equal("claim m, at rdb_data");
    expect(volumeOf("/tmp/x", workload)).to.equal("the container itself");
  });
});

describe("the jobs and the report of the harness", () => {
  it("are the same for the same seed, and others for another", () => {
    const names = (seed: number) =>
      jobsFor(["3.2.18", "4.2.58"], { seed, sample: 5 }).map(({ chart, set }) => `${chart} ${set.name}`);
    expect(names(1)).to.deep.equal(names(1)).and.not.deep.equal(names(2));
  });

  it("counts each hop by the worst that was found, and calls bad what is lost unsaid", () => {
    const job = { chart: "4.2.58", set: { name: "cluster", values: {} } };
    const found = { invariant: "claims", what: "x", damage: "data lost", words: [] } as const;
    const hop = (findings: (typeof found & { readonly said?: string })[]) =>
      ({ kind: "hop", job, title: "t", checked: ["claims"], findings }) as const;
    const report = reportOf([hop([]), hop([{ ...found, said: "a_rule" }]), hop([{ ...found, said: "a_rule" }, found])]);
    expect(report.counts.find(({ name }) => name === "claims")).to.deep.equal({
      name: "claims",
      checked: 3,
      held: 1,
      said: 1,
      caught: 0,
      open: 1,
    });
    expect(report.open.filter(isBad).length).to.equal(1);
  });
});
