import type { ClusterClient } from "../api/client";
import { type Diagnosis, describeDiagnosis, diagnose } from "./diagnose";
import type { Subject } from "./evidence";
import { jobEvidence, releaseEvidence } from "./readEvidence";

const LOG_LINES = 15;
/** Bytes; a container may write lines of any length. */
const LOG_LIMIT = 65_536;

export interface Explained {
  readonly diagnosis: Diagnosis;
  /** In words, with the last lines of its log. */
  readonly text: string;
}

/**
 * Reads what a failed Release or Job looks like in the cluster and says why it does not get on; undefined when nothing of it
 * is to be seen. Only reads; every call ends by itself.
 *
 * @param hide texts that must not appear, such as passwords from the Helm values
 * @param only names of Deployments of a Release: nothing of others counts
 * @throws ClusterError when the cluster cannot be read.
 */
export async function explainFailure(
  client: ClusterClient,
  subject: Subject,
  hide: readonly string[] = [],
  only: readonly string[] = [],
): Promise<Explained | undefined> {
  const evidence =
    subject.kind === "Job" ? await jobEvidence(client, subject) : await releaseEvidence(client, subject, only);
  const diagnosis = diagnose(evidence);
  if (diagnosis === undefined) return undefined;
  return { diagnosis, text: describeDiagnosis(diagnosis, await readLog(client, diagnosis), hide) };
}

async function readLog(client: ClusterClient, { logSource, subject }: Diagnosis): Promise<readonly string[]> {
  if (logSource === undefined) {
    return [];
  }
  const { pod, container, previous } = logSource;
  try {
    const text = await client.read({
      api: "v1",
      resource: "pods",
      namespace: subject.namespace,
      name: pod,
      subresource: "log",
      once: true,
      query: {
        tailLines: String(LOG_LINES),
        limitBytes: String(LOG_LIMIT),
        ...(container === undefined ? {} : { container }),
        ...(previous ? { previous: "true" } : {}),
      },
    });
    const lines = String(text).slice(0, LOG_LIMIT).split("\n");
    // The last line may end in the middle of a secret, which then nothing would know.
    if (Buffer.byteLength(String(text)) >= LOG_LIMIT && lines.length > 1) lines.pop();
    return lines.filter((line) => line.trim() !== "");
  } catch {
    // A container that never started has none, and a node that is gone does not answer; the rest says enough.
    return [];
  }
}
