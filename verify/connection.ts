import type { ClusterClient } from "../cluster/api/client";
import type { ReleaseAddress } from "../cluster/releaseAddress";
import { readPodHealth } from "../cluster/state/podHealth";
import type { ClusterState } from "../upgrade/model";
import { type Credentials, openService, type TlsSettings } from "./client";
import { type MilvusService, ServiceError, type WritableService } from "./service";

/** The release that is verified, and the way to it. */
export interface Target extends ReleaseAddress {
  readonly client: ClusterClient;
}

export interface ConnectionSettings {
  /** Missing: a port-forward to a ready pod of the proxy, or of the standalone. */
  readonly address?: string;
  readonly credentials?: Credentials;
  readonly tls?: TlsSettings;
}

/** The port on which clients are served, in every chart. */
const PORT = 19530;
const CALL_MS = 30_000;
const LOAD_MS = 10 * 60_000;

/** @throws ServiceError, ClusterError */
export async function connectService(
  target: Target,
  { components }: ClusterState,
  { address, ...secrets }: ConnectionSettings,
): Promise<WritableService> {
  const settings = { ...secrets, timeout: CALL_MS, loadTimeout: LOAD_MS };
  if (address !== undefined) return openService({ ...settings, address });
  const serving = components.filter(({ component }) => component === "proxy" || component === "standalone");
  const names = serving.map(({ name }) => name);
  const pods = await readPodHealth(target.client, target.namespace, target.releaseName, names);
  const pod = pods.find(({ ready }) => ready);
  if (pod === undefined) {
    throw new ServiceError("No pod of the proxy or standalone is ready, so nothing can be asked.");
  }
  const forwarded = await target.client.forward({
    namespace: target.namespace,
    pod: pod.name,
    port: PORT,
  });
  try {
    const service = await openService({ ...settings, address: forwarded.address });
    return closing(service, () => forwarded.close());
  } catch (error) {
    forwarded.close();
    const problem = forwarded.problem();
    const why = problem === undefined ? (error as Error).message : `the port-forward failed: ${problem}`;
    throw new ServiceError(
      `The pod ${pod.name} cannot be asked: ${why}. Where it is reachable otherwise: pulumi config set milvus:address HOST:${PORT}`,
      why,
      problem?.includes("403") === true,
    );
  }
}

function closing<S extends MilvusService>(service: S, also: () => void): S {
  const close = service.close.bind(service);
  service.close = async () => {
    await close();
    also();
  };
  return service;
}
