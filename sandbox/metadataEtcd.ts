import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { TlsFiles } from "./etcd";
import { isRunning, type ProcessRecord, spawnDetached } from "./processes";

/** A second door of the etcd, by TLS. Clients must show a certificate that the same CA has signed. */
export interface SecureDoor extends TlsFiles {
  readonly port: number;
}

/** Starts the etcd that holds the Milvus metadata, on loopback, and returns once it serves. */
export async function startMetadataEtcd(
  binary: string,
  folder: string,
  ports: { readonly client: number; readonly peer: number },
  door?: SecureDoor,
): Promise<ProcessRecord> {
  const client = `http://127.0.0.1:${ports.client}`;
  const peer = `http://127.0.0.1:${ports.peer}`;
  const logFile = path.join(folder, "metadata-etcd.log");
  const record = spawnDetached(
    binary,
    [
      "--name=metadata",
      `--data-dir=${path.join(folder, "metadata-etcd")}`,
      `--listen-client-urls=${client}${door === undefined ? "" : `,https://127.0.0.1:${door.port}`}`,
      `--advertise-client-urls=${client}`,
      `--listen-peer-urls=${peer}`,
      `--initial-advertise-peer-urls=${peer}`,
      `--initial-cluster=metadata=${peer}`,
      // The data lives as long as the sandbox: no reason to wait for the disk.
      "--unsafe-no-fsync=true",
      "--log-level=warn",
      ...(door === undefined
        ? []
        : [
            `--cert-file=${door.certificate}`,
            `--key-file=${door.key}`,
            `--trusted-ca-file=${door.ca}`,
            "--client-cert-auth",
          ]),
    ],
    { logFile },
  );
  const deadline = Date.now() + 30_000;
  while (!(await isHealthy(client))) {
    if (!isRunning(record) || Date.now() > deadline) {
      throw new Error(`the etcd for Milvus metadata did not start on ${client}; its log: ${logFile}`);
    }
    await sleep(50);
  }
  return record;
}

async function isHealthy(client: string): Promise<boolean> {
  try {
    const response = await fetch(`${client}/health`, { signal: AbortSignal.timeout(2000) });
    return response.ok;
  } catch {
    return false;
  }
}
