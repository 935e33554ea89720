const SHOWN_OBJECTS = 5;
const SHOWN_PATHS = 3;

/** A workload that is not as Helm has left it. */
export interface ChangedPastHelm {
  /** `Kind/name`. */
  readonly object: string;
  /** Fields that the manifest sets and somebody changed, such as `spec.template.spec.containers[proxy].resources.limits.memory`. */
  readonly paths: readonly string[];
  /** It is not in the cluster any more. */
  readonly isMissing: boolean;
}

/** What a Release sets back of what was done by hand; at least one object. */
export function describeSetBack(changed: readonly ChangedPastHelm[]): string {
  const names = changed.map(({ object, paths, isMissing }) => {
    return `${object} (${isMissing ? "deleted" : shortened(paths, SHOWN_PATHS)})`;
  });
  return `Changed past Helm: ${shortened(names, SHOWN_OBJECTS)}. The Release sets that back, and pods restart where their template changes. To keep a change, write it into milvus:values`;
}

/** The first of many, and how many more there are. */
export function shortened(texts: readonly string[], most: number): string {
  const more = texts.length > most ? ` and ${texts.length - most} more` : "";
  return `${texts.slice(0, most).join(", ")}${more}`;
}
