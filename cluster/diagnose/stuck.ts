import { hideSecrets } from "../../upgrade/secrets/text";
import type { ClusterClient } from "../api/client";
import type { ReleaseAddress } from "../releaseAddress";
import { CAUSE_TEXTS, type Cause } from "./causes";
import { diagnose } from "./diagnose";
import { jobEvidence, releaseEvidence } from "./readEvidence";

/** What holds up a step that has not failed. */
export interface Stuck {
  readonly cause: Cause;
  /** `pod my-release-milvus-proxy-5d7f-abcde`. */
  readonly object: string;
  readonly message?: string;
  /** It does not pass by itself, as a pod does that only needs time. */
  readonly isLasting: boolean;
}

export interface StuckRequest extends ReleaseAddress {
  /** Name of the step's Job, where it is one. */
  readonly job?: string;
  /** Those that the step waits for. None: all of the release. */
  readonly deployments: readonly string[];
}

/** A pod that starts looks like this too. */
const PASSING: ReadonlySet<Cause> = new Set([
  "readinessProbeFailed",
  "startupProbeFailed",
  "notStarted",
  "claimNotBound",
  "volumeAttachedElsewhere",
]);
const LONGEST_MESSAGE = 300;

/**
 * The likeliest cause why a step does not get on: of Milvus' own pods first, since a Job that waits for them knows only its time
 * limit.
 *
 * @throws ClusterError
 */
export async function whatIsStuck(client: ClusterClient, request: StuckRequest): Promise<Stuck | undefined> {
  const { releaseName, namespace, job, deployments } = request;
  const ofJob =
    job === undefined ? undefined : diagnose(await jobEvidence(client, { kind: "Job", name: job, namespace }));
  // Where the step's own pod cannot do its work, nothing else counts.
  const isBlocked = ofJob !== undefined && !PASSING.has(ofJob.cause);
  const looksAtMilvus = job === undefined || deployments.length > 0;
  const ofMilvus =
    isBlocked || !looksAtMilvus
      ? undefined
      : diagnose(await releaseEvidence(client, { kind: "Release", name: releaseName, namespace }, deployments));
  const found = ofMilvus ?? ofJob;
  if (found === undefined) return undefined;
  const { cause, objects, message } = found;
  return { cause, object: objects[0], ...(message !== undefined && { message }), isLasting: !PASSING.has(cause) };
}

/** `pod X: no node has room for it: 0/3 nodes are available: … What to do: Add nodes, …` */
export function describeStuck({ cause, object, message }: Stuck, namespace: string, hide: readonly string[]): string {
  const { title, remedy } = CAUSE_TEXTS[cause];
  const name = object.split(" ").at(-1) ?? object;
  const said =
    message === undefined ? "" : `: ${hideSecrets(message.slice(0, LONGEST_MESSAGE), hide).replace(/\.$/, "")}`;
  return `${object}: ${title}${said}. What to do: ${remedy.replaceAll("NS", namespace).replaceAll("NAME", name)}`;
}
