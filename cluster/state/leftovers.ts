import { isOfAttempt } from "../../upgrade/metadata/attempt";
import type { Leftover, LeftoverPart } from "../../upgrade/model";
import { isVersion } from "../../upgrade/versions/versions";
import type { Claim } from "./attempts";

/**
 * Claims that are there under the names which the charts give them for this release, sorted by name. `helm uninstall` keeps
 * all that a StatefulSet has made, and the standalone's own by its annotation (helm.sh/resource-policy: keep).
 */
export function leftoversOf(claims: readonly Claim[], releaseName: string): Leftover[] {
  return claims
    .filter(({ metadata }) => !isOfAttempt(metadata?.labels ?? {}, releaseName))
    .flatMap((claim) => {
      const part = partOf(claim, releaseName);
      return part === undefined ? [] : [leftover(claim, part)];
    })
    .sort((a, b) => a.claimName.localeCompare(b.claimName));
}

function leftover({ metadata }: Claim, part: LeftoverPart): Leftover {
  const labels = metadata?.labels ?? {};
  const chart = labels["helm.sh/chart"] ?? labels.chart;
  const version = labels["app.kubernetes.io/version"]?.replace(/^v/, "");
  // The claim of the object storage has the version of its own chart.
  const isOfMilvus = part === "standalone" || part === "logs";
  return {
    claimName: metadata?.name ?? "",
    part,
    createdAt: metadata?.creationTimestamp ?? "",
    ...(chart !== undefined && { chart }),
    ...(isOfMilvus && version !== undefined && isVersion(version) && { version }),
  };
}

/** By the labels of the release, or by the name alone, which is what the new one goes by. */
function partOf({ metadata }: Claim, releaseName: string): LeftoverPart | undefined {
  const name = metadata?.name ?? "";
  const {
    "app.kubernetes.io/instance": instance,
    "app.kubernetes.io/name": app,
    release,
    app: shortApp,
  } = metadata?.labels ?? {};
  const isOfRelease = instance === releaseName || release === releaseName;
  const program = isOfRelease ? (app ?? shortApp) : undefined;
  const known = program === undefined ? undefined : PROGRAMS[program];
  if (known !== undefined) return known;
  const fullName = releaseName.includes("milvus") ? releaseName : `${releaseName}-milvus`;
  const own = { [fullName]: "standalone", [`${fullName}-logs`]: "logs" } as const;
  // With a name of its own in the values (nameOverride) only the labels of the chart tell.
  const isOfMilvus = isOfRelease && metadata?.labels?.["helm.sh/chart"]?.startsWith("milvus-") === true;
  if (isOfMilvus) return name.endsWith("-logs") ? "logs" : "standalone";
  return own[name] ?? NAMES.find(({ matches }) => matches(name, releaseName))?.part;
}

/** Labels that the subcharts select by. A StatefulSet gives them to its claims. */
const PROGRAMS: Readonly<Record<string, LeftoverPart>> = {
  etcd: "etcd",
  minio: "object storage",
  kafka: "message queue",
  zookeeper: "message queue",
  pulsar: "message queue",
  pulsarv2: "message queue",
  pulsarv3: "message queue",
};

/** Claims as the charts name them: VOLUME-STATEFULSET-NUMBER. */
const NAMES: readonly {
  readonly part: LeftoverPart;
  readonly matches: (name: string, releaseName: string) => boolean;
}[] = [
  { part: "etcd", matches: (name, release) => isNumbered(name, `data-${release}-etcd-`) },
  {
    part: "object storage",
    matches: (name, release) =>
      name === `${release}-minio` ||
      (name.startsWith("export-") && isNumbered(name.replace(/^export-(\d+-)?/, ""), `${release}-minio-`)),
  },
  {
    part: "message queue",
    matches: (name, release) =>
      isNumbered(name, `data-${release}-kafka-`) ||
      isNumbered(name, `data-${release}-zookeeper-`) ||
      name.startsWith(`${release}-pulsar-`) ||
      name.startsWith(`${release}-pulsarv3-`) ||
      isNumbered(name, `woodpecker-storage-${release}-milvus-woodpecker-`),
  },
];

function isNumbered(name: string, prefix: string): boolean {
  return name.startsWith(prefix) && /^\d+$/.test(name.slice(prefix.length));
}
