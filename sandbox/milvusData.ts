/** Collections of a real Milvus in the sandbox, for the demo and the tests: made, searched and changed by the official client. */
import { DataType, MilvusClient } from "@zilliz/milvus2-sdk-node";
import { connect } from "../cluster/api/client";
import type { Hit } from "../verify/snapshot";
import type { ReleaseName } from "./milvusRelease";
import type { Sandbox } from "./sandbox";

export const DIMENSIONS = 16;
const CALL_MS = 20_000;
/** A call at the moment of a connection that is not there yet is made again, for six seconds in all: 0.2 s, 0.4 s and so on. */
const PATIENCE = { maxRetries: 5, retryDelay: 200 };
const LARGEST_NUMBER = 2 ** 31 - 1;

/** A client by a port-forward to the standalone pod, for as long as `work` takes. */
export async function withMilvus<T>(
  sandbox: Sandbox,
  { name, namespace }: ReleaseName,
  work: (client: MilvusClient) => Promise<T>,
): Promise<T> {
  const selector = `app.kubernetes.io/instance=${name},component=standalone`;
  const pod = await sandbox.kubectl([
    ...["get", "pods", "--namespace", namespace, "--selector", selector],
    "--field-selector=status.phase=Running",
    "--output=jsonpath={.items[0].metadata.name}",
  ]);
  const port = await connect({ kubeconfig: sandbox.kubeconfig }).forward({ namespace, pod, port: 19530 });
  const client = new MilvusClient({ address: port.address, timeout: CALL_MS, ...PATIENCE, logLevel: "error" });
  try {
    await client.connectPromise;
    return await work(client);
  } finally {
    await client.closeConnection().catch(() => undefined);
    port.close();
  }
}

/** The same vectors each time; row N of one seed is row N of every run. */
export function someVectors(rows: number, seed = 1): number[][] {
  let state = seed;
  const next = (): number => {
    state = (state * 48_271) % LARGEST_NUMBER;
    return state / LARGEST_NUMBER;
  };
  return Array.from({ length: rows }, () => Array.from({ length: DIMENSIONS }, next));
}

/** A collection of rows 0, 1, 2 … with an IVF_FLAT index, loaded. */
export async function createCollection(client: MilvusClient, name: string, rows: number, seed = 1): Promise<void> {
  const fields = [
    { name: "id", data_type: DataType.Int64, is_primary_key: true },
    { name: "vector", data_type: DataType.FloatVector, dim: DIMENSIONS },
  ];
  check(`create ${name}`, await client.createCollection({ collection_name: name, fields }));
  await insertRows(client, name, someVectors(rows, seed), 0);
  const index = { field_name: "vector", index_type: "IVF_FLAT", metric_type: "L2", params: { nlist: 16 } };
  check(`index ${name}`, await client.createIndex({ collection_name: name, ...index }));
  check(`load ${name}`, await client.loadCollectionSync({ collection_name: name }));
}

export async function insertRows(
  client: MilvusClient,
  name: string,
  vectors: readonly number[][],
  firstId: number,
): Promise<void> {
  const data = vectors.map((vector, index) => ({ id: firstId + index, vector }));
  check(`insert into ${name}`, (await client.insert({ collection_name: name, data })).status);
  check(`flush ${name}`, (await client.flushSync({ collection_names: [name] })).status);
}

export async function deleteRow(client: MilvusClient, name: string, id: number): Promise<void> {
  check(`delete from ${name}`, (await client.delete({ collection_name: name, filter: `id in [${id}]` })).status);
}

export async function dropCollection(client: MilvusClient, name: string): Promise<void> {
  check(`drop ${name}`, await client.dropCollection({ collection_name: name }));
}

/** The five nearest neighbours of a row's vector; throws with the server's words when it does not answer. */
export async function nearest(client: MilvusClient, name: string, vector: readonly number[]): Promise<Hit[]> {
  const answer = await client.search({
    collection_name: name,
    data: [...vector],
    limit: 5,
    output_fields: ["id"],
  });
  check(`search in ${name}`, answer.status);
  return answer.results.map(({ id, score }) => ({ id, distance: score }));
}

function check(what: string, { error_code, reason }: { readonly error_code: unknown; readonly reason: unknown }): void {
  if (error_code !== "Success") throw new Error(`cannot ${what}: ${String(reason)}`);
}
