/** A Kubernetes type as it is in JSON: the client's types have Date where the API sends ISO 8601 text. */
export type Json<T> = T extends Date
  ? string
  : T extends readonly (infer Item)[]
    ? readonly Json<Item>[]
    : T extends object
      ? { readonly [Key in keyof T]: Json<T[Key]> }
      : T;

/** The part of every object that the readers of unknown kinds need. */
export interface ObjectMeta {
  readonly name?: string;
  readonly uid?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly ownerReferences?: readonly { readonly apiVersion: string; readonly kind: string; readonly name: string }[];
}
