/** Where the pod runner keeps files, all under the sandbox folder. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Pod } from "./apiServer";

/** `<folder>/pods/<uid>`: a pod's own files; gone with the pod. */
export function podFolder(folder: string, uid: string): string {
  return join(folder, "pods", uid);
}

/** `<folder>/claims/<namespace>/<name>-<uid>`: a claim's files; they stay as long as the claim. */
export function claimFolder(folder: string, namespace: string, name: string, uid: string): string {
  return join(folder, "claims", namespace, `${name}-${uid}`);
}

/** `<folder>/logs/<namespace>/<pod>/<container>.log`; kept until the sandbox is removed. */
export function logFile(folder: string, pod: Pod, container: string): string {
  return join(folder, "logs", pod.metadata?.namespace ?? "default", pod.metadata?.name ?? "", `${container}.log`);
}

/** Makes the folder, readable by the user alone, and returns its path. */
export function makeFolder(...parts: string[]): string {
  const path = join(...parts);
  mkdirSync(path, { recursive: true, mode: 0o700 });
  return path;
}
