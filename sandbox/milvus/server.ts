/** One run of a Milvus server: reads its configuration, checks the metadata, holds its sessions. */
import { setTimeout as sleep } from "node:timers/promises";
import type { EtcdClient, TlsFiles } from "../etcd";
import { readMetadata } from "../metadata";
import type { Pod } from "../podRunner/apiServer";
import type { RunnerContext } from "../podRunner/context";
import { clusterHosts } from "../podRunner/hosts";
import { namespaceData } from "../podRunner/namespaceData";
import { listSessions, Session } from "./session";
import { readinessWait, startRefusal } from "./startRules";
import { hasStandby, milvusStore, mountedConfig } from "./store";
import { imageVersion, isAtLeast, type MilvusVersion, sessionRoles, versionText } from "./version";

/** Ends the server; the message is what its container leaves. */
export class Crash extends Error {}

export interface ServerOptions {
  readonly context: RunnerContext;
  readonly pod: Pod;
  readonly component: string;
  readonly image: string;
  readonly etcd: (endpoint: string, tls: TlsFiles | undefined) => EtcdClient;
  /** Aborted when the pod is to end. */
  readonly signal: AbortSignal;
}

const RETRY_MS = 300;

/** A running server, the stand-in or a real one. */
export interface MilvusServer {
  /** Time from start to the first look at its health. */
  readonly readyAfterMs: number;
  /** Aborted when the server ended by itself. */
  readonly lost: AbortSignal;
  /** Why the server ended by itself; undefined when the pod is to end. */
  readonly ended: Promise<string | undefined>;
  /** What it waits for before it is ready; undefined when nothing. */
  waitsFor(): Promise<string | undefined>;
  /** What SIGTERM does, within the grace period. */
  stop(graceMs: number): Promise<void>;
}

/** Stand-in: holds sessions as a Milvus server does, and serves nothing. */
export class Server implements MilvusServer {
  readonly #lost = new AbortController();
  readonly lost = this.#lost.signal;
  readonly ended: Promise<string | undefined>;

  private constructor(
    private readonly options: ServerOptions,
    private readonly version: MilvusVersion | undefined,
    private readonly store: Store | undefined,
    private readonly session: Session | undefined,
  ) {
    this.ended = (session ? session.hold() : aborted(options.signal)).then((lost) => {
      if (!lost) return undefined;
      this.#lost.abort();
      return "panic: connection lost detected, shutting down: the session's lease has expired";
    });
  }

  get readyAfterMs(): number {
    return this.options.context.milvus().readyAfterMs;
  }

  /** Throws Crash where Milvus panics. */
  static async start(options: ServerOptions): Promise<Server> {
    const { component, image, signal } = options;
    const version = imageVersion(image);
    const roles = sessionRoles(component, version);
    if (roles.length === 0) return new Server(options, version, undefined, undefined);
    const store = await findStore(options, version);
    const refusal = await panicOnError(async () =>
      startRefusal(component, version, (await readMetadata(store.etcd, store.rootPath)).format),
    );
    if (refusal !== undefined) throw new Crash(refusal);
    if (component === "mixcoord") {
      // Before it registers: a mixcoord waits for the coordinators that it replaces.
      while (!signal.aborted && readinessWait(component, version, await listSessions(store.etcd, store.rootPath))) {
        await sleep(RETRY_MS, undefined, { signal }).catch(() => undefined);
      }
    }
    const session = await panicOnError(() =>
      Session.open({
        etcd: store.etcd,
        rootPath: store.rootPath,
        roles,
        standby: store.standby,
        version: version ? versionText(version) : "",
        address: `${options.pod.metadata?.name ?? ""}:19530`,
        signal,
      }),
    );
    return new Server(options, version, store, session);
  }

  async waitsFor(): Promise<string | undefined> {
    if (!this.store) return undefined;
    try {
      return readinessWait(
        this.options.component,
        this.version,
        await listSessions(this.store.etcd, this.store.rootPath),
      );
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  /** Gives the sessions up, at once or after the time that the settings say. */
  async stop(graceMs: number): Promise<void> {
    const { signal, milvus } = this.options.context;
    const { revokeOnStop, sessionTtlSeconds, stopAfterMs } = milvus();
    await sleep(Math.min(stopAfterMs, graceMs), undefined, { signal }).catch(() => undefined);
    const given = revokeOnStop ? this.session?.revoke() : this.session?.expire(sessionTtlSeconds);
    // Without etcd there is nothing to give up: the lease ends by itself.
    await given?.catch(() => undefined);
  }
}

function aborted(signal: AbortSignal): Promise<false> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(false);
    else signal.addEventListener("abort", () => resolve(false), { once: true });
  });
}

async function panicOnError<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw new Crash(`panic: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

interface Store {
  readonly etcd: EtcdClient;
  readonly rootPath: string;
  readonly standby: boolean;
}

/** The etcd its configuration names, by way of the sandbox's host names; the metadata etcd where it names none. */
async function findStore(
  { context, pod, component, etcd }: ServerOptions,
  version: MilvusVersion | undefined,
): Promise<Store> {
  const data = namespaceData(context.api, pod.metadata?.namespace ?? "default");
  const files = await mountedConfig(pod, (name) => data.configMap(name));
  const configured = milvusStore(pod, files, isAtLeast(version, 2, 4));
  const { endpoints, rootPath } = configured;
  if (files.size > 0 && endpoints.length === 0) {
    throw new Crash("panic: etcd: no endpoints configured: context deadline exceeded (endpoint localhost:2379)");
  }
  const hosts = clusterHosts(await data.services(), context.metadataEtcd, context.hosts());
  const known = endpoints.map((endpoint) => hosts[endpoint]).find((address) => address !== undefined);
  if (known === undefined && endpoints.length > 0) {
    throw new Crash(`panic: etcd: context deadline exceeded: no such host: ${endpoints.join(", ")}`);
  }
  const client = await panicOnError(() => Promise.resolve(etcd(known ?? context.metadataEtcd, configured.tls)));
  return { etcd: client, rootPath, standby: hasStandby(component, configured) };
}
