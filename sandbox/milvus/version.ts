/** Milvus versions as image tags name them, and what a component of a version is called in etcd. Pure. */
import { parseImage } from "../podRunner/imageName";

export interface MilvusVersion {
  readonly major: number;
  readonly minor: number;
  readonly patch: number;
}

/** Undefined for a tag that names no version. */
export function imageVersion(image: string): MilvusVersion | undefined {
  const match = /^v?(\d+)\.(\d+)\.(\d+)/.exec(parseImage(image).tag);
  return match ? { major: Number(match[1]), minor: Number(match[2]), patch: Number(match[3]) } : undefined;
}

export function versionText({ major, minor, patch }: MilvusVersion): string {
  return `${major}.${minor}.${patch}`;
}

export function isAtLeast(version: MilvusVersion | undefined, major: number, minor: number): boolean {
  return version === undefined || version.major > major || (version.major === major && version.minor >= minor);
}

export interface SessionRole {
  readonly name: string;
  /** One holder at a time, as coordinators; others carry their server id in the key. */
  readonly exclusive: boolean;
}

const OLD_COORDINATORS = ["rootcoord", "datacoord", "querycoord", "indexcoord"] as const;

const exclusive = (name: string): SessionRole => ({ name, exclusive: true });
const shared = (name: string): SessionRole => ({ name, exclusive: false });

/** Sessions that a pod of this component registers. Up to 2.5 a mixcoord registers as the four coordinators it holds. */
export function sessionRoles(component: string, version: MilvusVersion | undefined): readonly SessionRole[] {
  const modern = isAtLeast(version, 2, 6);
  const coordinators = modern ? [exclusive("mixcoord")] : OLD_COORDINATORS.map(exclusive);
  switch (component) {
    case "standalone": {
      const workers = modern
        ? ["proxy", "querynode", "datanode", "streamingnode"]
        : ["proxy", "querynode", "datanode", "indexnode"];
      return [...coordinators, ...workers.map(shared)];
    }
    case "mixcoord":
      return coordinators;
    case "rootcoord":
    case "datacoord":
    case "querycoord":
    case "indexcoord":
      return [exclusive(component)];
    case "attu":
      return [];
    default:
      return [shared(component)];
  }
}

/** Holds the catalogue of collections, so that it reads the metadata when it starts. */
export function readsMetadata(component: string): boolean {
  return ["rootcoord", "mixcoord", "standalone"].includes(component);
}

/** Sessions that have to be gone before a mixcoord of 2.6 becomes active (rule 4.6). */
export const REPLACED_BY_MIXCOORD: readonly string[] = ["rootcoord", "datacoord", "querycoord"];
