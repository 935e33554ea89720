/** The demo's second act: a real Milvus with vectors in it is upgraded, and answers as before. */
import type { MilvusClient } from "@zilliz/milvus2-sdk-node";
import pc from "picocolors";
import { table } from "../cli/format/table";
import type { Hit } from "../verify/snapshot";
import { AnswerMeter } from "./answerMeter";
import { detail, say, showPreview, showProgress, title } from "./demoOutput";
import { openStack } from "./engine";
import { ensureServer, NoServer } from "./milvus/real/installServer";
import { createCollection, nearest, someVectors, withMilvus } from "./milvusData";
import { installMilvus, type ReleaseName } from "./milvusRelease";
import type { Sandbox } from "./sandbox";

const RELEASE: ReleaseName = { name: "vectors", namespace: "vectors" };
const FROM = "2.2.16";
const TO = "2.3.5";
const FROM_CHART = "milvus-4.0.34";
const COLLECTION = "books";
const ROWS = 1000;
const VALUES = { cluster: { enabled: false }, pulsar: { enabled: false } };

/** What somebody sees who asks the server. */
interface Answers {
  readonly hits: readonly Hit[];
  readonly version: string;
}

const [VECTOR = []] = someVectors(1);

/** The second act's Milvus, which gets ready while the first act runs: fetching a server and starting it takes its time. */
export class RealMilvusAct {
  private readonly servers: Promise<void>;
  private readonly installed: Promise<Answers>;
  /** What is said before it is this act's turn. */
  private readonly early: string[] = [];
  private isOn = false;

  /** @param charts folder of the charts */
  constructor(
    private readonly sandbox: Sandbox,
    private readonly charts: string,
  ) {
    this.servers = this.fetchServers();
    this.installed = this.servers.then(() => this.install());
    // What goes wrong is said when it is this act's turn, which a first act that fails does not come to.
    this.installed.catch(() => undefined);
  }

  async play(): Promise<void> {
    title("Second act: real Milvus servers, real vectors");
    this.isOn = true;
    for (const line of this.early) detail(line);
    try {
      await this.servers;
    } catch (error) {
      if (!(error instanceof NoServer)) throw error;
      say(pc.yellow(`  SKIPPED: ${error.message}.`));
      say(pc.yellow("  The second act needs Linux on x86-64 and python3 with pip, which fetches the servers."));
      return;
    }
    detail(`the servers of Milvus ${FROM} and ${TO} are here`);
    title(`Milvus ${FROM} standalone, installed by the Helm CLI: helm install ${RELEASE.name} ${FROM_CHART}`);
    const before = await this.installed;
    detail(`collection ${COLLECTION}: ${ROWS} vectors, an IVF_FLAT index, loaded; it answers`);
    await upgrade(this.sandbox, this.charts, before);
  }

  private async fetchServers(): Promise<void> {
    for (const version of [FROM, TO]) {
      await ensureServer(version, (line) => (this.isOn ? detail(line) : void this.early.push(line)));
    }
  }

  private async install(): Promise<Answers> {
    const values = { ...VALUES, image: { all: { tag: `v${FROM}` } } };
    await installMilvus(this.sandbox, RELEASE, `${this.charts}/${FROM_CHART}`, values);
    return withMilvus(this.sandbox, RELEASE, async (client) => {
      await createCollection(client, COLLECTION, ROWS);
      return answers(client);
    });
  }
}

async function answers(client: MilvusClient): Promise<Answers> {
  return { hits: await nearest(client, COLLECTION, VECTOR), version: (await client.getVersion()).version };
}

async function upgrade(sandbox: Sandbox, charts: string, before: Answers): Promise<void> {
  title(`pulumi config set milvus:version ${TO}`);
  const stack = await openStack({
    sandbox,
    stackName: "vectors",
    log: detail,
    config: {
      "milvus:version": TO,
      "milvus:release": RELEASE.name,
      "milvus:namespace": RELEASE.namespace,
      "milvus:values": VALUES,
      "milvus:chartSource": { folder: charts },
      "milvus:verify": "data",
      "milvus:timeouts": { settle: "5s" },
    },
  });
  title("pulumi preview");
  showPreview(await stack.preview());

  title("pulumi up, with a search every 0.2 s");
  const meter = new AnswerMeter(sandbox, RELEASE, COLLECTION, VECTOR);
  const started = Date.now();
  await stack.up({ onEvent: (event) => showProgress(event, started) });
  const silent = await meter.stop();
  const after = await withMilvus(sandbox, RELEASE, answers);

  title("Before and after, as the servers say");
  const neighbour = ({ hits }: Answers, index: number) => {
    const hit = hits[index];
    return hit === undefined ? "-" : `row ${hit.id}, distance ${hit.distance.toFixed(4)}`;
  };
  say(
    table([
      ["", pc.bold("before"), pc.bold("after")],
      ["version", before.version, after.version],
      ...before.hits.map((_, index) => [`neighbour ${index + 1}`, neighbour(before, index), neighbour(after, index)]),
      ["without answers", "", `${silent.toFixed(1)} s`],
    ]).join("\n"),
  );
}
