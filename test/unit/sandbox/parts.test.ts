import { mkdtempSync, rmSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { EngineEvent } from "@pulumi/pulumi/automation";
import { expect } from "chai";
import { parseAllDocuments } from "yaml";
import { table } from "../../../cli/format/table";
import { kwokctlConfig } from "../../../sandbox/controlPlane";
import { serves } from "../../../sandbox/downtime";
import { withLock } from "../../../sandbox/lock";
import { releasePorts, reservePorts } from "../../../sandbox/ports";
import { changes, describeSteps, EventCollector, errors } from "../../../sandbox/report";
import { sandboxFolder } from "../../../sandbox/sandboxState";
import { SANDBOX_TOOLS } from "../../../sandbox/toolList";
import type { Tools } from "../../../sandbox/tools";

describe("kwokctl's configuration", () => {
  const tools = Object.fromEntries(SANDBOX_TOOLS.map((name) => [name, `/tools/${name}`])) as Tools;
  const ports = { etcd: 1, etcdPeer: 2, apiServer: 3, controllerManager: 4, scheduler: 5, kwok: 6 };
  const stages = "kind: KwokctlConfiguration\noptions: {enableCRDs: [Logs], bindAddress: 0.0.0.0}\n---\nkind: Stage\n";
  const [configuration, ...rest] = parseAllDocuments(kwokctlConfig(stages, tools, ports)).map(
    (document) => document.toJS() as { kind: string; options: Record<string, unknown> },
  );

  it("keeps the options of the stages file and the stages, in one configuration", () => {
    expect(configuration?.options.enableCRDs).to.deep.equal(["Logs"]);
    expect(rest.map(({ kind }) => kind)).to.deep.equal(["Stage"]);
  });

  it("listens on loopback only, with the binaries and ports given", () => {
    expect(configuration?.options).to.include({
      bindAddress: "127.0.0.1",
      kubeApiserverPort: 3,
      etcdPeerPort: 2,
      kubeApiserverBinary: "/tools/kube-apiserver",
    });
  });
});

describe("ports and locks of sandboxes", () => {
  const cache = mkdtempSync(path.join(tmpdir(), "sandbox-test-"));
  const before = process.env.XDG_CACHE_HOME;
  beforeEach(() => {
    process.env.XDG_CACHE_HOME = cache;
  });
  after(() => {
    if (before === undefined) {
      delete process.env.XDG_CACHE_HOME;
    } else {
      process.env.XDG_CACHE_HOME = before;
    }
    rmSync(cache, { recursive: true });
  });

  it("two sandboxes that start at the same moment get different ports", async () => {
    await Promise.all(["one", "two"].map((name) => mkdir(sandboxFolder(name), { recursive: true })));
    const [one, two] = await Promise.all([reservePorts("one", 40), reservePorts("two", 40)]);
    expect(new Set([...one, ...two]).size).to.equal(80);
    await releasePorts("one");
  });

  it("a lock is held by one at a time", async () => {
    const file = path.join(cache, "lock");
    const order: string[] = [];
    const hold = (name: string) =>
      withLock(file, { waitSeconds: 10, onWait: () => order.push(`${name} waits`) }, async () => {
        order.push(`${name} in`);
        await new Promise((resolve) => setTimeout(resolve, 100));
        order.push(`${name} out`);
      });
    await Promise.all([hold("a"), hold("b")]);
    const entries = order.filter((entry) => !entry.endsWith("waits")).map((entry) => entry.split(" ")[1]);
    expect(entries).to.deep.equal(["in", "out", "in", "out"]);
  });

  it("a lock whose holder died is taken over", async () => {
    const file = path.join(cache, "dead");
    await writeFile(file, "2147483646");
    expect(await withLock(file, { waitSeconds: 5, onWait: () => undefined }, () => Promise.resolve("in"))).to.equal(
      "in",
    );
  });

  for (const name of ["../x", "", "A", "-a", "a/b", "a".repeat(40)]) {
    it(`${JSON.stringify(name)} is refused as a name`, () => {
      expect(() => sandboxFolder(name)).to.throw("is no name for a sandbox");
    });
  }
});

describe("what the engine did", () => {
  const metadata = (op: string, name: string, type = "kubernetes:batch/v1:Job") => ({
    op,
    type,
    urn: `urn:pulumi:dev::milvus::${type}::${name}`,
    provider: "",
    diffs: ["spec"],
  });
  const collector = new EventCollector();
  for (const event of [
    { resourcePreEvent: { metadata: metadata("same", "stack", "pulumi:pulumi:Stack") } },
    { resourcePreEvent: { metadata: metadata("create", "stop") } },
    { resourcePreEvent: { metadata: metadata("create", "migrate") } },
    { resOutputsEvent: { metadata: metadata("create", "stop") } },
    { resOpFailedEvent: { metadata: metadata("create", "migrate") } },
    { resourcePreEvent: { metadata: metadata("same", "claim") } },
    { diagnosticEvent: { severity: "error", message: "<{%reset%}>it broke<{%reset%}>\n", color: "never" } },
    { diagnosticEvent: { severity: "info", message: "Waiting", color: "never", ephemeral: true } },
  ] as unknown as EngineEvent[]) {
    collector.add(event);
  }
  const report = collector.report({ operation: "up", succeeded: false, seconds: 1, output: "" });

  it("names each change once with its outcome, without the stack and what stayed the same", () => {
    expect(describeSteps(changes(report))).to.deep.equal([
      "create kubernetes:batch/v1:Job stop [spec]",
      "create kubernetes:batch/v1:Job migrate [spec] FAILED",
    ]);
  });

  it("gives the errors without colour codes and without lines of the moment", () => {
    expect(errors(report)).to.deep.equal(["it broke"]);
    expect(report.diagnostics).to.have.length(1);
  });
});

describe("small things", () => {
  it("Milvus serves while each Deployment has a ready pod", () => {
    expect(
      serves([
        { name: "proxy", ready: 1 },
        { name: "rootcoord", ready: 0 },
      ]),
    ).to.equal(false);
    expect(
      serves([
        { name: "proxy", ready: 1 },
        { name: "querynode", ready: 2 },
      ]),
    ).to.equal(true);
    expect(serves([])).to.equal(false);
  });

  it("columns line up whatever their colours", () => {
    expect(
      table([
        ["a", "b"],
        ["\u001b[31mlong\u001b[39m", "c"],
      ]),
    ).to.deep.equal(["  a      b", "  \u001b[31mlong\u001b[39m   c"]);
  });
});
