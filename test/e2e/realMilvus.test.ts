import path from "node:path";
import { expect } from "chai";
import type { EngineStack } from "../../sandbox/engine";
import { projectFolder } from "../../sandbox/folders";
import { ensureServer, NoServer } from "../../sandbox/milvus/real/installServer";
import {
  createCollection,
  deleteRow,
  dropCollection,
  insertRows,
  nearest,
  someVectors,
  withMilvus,
} from "../../sandbox/milvusData";
import { tryRun } from "../../sandbox/run";
import { tsxCommand } from "../../sandbox/tsx";
import { recordContent } from "../../verify/record";
import { killUpWhen } from "./support/killedRun";
import { failureOf, startTestBed, type TestBed, until } from "./support/testBed";

const FIRST = { name: "my-release", namespace: "milvus" } as const;
const SECOND = { name: "other", namespace: "other" } as const;

const VALUES = { cluster: { enabled: false }, pulsar: { enabled: false } } as const;
const installed = (version: string) => ({ ...VALUES, image: { all: { tag: `v${version}` } } });
const [QUERY = []] = someVectors(1);

/** What a failed verification lists. */
const listed = (message: string) => [...new Set([...message.matchAll(/^ {2}- (.*)$/gm)].map(([, line = ""]) => line))];

describe("real Milvus servers, upgraded with their data verified", () => {
  let bed: TestBed;
  let first: EngineStack;
  let stop = () => Promise.resolve();

  before(async function () {
    try {
      for (const version of ["2.2.16", "2.3.4", "2.3.5"]) {
        await ensureServer(version, (line) => process.stdout.write(`      ${line}\n`));
      }
    } catch (error) {
      if (!(error instanceof NoServer)) throw error;
      process.stdout.write(`\n      SKIPPED: there are no real Milvus servers on this machine: ${error.message}\n\n`);
      this.skip();
    }
    bed = await startTestBed({ realMilvus: true });
    stop = () => bed.stop();
    // An empty queue makes the new server slow to answer for loaded collections: 30 to 40 s.
    bed.faults({ milvusSettings: { longestGraceMs: 2000, losesQueue: true } });
    await bed.install("4.0.34", installed("2.2.16"), FIRST);
    await withMilvus(bed.sandbox, FIRST, async (client) => {
      await createCollection(client, "books", 1000);
      await createCollection(client, "pens", 200, 7);
      await createCollection(client, "papers", 300, 9);
      await client.createDatabase({ db_name: "library" });
      await client.useDatabase({ db_name: "library" });
      await createCollection(client, "books", 100, 11);
    });
    first = await bed.stack({
      "milvus:version": "2.3.5",
      "milvus:values": VALUES,
      "milvus:verify": "data",
      "milvus:timeouts": { settle: "1s", answers: "1s" },
    });
  });
  after(() => stop());

  const record = async (release: { readonly name: string; readonly namespace: string }) => {
    const text = await bed.sandbox.kubectl([
      ...["get", "configmap", "-n", release.namespace, "-l", "milvus-upgrade/verification", "-o"],
      'jsonpath={range .items[*]}{.metadata.name} {.metadata.annotations.milvus-upgrade/verification}{"\\n"}{end}',
    ]);
    return text.trim().replaceAll("\n", ", ");
  };

  const passLongAgo = async (from: string, to: string) => {
    const attempt = { from, to, revision: 1, ordinal: 1 };
    const { name, labels, annotations, data } = recordContent(
      { releaseName: FIRST.name, namespace: FIRST.namespace },
      { configMap: `earlier-${to}`, attempt, status: "passed", summary: "" },
    );
    const object = { apiVersion: "v1", kind: "ConfigMap", metadata: { name, labels, annotations }, data };
    await bed.sandbox.kubectl(["apply", "-n", FIRST.namespace, "-f", "-"], { input: JSON.stringify(object) });
  };

  it("says in the preview what will be looked at, and that the snapshot is taken first", async () => {
    await first.setConfig({ "milvus:reload": true });
    const text = (await first.preview()).diagnostics.map(({ message }) => message).join("\n");
    expect(text).to.match(/verification: data: a snapshot is taken before anything changes/);
    expect(text).to.match(/RELEASED and loaded again: its searches fail meanwhile/);
    await first.setConfig({ "milvus:reload": false });
    expect(await record(FIRST)).to.equal("");
  });

  it("2.2.16 → 2.3.5 fails after everything is in place: loaded collections do not answer, and nothing else is wrong", async () => {
    for (const to of ["2.2.13", "2.2.14", "2.2.15"]) await passLongAgo("2.2.12", to);
    const { message } = await failureOf(first.up());
    const lines = listed(message);
    expect(lines).to.have.length(4);
    for (const [index, name] of ["books", "papers", "pens", "library.books"].entries()) {
      expect(lines[index]).to.match(new RegExp(`^A search in ${name} fails \\(.*not loaded`));
    }
    expect(message).to.contain("npm run verify -- --reload").and.to.contain("The way back: ");
    expect(await record(FIRST)).to.equal(
      [
        ...["13", "14", "15"].map((to) => `earlier-2.2.${to} passed`),
        "my-release-verify-2.2.16-to-2.3.5-r1 failed",
      ].join(", "),
    );
    const version = await withMilvus(bed.sandbox, FIRST, async (client) => (await client.getVersion()).version);
    expect(version).to.match(/^v2\.3\.5/);
  });

  it("passes with npm run verify -- --reload, as the failure said, against the same snapshot; of what had passed the last three stay", async () => {
    const project = path.join(bed.sandbox.folder, "stacks", "dev", "project");
    const [node, args] = tsxCommand(path.join(projectFolder, "cli", "main.ts"), [
      "verify",
      "--reload",
      "--cwd",
      project,
    ]);
    const { exitCode, stdout, stderr } = await tryRun(node, args, { env: bed.sandbox.env, timeoutSeconds: 120 });
    expect(stderr).to.match(/books does not answer \(.*\): releasing and loading it again/);
    expect(stdout).to.match(/passed: .*4 collections with 1600 rows, 4 answers as before/);
    expect(exitCode).to.equal(0);
    expect(await record(FIRST)).to.equal(
      "earlier-2.2.14 passed, earlier-2.2.15 passed, my-release-verify-2.2.16-to-2.3.5-r1 passed",
    );
  });

  it("finds a collection that was removed, rows that were added and a neighbour that was changed, each by name", async () => {
    await withMilvus(bed.sandbox, FIRST, async (client) => {
      const [, nextBest] = await nearest(client, "books", QUERY);
      await deleteRow(client, "books", Number(nextBest?.id));
      await dropCollection(client, "pens");
      await insertRows(
        client,
        "papers",
        someVectors(10, 3).map((vector) => vector.map((x) => x + 9)),
        5000,
      );
    });
    // As a run that died before its verification: the snapshot is still to be compared with.
    await bed.sandbox.kubectl([
      ...["annotate", "configmap", "my-release-verify-2.2.16-to-2.3.5-r1", "-n", FIRST.namespace, "--overwrite"],
      "milvus-upgrade/verification=pending",
    ]);
    const lines = listed((await failureOf(first.up())).message);
    expect(lines.map((line) => line.replace(/\(.*/, "").trim())).to.have.members([
      "The collection papers has 310 rows; it had 300.",
      "The collection pens",
      "The neighbours in books are others",
    ]);
  });

  it("the next hop is refused until it is verified", async () => {
    await first.setConfig({ "milvus:version": "2.4.16" });
    const { message } = await failureOf(first.preview());
    expect(message)
      .to.contain("a_failed_verification_blocks_the_next_hop")
      .and.to.contain("pens (200 rows) is not there");
    await first.setConfig({ "milvus:version": "2.3.5" });
  });

  it("going back to 2.2.16 is refused with the reason", async () => {
    await first.setConfig({ "milvus:version": "2.2.16" });
    const { message } = await failureOf(first.preview());
    expect(message)
      .to.match(/2\.3.*2\.2/s)
      .and.to.match(/refused \(/);
  });

  it("2.3.4 → 2.3.5, killed in the middle, is continued and compared with the snapshot of the first run", async () => {
    bed.faults({ milvusSettings: { longestGraceMs: 2000 } });
    await bed.install("4.1.15", installed("2.3.4"), SECOND);
    const before = await withMilvus(bed.sandbox, SECOND, async (client) => {
      await createCollection(client, "books", 1000);
      return nearest(client, "books", QUERY);
    });
    const second = await bed.stack(
      {
        "milvus:release": SECOND.name,
        "milvus:namespace": SECOND.namespace,
        "milvus:version": "2.3.5",
        "milvus:values": VALUES,
        // The real server takes the write check too.
        "milvus:verify": "write",
        "milvus:timeouts": { settle: "1s", pending: "5s" },
      },
      "second",
    );
    const pending = async () =>
      (await bed.sandbox.helm(["list", "-n", SECOND.namespace, "--all", "-o", "json"])).includes("pending-upgrade");
    await killUpWhen(bed.sandbox, "the release is pending", pending, { stackName: "second" });
    await second.cancel();
    expect(await record(SECOND)).to.equal("other-verify-2.3.4-to-2.3.5-r1 pending");
    let said = "";
    await until(
      "an up that goes through",
      async () => {
        try {
          said = (await second.up()).diagnostics.map(({ message }) => message).join("\n");
          return true;
        } catch (error) {
          if (/pending/.test(String(error))) return false;
          throw error;
        }
      },
      90,
    );
    expect(await record(SECOND)).to.equal("other-verify-2.3.4-to-2.3.5-r1 passed");
    expect(said).to.contain("64 rows written, found and dropped");
    const names = await withMilvus(bed.sandbox, SECOND, async (client) => (await client.showCollections()).data);
    expect(names.map(({ name }) => name)).to.deep.equal(["books"]);
    const after = await withMilvus(bed.sandbox, SECOND, (client) => nearest(client, "books", QUERY));
    expect(after.map(({ id }) => id)).to.deep.equal(before.map(({ id }) => id));
  });
});
