import { expect } from "chai";
import type { ClusterClient } from "../../../cluster/api/client";
import type { WriteRequest } from "../../../cluster/api/request";
import { parseConfig } from "../../../config/parseConfig";
import { prepull } from "../../../run/prepull";
import type { Pulls } from "../../../upgrade/prepull/pulls";
import { forbidden } from "../../support/fakeClient";

const IMAGE = "milvusdb/milvus:v2.2.16";
const PLACEMENT = { nodeSelector: {}, tolerations: [], pullSecrets: [] };

interface StoredJob {
  readonly metadata: { readonly name: string };
  readonly spec: { readonly template: { readonly metadata: { readonly annotations: Record<string, string> } } };
  readonly status?: object;
}

/** An API server that has Jobs, and pods as `podOf` makes them. */
class Server {
  readonly jobs = new Map<string, StoredJob>();
  readonly created: string[] = [];
  refusal: { readonly status: number; readonly message: string } | undefined;
  event: string | undefined;
  podOf: (node: string) => object | undefined = () => undefined;

  client(): ClusterClient {
    return { read: (request) => this.read(request.resource), write: (request) => this.write(request) } as ClusterClient;
  }

  private read(resource: string | undefined): Promise<unknown> {
    if (resource === "jobs") return Promise.resolve({ items: [...this.jobs.values()] });
    if (resource === "events") {
      return Promise.resolve({
        items: this.event === undefined ? [] : [{ reason: "FailedCreate", message: this.event }],
      });
    }
    const items = [...this.jobs.values()].flatMap(({ metadata: { name }, spec }) => {
      const node = spec.template.metadata.annotations["milvus-upgrade/node"] ?? "";
      const status = this.podOf(node);
      const owner = { kind: "Job", name };
      const containers = [{ name: "image-0", image: IMAGE }];
      return status === undefined
        ? []
        : [{ metadata: { name: `${name}-x`, ownerReferences: [owner] }, spec: { containers }, status }];
    });
    return Promise.resolve({ items });
  }

  private write(request: WriteRequest) {
    if (request.method === "DELETE") {
      this.jobs.delete(request.name);
      return Promise.resolve({ status: 200, message: "" });
    }
    if (this.refusal !== undefined) return Promise.resolve(this.refusal);
    const job = (request as { readonly body: object }).body as StoredJob;
    if (this.jobs.has(job.metadata.name)) return Promise.resolve({ status: 409, message: "already exists" });
    this.created.push(job.metadata.name);
    this.jobs.set(job.metadata.name, job);
    return Promise.resolve({ status: 201, message: "" });
  }
}

const container = (state: object) => ({
  phase: "Pending",
  startTime: "2026-01-01T00:00:00Z",
  containerStatuses: [{ name: "image-0", state, ready: false, restartCount: 0 }],
});
const THERE = container({ terminated: { exitCode: 0 } });
const PULLING = container({ waiting: { reason: "ContainerCreating" } });

function pulls(over: Partial<Pulls> = {}, nodes = ["node-0", "node-1"]): Pulls {
  const images = [{ image: IMAGE, policy: "IfNotPresent", users: ["proxy", "querynode"] }];
  return { groups: [{ placement: PLACEMENT, images, nodes }], passedOver: [], notes: [], ...over };
}

async function run(server: Server, given = pulls(), limit = "30s", isOnTerminal = false) {
  const said: string[] = [];
  const shown: string[] = [];
  const warned: string[] = [];
  let error: Error | undefined;
  let now = 1_000_000;
  const config = parseConfig({
    config: { "milvus:version": "2.2.16", "milvus:timeouts": JSON.stringify({ prepull: limit }) },
  });
  await prepull(server.client(), {
    config,
    pulls: given,
    state: { kubernetesVersion: "1.30.0", namespaceExists: true, components: [], attempts: [], notes: [] },
    say: (line) => said.push(line),
    ...(isOnTerminal && { refresh: (line: string) => shown.push(line) }),
    warn: (line) => warned.push(line),
    clock: {
      now: () => now,
      sleep: (milliseconds) => {
        now += milliseconds;
        return Promise.resolve();
      },
    },
  }).catch((thrown: unknown) => {
    error = thrown as Error;
  });
  return { said, shown, warned, error: error?.message };
}

describe("pulling images before anything stops", () => {
  it("waits until every node has them, says so, and leaves no Job", async () => {
    const server = new Server();
    let polls = 0;
    server.podOf = (node) => (node === "node-0" || ++polls > 2 ? THERE : PULLING);
    const { said, warned, error } = await run(server);
    expect(error).to.equal(undefined);
    expect(warned).to.deep.equal([]);
    expect(said).to.deep.equal([
      `prepull: 1 of 2 nodes have their images; still coming: ${IMAGE}`,
      "prepull: 2 of 2 nodes have their images (1 s of at most 30 s)",
      "prepull: done after 1 s",
    ]);
    expect(server.jobs.size).to.equal(0);
  });

  it("tells that nothing has changed: in a log every 30 s, on a terminal every 10 s and in the place of the line before", async () => {
    const slow = () => {
      const server = new Server();
      let polls = 0;
      // Every half second, and after 20 s every two.
      server.podOf = () => (++polls > 2 * (40 + 15) ? THERE : PULLING);
      return server;
    };
    const log = await run(slow(), pulls(), "10m");
    expect(log.said.filter((line) => line.startsWith("prepull: 0 of 2"))).to.have.length(2);
    const terminal = await run(slow(), pulls(), "10m", true);
    expect(terminal.said.filter((line) => line.startsWith("prepull: 0 of 2"))).to.have.length(1);
    expect(terminal.shown.length).to.be.within(4, 5);
    expect(terminal.shown[0]).to.match(
      /^prepull: 0 of 2 nodes have their images; still coming: .* \(1[0-2] s of at most/,
    );
  });

  it("goes on with the Jobs of a run that was killed, and deletes others and those that have ended", async () => {
    const first = new Server();
    first.podOf = () => THERE;
    await run(first);
    const [kept = "", ended = ""] = first.created;
    const server = new Server();
    server.podOf = () => THERE;
    const job = (name: string, node: string, status?: object) =>
      server.jobs.set(name, {
        metadata: { name },
        spec: { template: { metadata: { annotations: { "milvus-upgrade/node": node } } } },
        ...(status && { status }),
      });
    job(kept, "node-0");
    job(ended, "node-1", { conditions: [{ type: "Failed", status: "True" }] });
    job("my-release-prepull-00000000", "node-7");
    const { error } = await run(server);
    expect(error).to.equal(undefined);
    expect(server.created).to.deep.equal([ended]);
    expect(server.jobs.size).to.equal(0);
  });

  it("ends with an image that cannot be pulled, with all that is needed to mend it", async () => {
    const server = new Server();
    server.podOf = () => container({ waiting: { reason: "ErrImagePull", message: "manifest unknown" } });
    const { error } = await run(server);
    expect(error).to.match(
      /^The image milvusdb\/milvus:v2\.2\.16 \(proxy and querynode\) cannot be pulled onto node node-0\. Registry docker\.io, in the kubelet's words: manifest unknown\. Nothing was stopped or changed/,
    );
    expect(error).to.include("Check repository and tag");
    expect(server.jobs.size).to.equal(0);
  });

  it("ends when its time is over, with what is missing and what to type", async () => {
    const server = new Server();
    server.podOf = (node) => (node === "node-0" ? THERE : PULLING);
    const { error } = await run(server, pulls(), "2s");
    expect(error).to.include(
      `After 2 s (milvus:timeouts.prepull) these nodes do not have their images yet: node-1: ${IMAGE}.`,
    );
    expect(error).to.include("pulumi config set --path milvus:timeouts.prepull 1h");
    expect(error).to.include("pulumi config set milvus:prepull off");
    expect(server.jobs.size).to.equal(0);
  });

  it("ends at once where no node is left, and makes no Job", async () => {
    const server = new Server();
    const { error } = await run(server, pulls({ passedOver: [{ node: "node-0", why: "it is cordoned" }] }, []));
    expect(error).to.match(
      /No node could take the pods of proxy and querynode now.*node-0: it is cordoned.*kubectl uncordon/s,
    );
    expect(server.created).to.deep.equal([]);
  });

  const REFUSED: readonly { readonly what: string; readonly set: (server: Server) => void; readonly says: RegExp }[] = [
    {
      what: "the right to make Jobs is missing",
      set: (server) => {
        server.refusal = { status: 403, message: "jobs.batch is forbidden" };
      },
      says: /jobs\.batch is forbidden/,
    },
    {
      what: "a quota takes no pods",
      set: (server) => {
        server.event = "exceeded quota: full";
      },
      says: /exceeded quota: full/,
    },
  ];
  for (const { what, set, says } of REFUSED) {
    it(`goes on with a warning where ${what}`, async () => {
      const server = new Server();
      set(server);
      const { error, warned } = await run(server);
      expect(error).to.equal(undefined);
      expect(warned.join())
        .to.match(says)
        .and.match(/images_are_pulled_before_anything_stops/)
        .and.match(/goes on/);
      expect(server.jobs.size).to.equal(0);
    });
  }

  it("goes on with a warning where Jobs may not even be listed", async () => {
    const server = new Server();
    const client = { ...server.client(), read: () => Promise.reject(forbidden("jobs")) };
    const { error, warned } = await run({ client: () => client } as unknown as Server);
    expect(error).to.equal(undefined);
    expect(warned.join()).to.include("may not list jobs");
  });

  it("waits on while the API server is away, and fails with the node's disk only where there is no other", async () => {
    const server = new Server();
    const full = container({ waiting: { reason: "ErrImagePull", message: "no space left on device" } });
    server.podOf = (node) => (node === "node-0" ? THERE : full);
    const good = await run(server);
    expect(good.error).to.equal(undefined);
    expect(good.said.join()).to.match(/node-1 is left out \(its disk is full: no space left on device\)/);
    server.podOf = () => full;
    expect((await run(server)).error).to.match(/No node could take.*node-0: its disk is full/);
  });
});
