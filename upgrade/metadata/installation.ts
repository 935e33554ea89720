import type { ClusterState, Installation } from "../model";

/** Annotations of everything that outlives a run: which installation it belongs to. */
const ANNOTATIONS = {
  firstDeployedAt: "milvus-upgrade/first-deployed",
  namespaceUid: "milvus-upgrade/namespace-uid",
} as const satisfies Record<keyof Installation, string>;

/** Helm's clock is that of the machine that installed, the claim's that of the API server. Milliseconds. */
const CLOCK_SKEW = 10 * 60_000;

export function installationOf({
  release,
  namespaceUid,
}: Pick<ClusterState, "release" | "namespaceUid">): Installation {
  const firstDeployedAt = release?.firstDeployedAt;
  return {
    ...(firstDeployedAt !== undefined && { firstDeployedAt }),
    ...(namespaceUid !== undefined && { namespaceUid }),
  };
}

/** The marks of an installation, for an object that outlives the run. */
export function installationAnnotations(installation: Installation): Record<string, string> {
  const { firstDeployedAt, namespaceUid } = installation;
  return {
    ...(firstDeployedAt !== undefined && { [ANNOTATIONS.firstDeployedAt]: firstDeployedAt }),
    ...(namespaceUid !== undefined && { [ANNOTATIONS.namespaceUid]: namespaceUid }),
  };
}

/** An object that may be of another installation. */
export interface Marked {
  readonly annotations: Readonly<Record<string, string>>;
  /** ISO 8601. */
  readonly createdAt: string;
}

/**
 * Does the object belong to another installation than this one? Marks are compared where both sides have them. An object
 * without marks, made by 0.1 of this program, is older than the installation when it belongs to another one.
 */
export function isForeign({ annotations, createdAt }: Marked, installation: Installation): boolean {
  const keys = Object.keys(ANNOTATIONS) as (keyof Installation)[];
  const differs = keys.some((key) => {
    const mark = annotations[ANNOTATIONS[key]];
    const own = installation[key];
    return mark !== undefined && own !== undefined && mark !== own;
  });
  if (differs) return true;
  if (annotations[ANNOTATIONS.firstDeployedAt] !== undefined || installation.firstDeployedAt === undefined)
    return false;
  return Date.parse(createdAt) < Date.parse(installation.firstDeployedAt) - CLOCK_SKEW;
}
