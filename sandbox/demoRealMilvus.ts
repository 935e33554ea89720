/** The demo's second act: a real Milvus with vectors in it is upgraded, and answers as before. */
import pc from "picocolors";
import { table } from "../cli/format/table";
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

/** @param charts folder of the charts */
export async function realMilvusAct(sandbox: Sandbox, charts: string): Promise<void> {
  title("Second act: real Milvus servers, real vectors");
  try {
    for (const version of [FROM, TO]) await ensureServer(version, detail);
  } catch (error) {
    if (!(error instanceof NoServer)) throw error;
    say(pc.yellow(`  SKIPPED: ${error.message}.`));
    say(pc.yellow("  The second act needs Linux on x86-64 and python3 with pip, which fetches the servers."));
    return;
  }
  detail(`the servers of Milvus ${FROM} and ${TO} are here`);

  title(`Milvus ${FROM} standalone, installed by the Helm CLI: helm install ${RELEASE.name} ${FROM_CHART}`);
  const installed = { ...VALUES, image: { all: { tag: `v${FROM}` } } };
  await installMilvus(sandbox, RELEASE, `${charts}/${FROM_CHART}`, installed);
  const [vector = []] = someVectors(1);
  const before = await withMilvus(sandbox, RELEASE, async (client) => {
    await createCollection(client, COLLECTION, ROWS);
    return { hits: await nearest(client, COLLECTION, vector), version: (await client.getVersion()).version };
  });
  detail(`collection ${COLLECTION}: ${ROWS} vectors, an IVF_FLAT index, loaded; it answers`);

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
  const meter = new AnswerMeter(sandbox, RELEASE, COLLECTION, vector);
  const started = Date.now();
  await stack.up({ onEvent: (event) => showProgress(event, started) });
  const silent = await meter.stop();
  const after = await withMilvus(sandbox, RELEASE, async (client) => ({
    hits: await nearest(client, COLLECTION, vector),
    version: (await client.getVersion()).version,
  }));

  title("Before and after, as the servers say");
  const neighbour = ({ hits }: typeof before, index: number) => {
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
