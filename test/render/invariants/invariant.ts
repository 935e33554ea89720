import type { HelmValues } from "../../../upgrade/model";
import type { Picture } from "../picture";

/** What comes of a broken one. */
export const DAMAGES = ["data lost", "outage", "other"] as const;
export type Damage = (typeof DAMAGES)[number];

/** Two renderings, before and after a hop. */
export interface Hop {
  readonly before: Picture;
  readonly after: Picture;
  /** Milvus version that runs before, and that is wanted. */
  readonly from: string;
  readonly to: string;
  /** The user's values. */
  readonly given: HelmValues;
}

/** Something that does not hold. */
export interface Breach {
  readonly what: string;
  readonly damage: Damage;
  /** A warning that has one of these words in it has said it. */
  readonly words: readonly string[];
}

export interface Invariant {
  readonly name: string;
  readonly explanation: string;
  readonly check: (hop: Hop) => readonly Breach[];
}
