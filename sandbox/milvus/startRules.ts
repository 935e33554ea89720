/** What a Milvus server needs before it can start, and before it is ready. Pure. */
import type { MetadataFormat } from "../metadata";
import { isAtLeast, type MilvusVersion, REPLACED_BY_MIXCOORD, readsMetadata, versionText } from "./version";

/** Why a server of this version panics on metadata of this format; undefined when it starts. */
export function startRefusal(
  component: string,
  version: MilvusVersion | undefined,
  format: MetadataFormat,
): string | undefined {
  if (!readsMetadata(component) || version === undefined || format === "empty") return undefined;
  const reads = isAtLeast(version, 2, 2) ? "2.2" : "2.1";
  if (format === reads) return undefined;
  const found =
    format === "mixed" ? "partly in the format of 2.1 and partly in that of 2.2" : `in the format of Milvus ${format}`;
  return (
    `panic: ${component} ${versionText(version)}: failed to load collections from etcd: the metadata is ${found}, ` +
    `this version reads the format of ${reads}`
  );
}

/** What a server that has started waits for; undefined when nothing. `sessions` as listSessions gives them. */
export function readinessWait(
  component: string,
  version: MilvusVersion | undefined,
  sessions: ReadonlyMap<string, string>,
): string | undefined {
  if (component === "attu" || component === "standalone") return undefined;
  if (component === "mixcoord") {
    const left = isAtLeast(version, 2, 6) ? REPLACED_BY_MIXCOORD.filter((name) => sessions.has(name)) : [];
    return left.length > 0 ? `old session exists: ${left.join(", ")}` : undefined;
  }
  if (component === "streamingnode") {
    // Rules 4.6 and 8.4: its coordinator is part of a mixcoord of 2.6.
    return sessions.has("mixcoord") ? undefined : "waits for a mixcoord of Milvus 2.6 or later";
  }
  const served = component === "rootcoord" || sessions.has("rootcoord") || sessions.has("mixcoord");
  return served ? undefined : "waits for a root coordinator";
}
