/** The verification's questions, put by the official client. It is loaded when it is first used: it takes half a second. */
import type { MilvusClient, ResStatus } from "@zilliz/milvus2-sdk-node";
import { hideKnown } from "../upgrade/secrets/text";
import {
  type CollectionAddress,
  type CollectionSchema,
  ServiceError,
  type WritableService,
  type WrittenRow,
} from "./service";
import {
  DEFAULT_DATABASE,
  type Hit,
  type IndexSnapshot,
  type LoadState,
  type Query,
  type QueryAnswer,
} from "./snapshot";

export interface Credentials {
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** API key; wins over name and password. */
  readonly token?: string | undefined;
}

/** PEM texts, not paths. */
export interface TlsSettings {
  readonly ca?: string | undefined;
  readonly certificate?: string | undefined;
  readonly key?: string | undefined;
  /** Name in the server's certificate, where it is not the address: by port-forward it never is. */
  readonly serverName?: string | undefined;
  readonly insecure?: boolean | undefined;
}

export interface ServiceSettings {
  /** `host:port`. */
  readonly address: string;
  readonly credentials?: Credentials;
  /** Missing: plain text. */
  readonly tls?: TlsSettings;
  /** For one call, in milliseconds. */
  readonly timeout: number;
  /** For loading one collection, and for flushing one, in milliseconds. */
  readonly loadTimeout: number;
}

/** gRPC: the server does not know the call. */
const UNIMPLEMENTED = 12;
/** The client's own words, before it asks an old server. */
const NOT_SUPPORTED = /not supported on this version of milvus/i;
const CONSISTENCY_BOUNDED = 2;
const POLL_MS = 500;
/** Fields of the collections that are made here. */
export const ID_FIELD = "id";
export const VECTOR_FIELD = "vector";

/**
 * Connects and makes sure that something answers.
 *
 * @throws ServiceError
 */
export async function openService(settings: ServiceSettings): Promise<WritableService> {
  const { MilvusClient } = await import("@zilliz/milvus2-sdk-node");
  const { address, credentials, tls, timeout } = settings;
  const client = new MilvusClient({
    address,
    timeout,
    maxRetries: 1,
    logLevel: "error",
    // Else a connection to the same address that failed a moment ago is asked instead of the address: for seconds after Milvus
    // answers again it says "No connection established", and of the cause "null".
    channelOptions: { "grpc.use_local_subchannel_pool": 1 },
    ...(credentials?.token !== undefined && { token: credentials.token }),
    ...(credentials?.username !== undefined && { username: credentials.username }),
    ...(credentials?.password !== undefined && { password: credentials.password }),
    ...(tls !== undefined && { ssl: true, tls: tlsOptions(tls) }),
  });
  try {
    await client.connectPromise;
  } catch (error) {
    await client.closeConnection().catch(() => undefined);
    throw new ServiceError(`Milvus does not answer at ${address}: ${reasonOf(error, settings)}`);
  }
  return new SdkService(client, settings);
}

function tlsOptions({ ca, certificate, key, serverName, insecure }: TlsSettings) {
  const buffer = (text: string | undefined) => (text === undefined ? undefined : Buffer.from(text));
  const [rootCert, certChain, privateKey] = [buffer(ca), buffer(certificate), buffer(key)];
  return {
    ...(rootCert && { rootCert }),
    ...(certChain && { certChain }),
    ...(privateKey && { privateKey }),
    ...(serverName !== undefined && { serverName }),
    ...(insecure !== undefined && { skipCertCheck: insecure }),
  };
}

class SdkService implements WritableService {
  constructor(
    private readonly client: MilvusClient,
    private readonly settings: ServiceSettings,
  ) {}

  async version(): Promise<string> {
    // The types leave the status out.
    const answer = await this.#failing("report its version", this.client.getVersion());
    const { status, version } = answer as { readonly status?: ResStatus | null; readonly version: string };
    if (status) this.#succeeded("report its version", status);
    return version;
  }

  async databases(): Promise<readonly string[]> {
    try {
      const { db_names } = await this.#ask("its databases", this.client.listDatabases());
      return db_names.length > 0 ? [...db_names].sort() : [DEFAULT_DATABASE];
    } catch (error) {
      if (error instanceof NotKnown) return [DEFAULT_DATABASE];
      throw error;
    }
  }

  async collections(database: string): Promise<readonly string[]> {
    const { data } = await this.#ask(
      `the collections of the database ${database}`,
      this.client.showCollections({ ...inDatabase(database) }),
    );
    return data.map(({ name }) => name).sort();
  }

  async describe(collection: CollectionAddress): Promise<CollectionSchema> {
    const { schema } = await this.#ask(
      `the schema of ${collection.name}`,
      this.client.describeCollection(named(collection)),
    );
    const primary = schema.fields.find(({ is_primary_key }) => is_primary_key);
    const vectors = schema.fields
      .filter(({ data_type }) => data_type === "FloatVector")
      .map(({ name, type_params }) => ({
        name,
        dimensions: Number(type_params.find(({ key }) => key === "dim")?.value ?? 0),
      }));
    return {
      primaryKey: { name: primary?.name ?? "", isText: primary?.data_type === "VarChar" },
      vectors,
      ...(schema.description !== "" && { description: schema.description }),
    };
  }

  async statistics(collection: CollectionAddress) {
    const [{ data }, loadState, indexes] = await Promise.all([
      this.#ask(`the statistics of ${collection.name}`, this.client.getCollectionStatistics(named(collection))),
      this.loadState(collection),
      this.#indexes(collection),
    ]);
    return { rows: Number(data.row_count ?? 0), loadState, indexes };
  }

  async loadState(collection: CollectionAddress): Promise<LoadState> {
    const { state } = await this.#ask(
      `the load state of ${collection.name}`,
      this.client.getLoadState(named(collection)),
    );
    const name: string = state;
    return name === "LoadStateLoaded" ? "loaded" : name === "LoadStateLoading" ? "loading" : "not loaded";
  }

  async #indexes(collection: CollectionAddress): Promise<readonly IndexSnapshot[]> {
    const answer = await this.client.describeIndex(named(collection)).catch((error: unknown) => {
      throw new ServiceError(
        `Milvus does not report the indexes of ${collection.name}: ${reasonOf(error, this.settings)}`,
      );
    });
    // Some versions answer a collection without an index with an error.
    if (/index(?:es)? (?:not found|not exist|doesn't exist)/i.test(answer.status.reason)) return [];
    this.#succeeded(`the indexes of ${collection.name}`, answer.status);
    return answer.index_descriptions
      .map(({ field_name, index_name, params }) => {
        const value = (name: string) => params.find(({ key }) => key === name)?.value;
        const metric = value("metric_type");
        return {
          field: field_name,
          name: index_name,
          type: String(value("index_type") ?? ""),
          ...(metric !== undefined && { metric: String(metric) }),
        };
      })
      .sort((a, b) => a.field.localeCompare(b.field) || a.name.localeCompare(b.name));
  }

  async sampleVector(
    collection: CollectionAddress,
    { primaryKey }: CollectionSchema,
    field: string,
  ): Promise<readonly number[] | undefined> {
    const filter = primaryKey.isText ? `${primaryKey.name} >= ""` : `${primaryKey.name} > -9223372036854775807`;
    const answer = await this.client
      .query({ ...named(collection), filter, output_fields: [field], limit: 1 })
      .catch(() => undefined);
    const vector: unknown = answer?.data[0]?.[field];
    return Array.isArray(vector) ? (vector as number[]) : undefined;
  }

  async search(query: Query): Promise<QueryAnswer> {
    try {
      const answer = await this.client.search({
        ...inDatabase(query.database),
        collection_name: query.collection,
        data: [[...query.vector]],
        anns_field: query.field,
        limit: query.limit,
        output_fields: [query.primaryKey],
        params: { ...query.params },
        consistency_level: CONSISTENCY_BOUNDED,
        ...(query.metric !== undefined && { metric_type: query.metric }),
        ...(query.filter !== undefined && { filter: query.filter }),
      });
      this.#succeeded("a search", answer.status);
      return { query, hits: hitsOf(answer.results, query.primaryKey) };
    } catch (error) {
      return { query, hits: [], error: error instanceof ServiceError ? error.reason : reasonOf(error, this.settings) };
    }
  }

  async reload(collection: CollectionAddress): Promise<void> {
    const { client } = this;
    const what = (verb: string) => `${verb} the collection ${collection.name}`;
    await this.#done(what("release"), client.releaseCollection(named(collection)));
    await this.#loaded(collection);
  }

  async #loaded(collection: CollectionAddress): Promise<void> {
    await this.#done(`load the collection ${collection.name}`, this.client.loadCollectionAsync(named(collection)));
    await this.#until(
      async () => (await this.loadState(collection)) === "loaded",
      `Milvus has not loaded ${collection.name}`,
    );
  }

  /** The client's own waits have no end. */
  async #until(holds: () => Promise<boolean>, otherwise: string): Promise<void> {
    const { loadTimeout } = this.settings;
    const deadline = Date.now() + loadTimeout;
    while (!(await holds())) {
      if (Date.now() > deadline) throw new ServiceError(`${otherwise} within ${loadTimeout / 1000} s.`);
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  async create(collection: CollectionAddress, description: string, dimensions: number): Promise<void> {
    const { DataType } = await import("@zilliz/milvus2-sdk-node");
    const fields = [
      { name: ID_FIELD, data_type: DataType.Int64, is_primary_key: true },
      { name: VECTOR_FIELD, data_type: DataType.FloatVector, dim: dimensions },
    ];
    const made = this.client.createCollection({ ...named(collection), description, fields, shards_num: 1 });
    await this.#done(`create the collection ${collection.name}`, made);
  }

  async insert(collection: CollectionAddress, rows: readonly WrittenRow[]): Promise<void> {
    const data = rows.map(({ id, vector }) => ({ [ID_FIELD]: id, [VECTOR_FIELD]: [...vector] }));
    const what = `insert into the collection ${collection.name}`;
    const { status } = await this.#failing(what, this.client.insert({ ...named(collection), data }));
    this.#succeeded(what, status);
  }

  async flush(collection: CollectionAddress): Promise<void> {
    const what = `flush the collection ${collection.name}`;
    const request = { ...inDatabase(collection.database), collection_names: [collection.name] };
    const answer = await this.#failing(what, this.client.flush(request));
    this.#succeeded(what, answer.status);
    const segments = answer.coll_segIDs as Readonly<Record<string, { readonly data: number[] }>>;
    const segmentIDs = Object.values(segments).flatMap(({ data }) => data);
    await this.#until(async () => {
      const { status, flushed } = await this.#failing(what, this.client.getFlushState({ segmentIDs }));
      this.#succeeded(what, status);
      return flushed;
    }, `Milvus has not flushed ${collection.name}`);
  }

  async load(collection: CollectionAddress): Promise<void> {
    const index = { field_name: VECTOR_FIELD, index_type: "FLAT", metric_type: "L2" };
    await this.#done(
      `index the collection ${collection.name}`,
      this.client.createIndex({ ...named(collection), ...index }),
    );
    await this.#loaded(collection);
  }

  async drop(collection: CollectionAddress): Promise<void> {
    await this.#done(`drop the collection ${collection.name}`, this.client.dropCollection(named(collection)));
  }

  async close(): Promise<void> {
    await this.client.closeConnection().catch(() => undefined);
  }

  async #ask<T extends { readonly status: ResStatus }>(what: string, call: Promise<T>): Promise<T> {
    const answer = await this.#failing(`tell ${what}`, call);
    this.#succeeded(`tell ${what}`, answer.status);
    return answer;
  }

  /** What answers with nothing but a status. */
  async #done(what: string, call: Promise<ResStatus>): Promise<void> {
    this.#succeeded(what, await this.#failing(what, call));
  }

  async #failing<T>(what: string, call: Promise<T>): Promise<T> {
    try {
      return await call;
    } catch (error) {
      const { code } = error as { readonly code?: number };
      const reason = reasonOf(error, this.settings);
      const Kind = code === UNIMPLEMENTED || NOT_SUPPORTED.test(reason) ? NotKnown : ServiceError;
      throw new Kind(`Milvus does not ${what}: ${reason}`, reason);
    }
  }

  #succeeded(what: string, status: ResStatus): void {
    if (status.error_code !== "Success" || (status.code ?? 0) !== 0) {
      const reason = hideKnown(status.reason || String(status.error_code), secretsOf(this.settings));
      throw new ServiceError(`Milvus does not ${what}: ${reason}`, reason);
    }
  }
}

/** One vector was asked for, so the results are one list, whatever the types say. */
function hitsOf(results: unknown, primaryKey: string): Hit[] {
  const hits = (Array.isArray(results) && Array.isArray(results[0]) ? results[0] : results) as readonly Readonly<
    Record<string, string | number>
  >[];
  return hits.map((hit) => ({ id: String(hit[primaryKey] ?? ""), distance: Number(hit.score) }));
}

function inDatabase(database: string): { readonly db_name?: string } {
  // A server before 2.2.9 knows no databases, and refuses to be asked about one.
  return database === DEFAULT_DATABASE ? {} : { db_name: database };
}

function named({ database, name }: CollectionAddress): { readonly collection_name: string; readonly db_name?: string } {
  return { ...inDatabase(database), collection_name: name };
}

class NotKnown extends ServiceError {}

/** The first line of gRPC's own words; never what was sent, also where the server repeats it. */
function reasonOf(error: unknown, settings: ServiceSettings): string {
  const { details, message } = error as { readonly details?: string; readonly message?: string };
  const words = (details === undefined || details === "" ? message : details) ?? String(error);
  return hideKnown(words.split("\n")[0] ?? "", secretsOf(settings));
}

/** A token may be a name and a password; the name alone is none. */
function secretsOf({ credentials = {}, tls = {} }: ServiceSettings): string[] {
  const { username = "", password, token } = credentials;
  const together = password === undefined ? undefined : `${username}:${password}`;
  const ofToken = token === undefined ? undefined : token.slice(token.indexOf(":") + 1);
  return [token, ofToken, password, together, tls.key].filter(
    (text): text is string => text !== undefined && text !== "",
  );
}
