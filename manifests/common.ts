import type { FieldChange, ObjectChange } from "./diff";

/** The same change in many objects, such as the image's tag or the chart's label: said once. */
export interface CommonChange {
  /** `[*]` stands for names of items that differ from object to object. */
  readonly path: string;
  readonly change: Omit<FieldChange, "path">;
  /** `Deployment/my-release-milvus-proxy`. */
  readonly objects: readonly string[];
}

const LEAST = 3;

/** Takes changes that three or more objects share out of the objects. */
export function splitCommon(changes: readonly ObjectChange[]): {
  readonly common: readonly CommonChange[];
  readonly own: readonly ObjectChange[];
} {
  const groups = new Map<string, CommonChange & { readonly objects: string[] }>();
  for (const object of changes) {
    for (const field of object.fields) {
      const { path, ...change } = field;
      const key = keyOf(field);
      const group = groups.get(key) ?? { path: general(path), change, objects: [] };
      group.objects.push(`${object.kind}/${object.name}`);
      groups.set(key, group);
    }
  }
  const common = new Map([...groups].filter(([, { objects }]) => new Set(objects).size >= LEAST));
  return {
    common: [...common.values()].map((group) => ({ ...group, objects: [...new Set(group.objects)] })),
    own: changes.map((object) => ({ ...object, fields: object.fields.filter((field) => !common.has(keyOf(field))) })),
  };
}

/** Checksums differ in each object and say the same: what is mounted has changed. */
function keyOf({ path, ...change }: FieldChange): string {
  return JSON.stringify([general(path), change]);
}

function general(path: string): string {
  return path.replace(/\[[^\]]*\]/g, "[*]");
}
