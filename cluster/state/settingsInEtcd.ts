import type { V1Pod } from "@kubernetes/client-node";
import type { HelmValues } from "../../upgrade/model";
import type { SettingsInEtcd } from "../../upgrade/preflight/facts";
import { isQueueType } from "../../upgrade/preflight/queue";
import { getValue, isTrue, path } from "../../upgrade/values/tree";
import { userConfigValue } from "../../upgrade/values/userYaml";
import type { ClusterClient } from "../api/client";
import { ClusterError } from "../errors";
import type { Json } from "../json";
import type { ReleaseAddress } from "../releaseAddress";

const PORT = 2379;
const CALL_MS = 10_000;
/** No cluster has so many overrides; more is not read. */
const MOST = 1000;
const LONGEST_NAME = 200;

interface RangeAnswer {
  readonly kvs?: readonly { readonly key?: string; readonly value?: string }[];
}

/**
 * What Milvus keeps under `ROOT/config/`, from a pod of the bundled etcd: by a port-forward and etcd's JSON gateway
 * (https://etcd.io/docs/v3.5/dev-guide/api_grpc_gateway). Never fails: that it could not be read is an answer. Of the values
 * only that of `mq.type` leaves this function.
 */
export async function readSettingsInEtcd(
  client: ClusterClient,
  { releaseName, namespace }: ReleaseAddress,
  values: HelmValues,
  root: string,
): Promise<SettingsInEtcd> {
  const prefix = `${root}/config/`;
  const away = whyNotBundled(values);
  if (away !== undefined) return { prefix, why: away };
  try {
    const pod = await readyPod(client, releaseName, namespace);
    if (pod === undefined) return { prefix, why: "no pod of the release's etcd is ready" };
    const forwarded = await client.forward({ namespace, pod, port: PORT });
    try {
      return { prefix, ...(await range(forwarded.address, prefix)) };
    } catch (error) {
      const problem = forwarded.problem() ?? (error as Error).message;
      return { prefix, why: `the pod ${pod} does not answer (${problem})` };
    } finally {
      forwarded.close();
    }
  } catch (error) {
    if (error instanceof ClusterError) return { prefix, why: error.what };
    throw error;
  }
}

function whyNotBundled(values: HelmValues): string | undefined {
  if (isTrue(getValue(values, path("externalEtcd.enabled")))) return "the etcd is an external one";
  const isSet = (...keys: string[]) => userConfigValue(values, ["etcd", ...keys]);
  if (isSet("endpoints") !== undefined) return "user.yaml names other etcd.endpoints";
  if (isTrue(isSet("use", "embed"))) return "the etcd is embedded in Milvus";
  if (isTrue(isSet("ssl", "enabled")) || isTrue(isSet("auth", "enabled"))) return "the etcd wants TLS or a user";
  return undefined;
}

async function readyPod(client: ClusterClient, releaseName: string, namespace: string): Promise<string | undefined> {
  const labelSelector = `app.kubernetes.io/instance=${releaseName},app.kubernetes.io/name=etcd`;
  const { items = [] } = (await client.read({ api: "v1", resource: "pods", namespace, labelSelector })) as {
    readonly items?: readonly Json<V1Pod>[];
  };
  const ready = items.find(({ status }) =>
    status?.conditions?.some(({ type, status: is }) => type === "Ready" && is === "True"),
  );
  return ready?.metadata?.name;
}

async function range(address: string, prefix: string): Promise<Pick<SettingsInEtcd, "names" | "queue">> {
  const key = Buffer.from(prefix);
  // The end of a range of a prefix is the prefix with its last byte plus one.
  const end = Buffer.from(key);
  end.writeUInt8(key.readUInt8(key.length - 1) + 1, key.length - 1);
  const response = await fetch(`http://${address}/v3/kv/range`, {
    method: "POST",
    body: JSON.stringify({ key: key.toString("base64"), range_end: end.toString("base64"), limit: MOST }),
    signal: AbortSignal.timeout(CALL_MS),
  });
  if (!response.ok) throw new Error(`etcd answers ${response.status}`);
  const { kvs = [] } = (await response.json()) as RangeAnswer;
  const text = (encoded = "") => Buffer.from(encoded, "base64").toString("utf8");
  const found = kvs.map(({ key: name, value }) => ({
    name: text(name).slice(prefix.length, prefix.length + LONGEST_NAME),
    value,
  }));
  const queue = found.find(({ name }) => isQueueType(name));
  return {
    names: found.map(({ name }) => name),
    ...(queue && { queue: text(queue.value).slice(0, LONGEST_NAME) }),
  };
}
