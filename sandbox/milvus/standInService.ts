/**
 * As much of Milvus' gRPC service as a stand-in answers: its version, and collections that are made, filled, loaded, searched
 * and dropped. What it holds outlives its pods, as object storage does, and a whole search is done by comparing every row.
 */
import { Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData } from "@grpc/grpc-js";
import { getGRPCService } from "@zilliz/milvus2-sdk-node";

export interface StandInService {
  /** On 127.0.0.1. */
  readonly port: number;
  close(): void;
}

export interface StandInBehaviour {
  /** As the server says it, e.g. `v2.5.16`. */
  readonly version: string;
  readonly collections: Collections;
  /** Inserts are refused; everything that is there is answered for. */
  readonly refusesWrites: () => boolean;
}

interface Row {
  readonly id: string;
  readonly vector: readonly number[];
}

interface Collection {
  /** As the request to create it encodes it: field 2 of a description. */
  readonly schema: Buffer;
  readonly rows: Map<string, Row>;
  indexed: boolean;
  loaded: boolean;
}

export type Collections = Map<string, Collection>;

/** Of each release, by a name that tells releases apart. */
const kept = new Map<string, Collections>();

export function collectionsOf(release: string): Collections {
  const found = kept.get(release) ?? new Map<string, Collection>();
  kept.set(release, found);
  return found;
}

const OK = { error_code: "Success", reason: "" };
const FAILED = "UnexpectedError";
/** In Milvus' words where no node serves the log of a channel. */
export const REFUSAL = "channel by-dev-rootcoord-dml_0 is not available: no streaming node serves it";

const { service } = getGRPCService(
  { serviceName: "milvus.proto.milvus.MilvusService" },
  { keepCase: true, longs: String, enums: String, defaults: true, oneofs: true },
);

interface Request {
  readonly collection_name: string;
  readonly collection_names: readonly string[];
  readonly schema: Buffer;
  readonly placeholder_group: Buffer;
  readonly search_params: readonly { readonly key: string; readonly value: string }[];
  readonly fields_data: readonly {
    readonly scalars?: { readonly long_data?: { readonly data: readonly string[] } };
    readonly vectors?: { readonly dim: string; readonly float_vector?: { readonly data: readonly number[] } };
  }[];
}

type Answer = Readonly<Record<string, unknown>>;

/** Other calls are answered with "unimplemented", as by a server that is too old for them. */
export async function startStandInService(behaviour: StandInBehaviour): Promise<StandInService> {
  const server = new Server();
  const calls = answers(behaviour);
  const known = Object.fromEntries(
    Object.keys(calls).flatMap((name) => (service[name] ? [[name, service[name]]] : [])),
  );
  server.addService(known, Object.fromEntries(Object.entries(calls).map(([name, call]) => [name, handler(call)])));
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  return { port, close: () => server.forceShutdown() };
}

function handler(call: (request: Request) => Answer) {
  return ({ request }: ServerUnaryCall<Request, Answer>, reply: sendUnaryData<Answer>) => reply(null, call(request));
}

function answers({
  version,
  collections,
  refusesWrites,
}: StandInBehaviour): Record<string, (request: Request) => Answer> {
  const withCollection = (answer: (collection: Collection, request: Request) => Answer) => (request: Request) => {
    const { collection_name: name } = request;
    const found = collections.get(name);
    // A mere status has no field of that name, and is the answer itself.
    const missing = { error_code: FAILED, reason: `collection not found[collection=${name}]` };
    return found === undefined ? { status: missing, ...missing } : answer(found, request);
  };
  return {
    GetVersion: () => ({ version }),
    ShowCollections: () => ({
      status: OK,
      collection_names: [...collections.keys()],
      collection_ids: [...collections.keys()].map((_, index) => index),
      created_timestamps: [...collections.keys()].map(() => 0),
      created_utc_timestamps: [...collections.keys()].map(() => 0),
    }),
    CreateCollection: ({ collection_name: name, schema }) => {
      if (!collections.has(name)) collections.set(name, { schema, rows: new Map(), indexed: false, loaded: false });
      return OK;
    },
    DescribeCollection: withCollection(({ schema }, { collection_name }) => ({
      status: OK,
      collection_name,
      schema: schemaOf(schema),
    })),
    GetCollectionStatistics: withCollection(({ rows }) => ({
      status: OK,
      stats: [{ key: "row_count", value: String(rows.size) }],
    })),
    Insert: withCollection(({ rows }, request) => {
      if (refusesWrites()) return { status: { error_code: FAILED, reason: REFUSAL } };
      for (const row of rowsOf(request)) rows.set(row.id, row);
      return { status: OK, insert_cnt: rows.size };
    }),
    Flush: () => ({ status: OK, coll_segIDs: {} }),
    GetFlushState: () => ({ status: OK, flushed: true }),
    CreateIndex: withCollection((collection) => {
      collection.indexed = true;
      return OK;
    }),
    DescribeIndex: withCollection(({ indexed }) =>
      indexed
        ? {
            status: OK,
            index_descriptions: [
              {
                index_name: "vector",
                field_name: "vector",
                params: [
                  { key: "index_type", value: "FLAT" },
                  { key: "metric_type", value: "L2" },
                ],
              },
            ],
          }
        : { status: { error_code: "IndexNotExist", reason: "index not found" } },
    ),
    LoadCollection: withCollection((collection) => {
      collection.loaded = collection.indexed;
      return collection.indexed ? OK : { error_code: FAILED, reason: "index not found" };
    }),
    GetLoadState: withCollection(({ loaded }) => ({
      status: OK,
      state: loaded ? "LoadStateLoaded" : "LoadStateNotLoad",
    })),
    Search: withCollection(search),
    DropCollection: withCollection((_, { collection_name: name }) => {
      collections.delete(name);
      return OK;
    }),
  };
}

function schemaOf(schema: Buffer): unknown {
  const method = service.DescribeCollection;
  if (method === undefined) throw new Error("the client's library knows no DescribeCollection");
  return (
    method.responseDeserialize(Buffer.concat([Buffer.from([0x12, ...varint(schema.length)]), schema])) as {
      schema: unknown;
    }
  ).schema;
}

function varint(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)];
}

function rowsOf({ fields_data: fields }: Request): Row[] {
  const ids = fields.flatMap(({ scalars }) => scalars?.long_data?.data ?? []);
  const vectors = fields.find(({ vectors: found }) => found?.float_vector)?.vectors;
  const size = Number(vectors?.dim ?? 0);
  return ids.map((id, index) => ({
    id,
    vector: vectors?.float_vector?.data.slice(index * size, (index + 1) * size) ?? [],
  }));
}

/** By L2, for one vector: it ends the message that holds it. */
function search({ rows, loaded }: Collection, { placeholder_group: group, search_params: params }: Request): Answer {
  if (!loaded) return { status: { error_code: FAILED, reason: "collection not loaded" } };
  const size = [...rows.values()][0]?.vector.length ?? 0;
  const wanted = Array.from({ length: size }, (_, index) => group.readFloatLE(group.length - 4 * (size - index)));
  const limit = Number(params.find(({ key }) => key === "topk")?.value ?? 1);
  const nearest = [...rows.values()]
    .map(({ id, vector }) => ({
      id,
      distance: vector.reduce((sum, value, index) => sum + (value - (wanted[index] ?? 0)) ** 2, 0),
    }))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, limit);
  const ids = { int_id: { data: nearest.map(({ id }) => id) } };
  return {
    status: OK,
    results: {
      num_queries: 1,
      top_k: nearest.length,
      topks: [nearest.length],
      scores: nearest.map(({ distance }) => distance),
      ids,
      fields_data: [{ type: "Int64", field_name: "id", scalars: { long_data: ids.int_id } }],
      output_fields: ["id"],
    },
  };
}
