/** A Milvus server's sessions: keys below `<rootPath>/meta/session/` under one lease, as long as the server lives. */
import { setTimeout as sleep } from "node:timers/promises";
import type { EtcdClient, Lease } from "../etcd";
import type { SessionRole } from "./version";

export interface SessionOptions {
  readonly etcd: EtcdClient;
  readonly rootPath: string;
  readonly roles: readonly SessionRole[];
  /** Where another server holds an exclusive role: stand by under a key of one's own, instead of waiting. */
  readonly standby: boolean;
  /** e.g. `2.1.4`. */
  readonly version: string;
  /** Tells servers apart; the next run of the same server takes its keys over. */
  readonly address: string;
  /** Aborted when the server stops. */
  readonly signal: AbortSignal;
}

/**
 * Life of the lease while the server lives: long, so that a busy machine does not end sessions. When the server ends,
 * the rest is cut to what the sandbox is set to.
 */
const LEASE_SECONDS = 20;
const RENEW_MS = 4000;
const TICK_MS = 500;

interface Record {
  readonly ServerID: number;
  readonly ServerName: string;
  readonly Address: string;
  readonly Version: string;
}

export class Session {
  readonly #keys = new Map<string, string>();
  /** Exclusive roles that another server holds, by their keys, with the keys of the standby. */
  readonly #waiting = new Map<string, string>();

  private constructor(
    private readonly options: SessionOptions,
    private readonly lease: Lease,
  ) {}

  /**
   * Registers all roles; waits as long as another server holds an exclusive one, unless it may stand by. Undefined when
   * stopped before. Errors of etcd go to the caller.
   */
  static async open(options: SessionOptions): Promise<Session | undefined> {
    const { etcd, rootPath, signal } = options;
    const id = await nextServerId(etcd, rootPath);
    const session = new Session(options, await etcd.grantLease(LEASE_SECONDS));
    for (const role of options.roles) {
      if (signal.aborted) {
        await session.revoke();
        return undefined;
      }
      await session.#register(role, id);
    }
    return session;
  }

  async #register({ name, exclusive }: SessionRole, id: number): Promise<void> {
    const { etcd, rootPath, address, version, standby, signal } = this.options;
    const record = {
      ServerID: id,
      ServerName: name,
      Address: address,
      Exclusive: exclusive,
      TriggerKill: true,
      Version: version,
    };
    const value = JSON.stringify(record);
    const key = `${rootPath}/meta/session/${name}`;
    if (!exclusive || (standby && !(await this.#take(key, value)))) {
      await etcd.put(`${key}-${id}`, value, this.lease);
      this.#keys.set(`${key}-${id}`, value);
      if (exclusive) this.#waiting.set(key, `${key}-${id}`);
      return;
    }
    for (let tick = 0; !(await this.#take(key, value)) && !signal.aborted; tick += 1) {
      await sleep(TICK_MS, undefined, { signal }).catch(() => undefined);
      if (tick % (RENEW_MS / TICK_MS) === 0) await etcd.keepAlive(this.lease);
    }
  }

  /** True when the exclusive key is this server's. */
  async #take(key: string, value: string, standbyKey?: string): Promise<boolean> {
    const { etcd, address } = this.options;
    if (this.#keys.has(key)) return true;
    const held = await etcd.get(key);
    const ownEarlier = held !== undefined && (JSON.parse(held) as Record).Address === address;
    const condition = ownEarlier ? { key, value: held } : { key, exists: false };
    const operations = [{ put: key, value, lease: this.lease }, ...(standbyKey ? [{ delete: standbyKey }] : [])];
    const taken = await etcd.transaction([condition], operations);
    if (taken) this.#keys.set(key, value);
    return taken;
  }

  /** Renews the lease until the server stops or the lease is lost; returns true when it was lost. */
  async hold(): Promise<boolean> {
    const { etcd, signal } = this.options;
    let renewedAt = Date.now();
    while (!signal.aborted) {
      await sleep(TICK_MS, undefined, { signal }).catch(() => undefined);
      if (isAborted(signal)) return false;
      try {
        if (Date.now() - renewedAt > RENEW_MS) {
          if ((await etcd.keepAlive(this.lease)) === 0) return true;
          renewedAt = Date.now();
        }
        await this.#takeOver();
      } catch {
        if (Date.now() - renewedAt > LEASE_SECONDS * 1000) return true;
      }
    }
    return false;
  }

  /** A standby becomes the holder once the key is free. */
  async #takeOver(): Promise<void> {
    for (const [key, standbyKey] of this.#waiting) {
      const value = this.#keys.get(standbyKey) ?? "";
      if (!(await this.#take(key, value, standbyKey))) continue;
      this.#waiting.delete(key);
      this.#keys.delete(standbyKey);
    }
  }

  /** Removes the keys at once, as a server that ends in good order. */
  async revoke(): Promise<void> {
    await this.options.etcd.revokeLease(this.lease);
  }

  /** Leaves the keys for that long, as a server that was killed. */
  async expire(seconds: number): Promise<void> {
    const { etcd } = this.options;
    const lease = await etcd.grantLease(seconds);
    for (const [key, value] of this.#keys) await etcd.transaction([{ key, value }], [{ put: key, value, lease }]);
    await this.revoke();
  }
}

function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}

/** Counts up `<rootPath>/meta/session/id`: a key beside the sessions that has no lease and is none. */
async function nextServerId(etcd: EtcdClient, rootPath: string): Promise<number> {
  const key = `${rootPath}/meta/session/id`;
  for (;;) {
    const current = await etcd.get(key);
    const next = Number(current ?? 0) + 1;
    const condition = current === undefined ? { key, exists: false } : { key, value: current };
    if (await etcd.transaction([condition], [{ put: key, value: String(next) }])) return next;
  }
}

/** Names of the live sessions: `rootcoord`, `proxy-7`, with the version each gave. */
export async function listSessions(etcd: EtcdClient, rootPath: string): Promise<ReadonlyMap<string, string>> {
  const prefix = `${rootPath}/meta/session/`;
  const sessions = new Map<string, string>();
  for (const { key, value, lease } of await etcd.list(prefix)) {
    if (lease !== undefined) sessions.set(key.slice(prefix.length), (JSON.parse(value) as Record).Version);
  }
  return sessions;
}
