import type { PolicyResourceOptions, ResourceValidationArgs, ResourceValidationPolicy } from "@pulumi/policy";
import { expect } from "chai";
import { POLICIES } from "../../../policy/policies";

const GOOD = {
  chart: "milvus",
  version: "4.0.34",
  values: { image: { all: { tag: "v2.2.14" } }, queryNode: { replicas: 2 } },
  description: "milvus-upgrade: migration 2.1.4 to 2.2.14 from revision 1",
};

/** Names of the policies that object, as the engine would ask them. */
async function objections(
  props: object,
  { type = "kubernetes:helm.sh/v3:Release", protect = true, tags = {} } = {},
): Promise<string[]> {
  const found: string[] = [];
  for (const policy of POLICIES as readonly ResourceValidationPolicy[]) {
    const args = {
      type,
      props,
      opts: { protect } as PolicyResourceOptions,
      stackTags: new Map(Object.entries(tags)),
    } as unknown as ResourceValidationArgs;
    const validations = [policy.validateResource ?? []].flat();
    for (const validate of validations) await validate(args, (message) => found.push(`${policy.name}: ${message}`));
  }
  return found;
}
const production = { tags: { environment: "production" } };

describe("the policy pack", () => {
  it("lets a good Release pass, in production as well", async () => {
    expect(await objections(GOOD, production)).to.deep.equal([]);
  });

  const rows = [
    {
      what: "a chart of the bad range",
      props: { ...GOOD, version: "4.2.24" },
      policy: "milvus-chart-not-in-a-bad-range",
    },
    { what: "a chart without a version", props: { ...GOOD, version: "" }, policy: "milvus-chart-not-in-a-bad-range" },
    {
      what: "a chart that does not run the image",
      props: { ...GOOD, version: "4.2.0" },
      policy: "milvus-chart-fits-the-version",
    },
    {
      what: "a hop that is refused",
      props: { ...GOOD, description: "milvus-upgrade: helm 2.1.4 to 2.6.15 from revision 1" },
      policy: "milvus-hop-is-allowed",
    },
    { what: "a Release without protection", props: GOOD, policy: "milvus-release-is-protected", protect: false },
    {
      what: "a floating tag deep in the values",
      props: { ...GOOD, values: { ...GOOD.values, etcd: { image: { tag: "latest" } } } },
      policy: "milvus-no-floating-tags",
    },
    {
      what: "an image without a tag in one text, in a list",
      props: {
        ...GOOD,
        values: { ...GOOD.values, initContainers: [{ name: "wait", image: "example.com:5000/busybox" }] },
      },
      policy: "milvus-no-floating-tags",
    },
    {
      what: "an image that moves under a key of its own",
      props: { ...GOOD, values: { ...GOOD.values, attu: { initImage: "busybox:latest" } } },
      policy: "milvus-no-floating-tags",
    },
    {
      what: "one query node in production",
      props: { ...GOOD, values: { ...GOOD.values, queryNode: { replicas: 1 } } },
      policy: "milvus-query-nodes-in-production",
      ...production,
    },
  ];
  for (const { what, props, policy, ...options } of rows) {
    it(`refuses ${what}`, async () => {
      const found = await objections(props, options);
      expect(found.filter((it) => it.startsWith(`${policy}: `))).to.have.length(1);
    });
  }

  it("says texts of others on one line each, without escape sequences and secrets", async () => {
    const tag = "latest\u001b[2J\n\u202efake";
    const values = {
      ...GOOD.values,
      [`a\n${tag}`]: { image: `me:hunter2@host/x:${tag}` },
      etcd: { image: { tag: "" } },
    };
    const image = `x/y${tag}:latest`;
    const found = [
      ...(await objections({ ...GOOD, values })),
      ...(await objections(
        { spec: { template: { spec: { containers: [{ image }] } } } },
        { type: "kubernetes:batch/v1:Job" },
      )),
    ];
    expect(found.join()).to.contain("fake").and.to.not.contain("hunter2");
    for (const problem of found) expect(problem).to.not.match(/[\p{Cc}\p{Cf}]/u);
  });

  it("lets images in one text be that name a version or a digest", async () => {
    const images = [{ image: "busybox:1.36" }, { image: `busybox@sha256:${"a".repeat(64)}` }, { image: "" }];
    expect(await objections({ ...GOOD, values: { ...GOOD.values, initContainers: images } })).to.deep.equal([]);
  });

  it("lets one query node be, outside of production", async () => {
    expect(await objections({ ...GOOD, values: { ...GOOD.values, queryNode: { replicas: 1 } } })).to.deep.equal([]);
  });

  it("has nothing to say about other charts", async () => {
    expect(
      await objections({ chart: "nginx", values: { image: { tag: "latest" } } }, { protect: false }),
    ).to.deep.equal([]);
  });

  for (const [image, refused] of [
    ["registry.example.com:5000/kubectl", true],
    ["milvusdb/meta-migration:latest", true],
    ["registry.example.com:5000/kubectl:v1.36.3", false],
    [`kubectl@sha256:${"a".repeat(64)}`, false],
  ] as const) {
    it(`${refused ? "refuses" : "takes"} a Job with the image ${image}`, async () => {
      const props = { spec: { template: { spec: { containers: [{ image }] } } } };
      expect((await objections(props, { type: "kubernetes:batch/v1:Job" })).length > 0).to.equal(refused);
    });
  }
});
