import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fastFolder } from "./folders";

/** Keys and values of a part of etcd; bytes as latin1 text. */
export type Entries = ReadonlyMap<string, string>;

interface KeyValue {
  readonly key: string;
  readonly value?: string;
  readonly lease?: string;
}

const encode = (text: string): string => Buffer.from(text, "latin1").toString("base64");
const decode = (text: string | undefined): string => Buffer.from(text ?? "", "base64").toString("latin1");

/** The first key after all keys with this prefix; prefixes here end in ASCII. */
const prefixEnd = (prefix: string): string =>
  prefix.slice(0, -1) + String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1);

/** A second door of an etcd, beside the one without TLS through which tests look at it. */
export interface SecureDoor {
  /** Files of test/fixtures/etcdTls without `.pem`. Default: server. */
  readonly certificate?: string;
  /** Clients must show a certificate that ca.pem has signed. */
  readonly asksClients?: boolean;
  /** As etcd writes it, such as TLS1.2. */
  readonly maxVersion?: string;
}

const CERTIFICATES = path.resolve(__dirname, "../../fixtures/etcdTls");

/** The path of a file of test/fixtures/etcdTls. */
export function certificateFile(name: string): string {
  return path.join(CERTIFICATES, `${name}.pem`);
}

const running = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

/** One etcd process in memory for all script tests, on loopback. Nothing of it is ever synced to a disk. */
export class TestEtcd {
  private constructor(
    readonly address: string,
    /** By TLS; answers only where a door was asked for. */
    readonly secureAddress: string,
    private readonly process: ChildProcess,
    private readonly folder: string,
  ) {}

  /**
   * etcd answers in JSON through whichever of its doors a map of Go names first (embed/etcd.go, pickGRPCGatewayServeContext): in one
   * start of eight through the one with TLS, whose certificate may be bad on purpose. Then it is started again.
   */
  static async start(binary: string, door?: SecureDoor): Promise<TestEtcd> {
    for (let left = 30; ; left--) {
      const etcd = await TestEtcd.startOnce(binary, door);
      const failure = door && (await etcd.range("/").then(() => undefined, String));
      if (failure === undefined) return etcd;
      await etcd.stop();
      if (left === 0) throw new Error(`etcd (${binary}) does not answer without TLS: ${failure}`);
    }
  }

  private static async startOnce(binary: string, door?: SecureDoor): Promise<TestEtcd> {
    const folder = mkdtempSync(path.join(fastFolder(), "etcd-"));
    const [client, peer, secure] = [await freePort(), await freePort(), await freePort()];
    const child = spawn(
      binary,
      [
        `--data-dir=${path.join(folder, "data")}`,
        "--unsafe-no-fsync",
        `--listen-client-urls=http://127.0.0.1:${client}${door ? `,https://127.0.0.1:${secure}` : ""}`,
        `--advertise-client-urls=http://127.0.0.1:${client}`,
        `--listen-peer-urls=http://127.0.0.1:${peer}`,
        `--initial-advertise-peer-urls=http://127.0.0.1:${peer}`,
        `--initial-cluster=default=http://127.0.0.1:${peer}`,
        // Leases live at least 1.5 election timeouts: with the default of 1 s a lease of 1 s could not be had.
        "--heartbeat-interval=20",
        "--election-timeout=400",
        "--log-level=error",
        ...secureOptions(door),
      ],
      { stdio: "ignore" },
    );
    running.add(child);
    child.once("exit", () => running.delete(child));
    const etcd = new TestEtcd(`127.0.0.1:${client}`, `127.0.0.1:${secure}`, child, folder);
    for (let look = 0; look < 600; look++) {
      if (
        await fetch(`http://${etcd.address}/health`).then(
          (response) => response.ok,
          () => false,
        )
      ) {
        return etcd;
      }
      if (child.exitCode !== null) {
        break;
      }
      await sleep(50);
    }
    await etcd.stop();
    throw new Error(`etcd (${binary}) did not start on ${etcd.address}`);
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.process.once("close", resolve));
    if (this.process.exitCode === null && this.process.signalCode === null) {
      this.process.kill("SIGKILL");
      await ended;
    }
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Stops answering, connections included; {@link thaw} goes on. */
  freeze(): void {
    this.process.kill("SIGSTOP");
  }

  thaw(): void {
    this.process.kill("SIGCONT");
  }

  private async call<T>(method: string, request: object): Promise<T> {
    const response = await fetch(`http://${this.address}/v3/${method}`, {
      method: "POST",
      body: JSON.stringify(request),
      signal: AbortSignal.timeout(30_000),
    });
    if (!response.ok) {
      throw new Error(`etcd ${method}: ${response.status} ${await response.text()}`);
    }
    return (await response.json()) as T;
  }

  private async range(prefix: string): Promise<readonly KeyValue[]> {
    const request = { key: encode(prefix), range_end: encode(prefixEnd(prefix)) };
    return (await this.call<{ kvs?: KeyValue[] }>("kv/range", request)).kvs ?? [];
  }

  /** All keys under the prefix that are not held by a lease. */
  async entries(prefix: string): Promise<Entries> {
    const kept = (await this.range(prefix)).filter((kv) => (kv.lease ?? "0") === "0");
    return new Map(kept.map((kv) => [decode(kv.key), decode(kv.value)]));
  }

  /** Also a key that is held by a lease. */
  async has(key: string): Promise<boolean> {
    return ((await this.call<{ kvs?: KeyValue[] }>("kv/range", { key: encode(key) })).kvs ?? []).length > 0;
  }

  /** Seconds that etcd takes for the first key from this one on, as the migration tool asks for every key. */
  async secondsForNextKey(from: string): Promise<number> {
    const begun = performance.now();
    await this.call("kv/range", { key: encode(from), range_end: encode("\0"), limit: 1 });
    return (performance.now() - begun) / 1000;
  }

  async put(key: string, value: string): Promise<void> {
    await this.call("kv/put", { key: encode(key), value: encode(value) });
  }

  async removeKey(key: string): Promise<void> {
    await this.call("kv/deleterange", { key: encode(key) });
  }

  async remove(prefix: string): Promise<void> {
    await this.call("kv/deleterange", { key: encode(prefix), range_end: encode(prefixEnd(prefix)) });
  }

  /** Makes the prefix hold exactly these entries. */
  async reset(prefix: string, entries: Entries): Promise<void> {
    await this.revokeLeases(prefix);
    await this.remove(prefix);
    const puts = [...entries].map(([key, value]) => ({ request_put: { key: encode(key), value: encode(value) } }));
    // A transaction of etcd takes 128 operations.
    for (let at = 0; at < puts.length; at += 128) {
      await this.call("kv/txn", { success: puts.slice(at, at + 128) });
    }
  }

  /** A key that lives as long as its lease, as the session of a Milvus component does. Gives the lease's id. */
  async putWithLease(key: string, value: string, seconds: number): Promise<string> {
    const { ID } = await this.call<{ ID: string }>("lease/grant", { TTL: seconds });
    await this.call("kv/put", { key: encode(key), value: encode(value), lease: ID });
    return ID;
  }

  /** What time does to leases whose owner is dead, without the waiting. */
  async revokeLeases(prefix: string): Promise<void> {
    const leases = new Set((await this.range(prefix)).map((kv) => kv.lease ?? "0"));
    leases.delete("0");
    for (const ID of leases) {
      // It may end by itself in the meantime.
      await this.call("lease/revoke", { ID }).catch(() => undefined);
    }
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen({ port: 0, host: "127.0.0.1" }, () => {
      const address = server.address();
      server.close(() =>
        address !== null && typeof address === "object" ? resolve(address.port) : reject(new Error("no port")),
      );
    });
  });
}

function secureOptions(door: SecureDoor | undefined): string[] {
  if (door === undefined) return [];
  const { certificate = "server", asksClients = false, maxVersion } = door;
  return [
    `--cert-file=${certificateFile(certificate)}`,
    `--key-file=${certificateFile(`${certificate}-key`)}`,
    // With a CA of clients etcd asks them for a certificate.
    ...(asksClients ? ["--client-cert-auth", `--trusted-ca-file=${certificateFile("ca")}`] : []),
    ...(maxVersion === undefined ? [] : ["--tls-min-version=TLS1.2", `--tls-max-version=${maxVersion}`]),
  ];
}
