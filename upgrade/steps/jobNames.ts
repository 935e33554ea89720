import { createHash } from "node:crypto";

/** Job names become label values and host names of pods, which end here (RFC 1123 label). */
const LONGEST = 63;
const DIGEST_LENGTH = 8;

/** As it stands at the end of the names of a run's Jobs. */
export function shortRun(run: string): string {
  return run.slice(0, DIGEST_LENGTH);
}

/** Was the Job of that name made by this run? */
export function isOfRun(name: string | undefined, run: string): boolean {
  return name?.endsWith(`-${shortRun(run)}`) === true;
}

/** Short digest of plain data: the same for the same content. */
export function digest(content: unknown): string {
  return createHash("sha256").update(JSON.stringify(content)).digest("hex").slice(0, DIGEST_LENGTH);
}

/**
 * `base-suffix` as a name that Kubernetes takes without a warning for Jobs: dots become dashes, and a base that is
 * too long is cut and gets its digest, so that two long names never meet and the suffix stays readable.
 */
export function jobName(base: string, suffix: string): string {
  const label = base.replaceAll(".", "-");
  const room = LONGEST - suffix.length - 1;
  const fitting = label.length <= room ? label : `${label.slice(0, room - DIGEST_LENGTH - 1)}-${digest(base)}`;
  return `${fitting}-${suffix}`;
}
