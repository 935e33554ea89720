import { setTimeout as sleep } from "node:timers/promises";
import type { V1Pod } from "@kubernetes/client-node";
import { hideSecrets } from "../../upgrade/secrets/text";
import { span } from "../../upgrade/words/span";
import type { ClusterClient } from "../api/client";
import { ClusterError } from "../errors";
import type { Json } from "../json";

/** A Job of the user's that a run waits for. */
export interface OwnJob {
  /** `cronjob/milvus-backup`. */
  readonly what: string;
  readonly name: string;
  readonly namespace: string;
  /** Seconds. */
  readonly limit: number;
  /** Resolved once it has ended; true: well. */
  readonly end: Promise<boolean>;
}

const PROGRESS_MS = 15_000;
const LAST_LINES = 5;
const LOG_BYTES = 20_000;
const LONGEST_LINE = 300;

/** Tells what the Job does until it has ended, and its last lines then. A failure to read is no failure of the Job. */
export async function watchOwnJob(
  client: ClusterClient,
  { what, name, namespace, limit, end }: OwnJob,
  hide: readonly string[],
  say: (line: string) => void,
): Promise<void> {
  const begun = Date.now();
  const ended = end.then((isWell) => ({ isWell }));
  for (;;) {
    const stop = new AbortController();
    const pause = sleep(PROGRESS_MS, undefined, { signal: stop.signal, ref: false }).catch(() => undefined);
    const result = await Promise.race([ended, pause]);
    stop.abort();
    const seconds = (Date.now() - begun) / 1000;
    if (result !== undefined) {
      // Of one that has failed the diagnosis shows more.
      if (!result.isWell) return;
      say(`${what}: done in ${span(seconds)}`);
      for (const line of await lastLines(client, { namespace, name }, LAST_LINES, hide)) say(`${what}: ${line}`);
      return;
    }
    const [last] = await lastLines(client, { namespace, name }, 1, hide);
    say(`${what}: for ${span(seconds)} of at most ${span(limit)}${last === undefined ? "" : `: ${last}`}`);
  }
}

/** Of the newest pod's log; none where there is none, or it may not be read. */
async function lastLines(
  client: ClusterClient,
  { namespace, name }: { readonly namespace: string; readonly name: string },
  count: number,
  hide: readonly string[],
): Promise<string[]> {
  try {
    const pods = (await client.read({
      api: "v1",
      resource: "pods",
      namespace,
      labelSelector: `job-name=${name}`,
      once: true,
    })) as { readonly items?: readonly Json<V1Pod>[] };
    const newest = [...(pods.items ?? [])]
      .sort((a, b) => (a.metadata?.creationTimestamp ?? "").localeCompare(b.metadata?.creationTimestamp ?? ""))
      .at(-1);
    const container = newest?.spec?.containers[0]?.name;
    if (newest?.metadata?.name === undefined || container === undefined) return [];
    const text = await client.read({
      api: "v1",
      resource: "pods",
      namespace,
      name: newest.metadata.name,
      subresource: "log",
      once: true,
      query: { container, tailLines: String(count), limitBytes: String(LOG_BYTES) },
    });
    const lines = hideSecrets(String(text).slice(0, LOG_BYTES), hide).split("\n");
    // A line that is cut may end in the middle of a secret, which then nothing would know.
    if (Buffer.byteLength(String(text)) >= LOG_BYTES) lines.pop();
    return lines
      .filter((line) => line.trim() !== "")
      .slice(-count)
      .map((line) => line.slice(0, LONGEST_LINE));
  } catch (error) {
    if (error instanceof ClusterError) return [];
    throw error;
  }
}
