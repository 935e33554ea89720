/** The Secret with which etcd is asked by TLS: what is in it is judged here, and none of it leaves. */
import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import type { V1Secret } from "@kubernetes/client-node";
import type { EtcdTls } from "../../upgrade/model";
import type { CertificateFile, EtcdSecretFacts } from "../../upgrade/preflight/facts";
import type { ClusterClient } from "../api/client";
import { hasCode } from "../errors";
import type { Json } from "../json";

/** @throws ClusterError when the API server does not answer */
export async function readEtcdSecret(client: ClusterClient, namespace: string, tls: EtcdTls): Promise<EtcdSecretFacts> {
  try {
    const where = { api: "v1", resource: "secrets", namespace, name: tls.secret };
    const { data = {} } = (await client.read(where)) as Json<V1Secret>;
    return { kind: "read", ...judged(data, tls) };
  } catch (error) {
    if (hasCode(error, "notFound")) return { kind: "missing" };
    if (hasCode(error, "forbidden")) return { kind: "forbidden" };
    throw error;
  }
}

function judged(
  data: Readonly<Record<string, string>>,
  { caFile, certificateFile, keyFile }: EtcdTls,
): Omit<Extract<EtcdSecretFacts, { kind: "read" }>, "kind"> {
  const text = (name: string) => Buffer.from(data[name] ?? "", "base64").toString("utf8");
  const certificates = certificatesIn(text(certificateFile));
  const key = keyIn(text(keyFile));
  const [own] = certificates ?? [];
  return {
    names: Object.keys(data).sort(),
    ca: fileOf(data[caFile], certificatesIn(text(caFile))),
    // The first is the client's own; those behind it lead to whoever has signed it.
    certificate: fileOf(data[certificateFile], own && [own]),
    key: {
      state: (data[keyFile] ?? "") === "" ? "absent" : key === undefined ? "unreadable" : "there",
      ...(own && key && { fits: own.checkPrivateKey(key) }),
    },
  };
}

function fileOf(data: string | undefined, certificates: readonly X509Certificate[] | undefined): CertificateFile {
  if ((data ?? "") === "") return { state: "absent" };
  if (certificates === undefined) return { state: "unreadable" };
  const ends = certificates.map(({ validTo }) => Date.parse(validTo));
  return { state: "there", endsAt: new Date(Math.max(...ends)).toISOString() };
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g;

/** Undefined where there is none, or one that cannot be read. */
function certificatesIn(pem: string): readonly X509Certificate[] | undefined {
  try {
    const found = (pem.match(CERTIFICATE) ?? []).map((block) => new X509Certificate(block));
    return found.length > 0 ? found : undefined;
  } catch {
    return undefined;
  }
}

function keyIn(pem: string): KeyObject | undefined {
  try {
    return createPrivateKey(pem);
  } catch {
    return undefined;
  }
}
