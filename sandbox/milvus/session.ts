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
  readonly address: string;
  readonly ttlSeconds: number;
  /** Aborted when the server stops. */
  readonly signal: AbortSignal;
}

const RETRY_MS = 250;

export class Session {
  /** Exclusive roles that another server holds, by their keys, with the keys of the standby. */
  readonly #waiting = new Map<string, { readonly standbyKey: string; readonly value: string }>();

  private constructor(
    private readonly options: SessionOptions,
    private readonly lease: Lease,
  ) {}

  /**
   * Registers all roles; waits as long as another server holds an exclusive one, unless it may stand by. Undefined when
   * stopped before. Errors of etcd go to the caller.
   */
  static async open(options: SessionOptions): Promise<Session | undefined> {
    const { etcd, rootPath, roles, signal } = options;
    const id = await nextServerId(etcd, rootPath);
    const session = new Session(options, await etcd.grantLease(options.ttlSeconds));
    const folder = `${rootPath}/meta/session`;
    for (const { name, exclusive } of roles) {
      const value = JSON.stringify({
        ServerID: id,
        ServerName: name,
        Address: options.address,
        Exclusive: exclusive,
        TriggerKill: true,
        Version: options.version,
      });
      const [key, ownKey] = [`${folder}/${name}`, `${folder}/${name}-${id}`];
      if (!exclusive) {
        await etcd.put(ownKey, value, session.lease);
        continue;
      }
      while (!(await session.#take(key, value))) {
        if (signal.aborted) return undefined;
        if (options.standby) {
          await etcd.put(ownKey, value, session.lease);
          session.#waiting.set(key, { standbyKey: ownKey, value });
          break;
        }
        await sleep(RETRY_MS, undefined, { signal }).catch(() => undefined);
        await etcd.keepAlive(session.lease);
      }
    }
    return session;
  }

  #take(key: string, value: string, standbyKey?: string): Promise<boolean> {
    const operations = [{ put: key, value, lease: this.lease }, ...(standbyKey ? [{ delete: standbyKey }] : [])];
    return this.options.etcd.transaction([{ key, exists: false }], operations);
  }

  /** Renews the lease until the server stops or the lease is lost; returns true when it was lost. */
  async hold(): Promise<boolean> {
    const { etcd, ttlSeconds, signal } = this.options;
    let renewedAt = Date.now();
    while (!signal.aborted) {
      await sleep((ttlSeconds * 1000) / 3, undefined, { signal }).catch(() => undefined);
      if (isAborted(signal)) return false;
      try {
        if ((await etcd.keepAlive(this.lease)) === 0) return true;
        renewedAt = Date.now();
        for (const [key, { standbyKey, value }] of this.#waiting) {
          if (await this.#take(key, value, standbyKey)) this.#waiting.delete(key);
        }
      } catch {
        if (Date.now() - renewedAt > ttlSeconds * 1000) return true;
      }
    }
    return false;
  }

  /** Removes the keys at once, as a server that ends in good order; without it they last for the rest of the lease. */
  async revoke(): Promise<void> {
    await this.options.etcd.revokeLease(this.lease);
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
    if (lease === undefined) continue;
    sessions.set(key.slice(prefix.length), (JSON.parse(value) as { Version?: string }).Version ?? "");
  }
  return sessions;
}
