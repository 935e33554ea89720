import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { EventRecorder } from "../../../sandbox/podRunner/events";
import { FaultFile, type PullSettings, writeFaults } from "../../../sandbox/podRunner/faults";
import { forgetImages, NodeImages } from "../../../sandbox/podRunner/nodeImages";
import { FakeApi, jobPod } from "../../support/fakeApi";

const IMAGE = "milvusdb/milvus:v2.2.14";
const PRIVATE = "private.example.com/milvus:v2.2.14";

describe("images on the sandbox's nodes", () => {
  let folder: string;
  let images: NodeImages;
  const never = new AbortController().signal;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "node-images-"));
    const api = new FakeApi({ "/api/v1/namespaces/db/secrets/good": { metadata: { name: "good" } } });
    images = new NodeImages(api, folder, new FaultFile(folder), new EventRecorder(api, "kubelet"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const on = (nodeName: string, ...secrets: string[]) =>
    jobPod({ nodeName, imagePullSecrets: secrets.map((name) => ({ name })) });
  const pull = (node: string, image = IMAGE, secrets: string[] = [], problem?: string) =>
    images.pull(on(node, ...secrets), image, problem, never);
  const settings = (pulls: PullSettings) => writeFaults(folder, { pulls });
  const timed = async (work: () => Promise<unknown>): Promise<number> => {
    const started = Date.now();
    await work();
    return Date.now() - started;
  };

  it("take their time once on each node, and stay until they are forgotten", async () => {
    settings({ seconds: { milvus: 0.3 } });
    expect(await timed(() => pull("node-0"))).to.be.at.least(290);
    expect(await timed(() => pull("node-0"))).to.be.below(200);
    expect(await timed(() => pull("node-1"))).to.be.at.least(290);
    forgetImages(folder, (image) => image === IMAGE);
    expect(await timed(() => pull("node-0"))).to.be.at.least(290);
  });

  it("come one after the other on one node, and side by side on two", async () => {
    settings({ seconds: { "*": 0.3 } });
    expect(await timed(() => Promise.all([pull("node-0", "a:v1"), pull("node-0", "b:v1")]))).to.be.at.least(580);
    expect(await timed(() => Promise.all([pull("node-1", "a:v1"), pull("node-2", "a:v1")]))).to.be.below(550);
  });

  const CASES: readonly {
    readonly title: string;
    readonly pulls: PullSettings;
    readonly image?: string;
    readonly secrets?: string[];
    readonly says: RegExp | undefined;
  }[] = [
    {
      title: "a registry that cannot be reached",
      pulls: { registries: { "private.example.com": "unreachable" } },
      image: PRIVATE,
      says: /private\.example\.com.*no such host/,
    },
    {
      title: "no pull secret where one is needed",
      pulls: { registries: { "private.example.com": { secret: "good" } } },
      image: PRIVATE,
      says: /no basic auth credentials/,
    },
    {
      title: "a pull secret that does not exist",
      pulls: { registries: { "private.example.com": { secret: "gone" } } },
      image: PRIVATE,
      secrets: ["gone"],
      says: /no basic auth credentials/,
    },
    {
      title: "the right pull secret",
      pulls: { registries: { "private.example.com": { secret: "good" } } },
      image: PRIVATE,
      secrets: ["good"],
      says: undefined,
    },
    { title: "a full node", pulls: { fullNodes: ["node-0"] }, says: /no space left on device/ },
    { title: "another full node", pulls: { fullNodes: ["node-1"] }, says: undefined },
  ];
  for (const { title, pulls, image = IMAGE, secrets = [], says } of CASES) {
    it(title, async () => {
      settings(pulls);
      const problem = await pull("node-0", image, secrets);
      if (says === undefined) expect(problem).to.equal(undefined);
      else expect(problem).to.match(says);
    });
  }

  it("an image that a node has needs no registry any more", async () => {
    await pull("node-0", PRIVATE);
    settings({ registries: { "private.example.com": "unreachable" }, fullNodes: ["node-0"] });
    expect(await pull("node-0", PRIVATE)).to.equal(undefined);
    expect(await pull("node-1", PRIVATE)).to.match(/no such host/);
  });
});
