import type { ClusterState, HelmValues, Leftover, LeftoverPart, Wanted, Warning } from "../model";
import { configLine, list, refuse } from "../refusal";
import { effectiveValue } from "../values/tables/chartDefaults";
import { getValue, isTrue, path } from "../values/tree";
import { minorOf } from "../versions/versions";

/** What will be installed. */
interface Installed {
  readonly to: string;
  readonly chart: string;
  readonly values: HelmValues;
}

/**
 * An install takes up the claims that an earlier Milvus of this name has left, by their names: it starts with the data and
 * the metadata in them.
 *
 * @throws RefusalError where they are of another minor
 */
export function checkLeftovers({ leftovers = [], ...state }: ClusterState, wanted: Wanted, next: Installed): Warning[] {
  const taken = leftovers.filter(({ part }) => isTaken(part, next));
  if (taken.length === 0) return [];
  const earlier = earlierVersion(state, taken);
  const names = list(taken.map(({ claimName, part }) => `${claimName} (${part})`));
  const whose = `In namespace ${wanted.namespace} there are claims of an earlier Milvus ${wanted.releaseName}: ${names}`;
  const holdsMetadata = taken.some(({ part }) => part === "etcd" || part === "standalone");
  const empty = `If nobody needs what is in them, delete them; all of it is lost: ${deleteLine(taken, wanted)}`;
  if (earlier && holdsMetadata && isOther(earlier.version, next)) {
    const minor = minorOf(earlier.version);
    refuse({
      rule: "claims_of_another_minor",
      reason: `${whose}. They are of Milvus ${earlier.version}, as ${earlier.by} says. Milvus ${next.to} would start with them, and cannot be expected to read the metadata of ${minor}.`,
      remedy: `To have the data back, install what wrote it, and upgrade from there: ${configLine("version", minor)}. ${empty}`,
      source: SOURCE,
    });
  }
  const from = earlier
    ? `They are of Milvus ${earlier.version}, as ${earlier.by} says.`
    : `They do not say which Milvus wrote them (the oldest is of ${taken.map(({ createdAt }) => createdAt).toSorted()[0] ?? "?"}): if it was another minor than ${minorOf(next.to)}, install that one, or its metadata may not be read.`;
  const effect = holdsMetadata
    ? "The new Milvus starts with what is in them: collections, users and passwords of the earlier one."
    : "The new Milvus starts with what is in them, and with new metadata beside it.";
  const half = lacksObjects(taken, next)
    ? " The metadata is there, and no claim of the object storage: collections would be shown that cannot be loaded."
    : "";
  return [{ rule: "claims_of_an_earlier_milvus", message: `${whose}. ${from} ${effect}${half} ${empty}` }];
}

const SOURCE =
  "Kubernetes documentation, StatefulSets: persistentVolumeClaimRetentionPolicy; helm.sh/resource-policy: keep in the chart's claims";

/** What is external, or switched off, makes no claim. */
function isTaken(part: LeftoverPart, { values, chart }: Installed): boolean {
  const isOn = (key: string) => isTrue(getValue(values, path(key)));
  const isCluster = isTrue(effectiveValue("cluster.enabled", values, chart));
  switch (part) {
    case "etcd":
      return !isOn("externalEtcd.enabled") && getValue(values, path("etcd.enabled")) !== false;
    case "object storage":
      return !isOn("externalS3.enabled") && getValue(values, path("minio.enabled")) !== false;
    case "message queue":
      return !isOn("externalPulsar.enabled") && !isOn("externalKafka.enabled");
    case "standalone":
      return !isCluster;
    case "logs":
      return isOn("log.persistence.enabled");
  }
}

interface Earlier {
  readonly version: string;
  /** What tells, for people. */
  readonly by: string;
}

/** What this program has noted of its own upgrades is the version; a label is what the chart called it. */
function earlierVersion(
  { verification, attempts }: Pick<ClusterState, "verification" | "attempts">,
  taken: readonly Leftover[],
): Earlier | undefined {
  if (verification?.status === "passed") {
    return { version: verification.attempt.to, by: `the ConfigMap ${verification.configMap} of its last upgrade` };
  }
  const labelled = taken.find(({ version }) => version !== undefined);
  if (labelled?.version !== undefined) {
    return { version: labelled.version, by: `the label of ${labelled.claimName} (chart ${labelled.chart ?? "?"})` };
  }
  const last = attempts.toSorted((a, b) => (a.createdAt < b.createdAt ? -1 : 1)).at(-1);
  // Where it was begun and not finished, the metadata may be of either.
  if (last?.phase !== "migrated") return undefined;
  return { version: last.id.to, by: `the claim ${last.claimName} of its last migration` };
}

/** Milvus 3.0 runs on charts that call themselves 2.6 (fact 2.9). */
function isOther(earlier: string, { to }: Installed): boolean {
  const [before, next] = [minorOf(earlier), minorOf(to)];
  return before !== next && !(before === "2.6" && next === "3.0");
}

function lacksObjects(taken: readonly Leftover[], next: Installed): boolean {
  const has = (wanted: LeftoverPart) => taken.some(({ part }) => part === wanted);
  return has("etcd") && !has("object storage") && isTaken("object storage", next);
}

function deleteLine(taken: readonly Leftover[], { namespace }: Wanted): string {
  return `kubectl -n ${namespace} delete pvc ${taken.map(({ claimName }) => claimName).join(" ")}`;
}
