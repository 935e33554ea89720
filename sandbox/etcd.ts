/** A small etcd v3 client over its JSON gateway: UTF-8 keys and values, every call with a time limit. */
import { readFileSync } from "node:fs";
import { Agent, fetch as fetchBy } from "undici";

export interface KeyValue {
  readonly key: string;
  readonly value: string;
  /** Lease id as a decimal string; undefined for a key that stays. */
  readonly lease?: string;
}

/** A lease id, as a decimal string: it does not fit a number. */
export type Lease = string;

export type Compare =
  | { readonly key: string; readonly exists: boolean }
  | { readonly key: string; readonly value: string };

export type Operation =
  | { readonly put: string; readonly value: string; readonly lease?: Lease }
  | { readonly delete: string };

export interface EtcdStatus {
  readonly version: string;
  /** Bytes. */
  readonly dbSize: number;
  readonly revision: number;
}

/** Files in PEM: with them etcd is asked by TLS. */
export interface TlsFiles {
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
}

interface RawKeyValue {
  readonly key: string;
  readonly value?: string;
  readonly lease?: string;
}

const PAGE = 1000;

const encode = (text: string): string => Buffer.from(text, "utf8").toString("base64");
const decode = (text: string | undefined): string => Buffer.from(text ?? "", "base64").toString("utf8");

/** The first key after all keys with this prefix, base64. */
function prefixEnd(prefix: string): string {
  const bytes = Buffer.from(prefix, "utf8");
  for (let index = bytes.length - 1; index >= 0; index -= 1) {
    const byte = bytes[index] ?? 0xff;
    if (byte < 0xff) {
      bytes[index] = byte + 1;
      return bytes.subarray(0, index + 1).toString("base64");
    }
  }
  return Buffer.from([0]).toString("base64");
}

function keyValue({ key, value, lease }: RawKeyValue): KeyValue {
  return { key: decode(key), value: decode(value), ...(lease && lease !== "0" ? { lease } : {}) };
}

export class EtcdClient {
  readonly #post: (
    path: string,
    body: string,
    signal: AbortSignal,
  ) => Promise<Pick<Response, "ok" | "status" | "text">>;

  /**
   * `endpoint` is `host:port`; `timeoutMs` limits each call, default 5 s.
   *
   * @throws where a file of the certificates cannot be read
   */
  constructor(
    readonly endpoint: string,
    private readonly timeoutMs = 5000,
    tls?: TlsFiles,
  ) {
    if (tls === undefined) {
      this.#post = (path, body, signal) => fetch(`http://${endpoint}${path}`, { method: "POST", body, signal });
      return;
    }
    const [ca, cert, key] = [tls.ca, tls.certificate, tls.key].map((file) => readFileSync(file, "utf8"));
    const dispatcher = new Agent({ connect: { ca, cert, key } });
    this.#post = (path, body, signal) =>
      fetchBy(`https://${endpoint}${path}`, { method: "POST", body, signal, dispatcher });
  }

  /** Undefined when there is no such key. */
  async get(key: string): Promise<string | undefined> {
    const { kvs } = await this.#call<{ kvs?: RawKeyValue[] }>("/v3/kv/range", { key: encode(key) });
    return kvs?.[0] && decode(kvs[0].value);
  }

  /** All keys with the prefix, in key order, as of one revision. */
  async list(prefix: string): Promise<KeyValue[]> {
    const found: KeyValue[] = [];
    const range_end = prefixEnd(prefix);
    let key = encode(prefix);
    let revision: string | undefined;
    for (;;) {
      const page: { header: { revision: string }; kvs?: RawKeyValue[]; more?: boolean } = await this.#call(
        "/v3/kv/range",
        {
          key,
          range_end,
          limit: PAGE,
          ...(revision ? { revision } : {}),
        },
      );
      revision ??= page.header.revision;
      const kvs = page.kvs ?? [];
      found.push(...kvs.map(keyValue));
      const last = kvs.at(-1);
      if (!page.more || !last) return found;
      key = Buffer.concat([Buffer.from(last.key, "base64"), Buffer.from([0])]).toString("base64");
    }
  }

  async put(key: string, value: string, lease?: Lease): Promise<void> {
    await this.#call("/v3/kv/put", { key: encode(key), value: encode(value), ...(lease ? { lease } : {}) });
  }

  async delete(key: string): Promise<void> {
    await this.#call("/v3/kv/deleterange", { key: encode(key) });
  }

  /** Returns how many keys it removed. */
  async deletePrefix(prefix: string): Promise<number> {
    const request = { key: encode(prefix), range_end: prefixEnd(prefix) };
    return Number((await this.#call<{ deleted?: string }>("/v3/kv/deleterange", request)).deleted ?? 0);
  }

  /** Does all operations if all comparisons hold; returns whether it did. */
  async transaction(compare: readonly Compare[], operations: readonly Operation[]): Promise<boolean> {
    const answer = await this.#call<{ succeeded?: boolean }>("/v3/kv/txn", {
      compare: compare.map((condition) =>
        "exists" in condition
          ? {
              key: encode(condition.key),
              target: "VERSION",
              result: condition.exists ? "GREATER" : "EQUAL",
              version: 0,
            }
          : { key: encode(condition.key), target: "VALUE", result: "EQUAL", value: encode(condition.value) },
      ),
      success: operations.map((operation) =>
        "put" in operation
          ? {
              request_put: {
                key: encode(operation.put),
                value: encode(operation.value),
                ...(operation.lease ? { lease: operation.lease } : {}),
              },
            }
          : { request_delete_range: { key: encode(operation.delete) } },
      ),
    });
    return answer.succeeded ?? false;
  }

  /** A lease of that many seconds; etcd may round very short ones up. */
  async grantLease(seconds: number): Promise<Lease> {
    return (await this.#call<{ ID: string }>("/v3/lease/grant", { TTL: seconds })).ID;
  }

  /** Renews the lease; returns the seconds it now has, 0 when it had expired. */
  async keepAlive(lease: Lease): Promise<number> {
    const answer = await this.#call<{ result?: { TTL?: string } }>("/v3/lease/keepalive", { ID: lease });
    return Number(answer.result?.TTL ?? 0);
  }

  /** Ends the lease; its keys go with it. */
  async revokeLease(lease: Lease): Promise<void> {
    await this.#call("/v3/lease/revoke", { ID: lease });
  }

  async status(): Promise<EtcdStatus> {
    type Answer = { version: string; dbSize?: string; header: { revision?: string } };
    const { version, dbSize, header } = await this.#call<Answer>("/v3/maintenance/status", {});
    return { version, dbSize: Number(dbSize ?? 0), revision: Number(header.revision ?? 0) };
  }

  async #call<T>(path: string, request: object): Promise<T> {
    let response: Pick<Response, "ok" | "status" | "text">;
    let text: string;
    try {
      response = await this.#post(path, JSON.stringify(request), AbortSignal.timeout(this.timeoutMs));
      text = await response.text();
    } catch (error) {
      const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
      throw new Error(`etcd at ${this.endpoint} does not answer (${path}): ${cause}`, { cause: error });
    }
    if (!response.ok)
      throw new Error(`etcd at ${this.endpoint} refused ${path}: ${response.status} ${text.slice(0, 500)}`);
    return JSON.parse(text) as T;
  }
}
