/** What can be asked of an API server. */

/** An object of the API, or all of a kind. */
export interface ObjectPath {
  /** `v1`, `apps/v1`, `milvus.io/v1beta1` … */
  readonly api: string;
  /** Plural: `deployments`. Missing for `/version`. */
  readonly resource?: string;
  readonly namespace?: string;
  /** Missing: a list. */
  readonly name?: string;
  /** `log`. */
  readonly subresource?: string;
  readonly query?: Readonly<Record<string, string>>;
}

/** A read of one object or a list of them. */
export interface ApiRequest extends ObjectPath {
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** Media types, as in an Accept header. Missing: whatever the server prefers. */
  readonly accept?: string;
  /** No second try: the answer is not worth waiting for. */
  readonly once?: boolean;
}

/** A write of one object: the few things that the program writes itself. */
export type WriteRequest = Creation | MergePatch | Deletion;

interface Creation extends Omit<Written, "name"> {
  readonly method: "POST";
  readonly body: object;
}

interface MergePatch extends Written {
  readonly method: "PATCH";
  /** With `metadata.resourceVersion` it is refused once somebody else has written to the object. */
  readonly body: object;
}

interface Deletion extends Written {
  readonly method: "DELETE";
  readonly options?: {
    /** It is refused for an object that has changed since. */
    readonly preconditions?: { readonly resourceVersion: string };
    readonly propagationPolicy?: "Foreground";
  };
}

interface Written extends Pick<ObjectPath, "api" | "namespace" | "query"> {
  readonly resource: string;
  readonly name: string;
  /** Milliseconds; missing: as long as a read may take. */
  readonly timeout?: number;
}

/** From the server's address on, with the query. */
export function urlPathOf({
  api,
  resource,
  namespace,
  name,
  subresource,
  ...selection
}: ObjectPath & Pick<ApiRequest, "labelSelector" | "fieldSelector">): string {
  if (resource === undefined) return `/${api}`;
  const group = api.includes("/") ? `/apis/${api}` : `/api/${api}`;
  const parts = [
    ...(namespace === undefined ? [] : ["namespaces", namespace]),
    resource,
    ...(name === undefined ? [] : [name]),
    ...(subresource === undefined ? [] : [subresource]),
  ];
  const query = queryOf(selection).toString();
  return [group, ...parts.map(encodeURIComponent)].join("/") + (query === "" ? "" : `?${query}`);
}

function queryOf({ labelSelector, fieldSelector, query = {} }: Partial<ApiRequest>): URLSearchParams {
  const all = Object.entries({ labelSelector, fieldSelector, ...query });
  return new URLSearchParams(
    all.flatMap(([key, value]) => (value === undefined ? [] : [[key, value] as [string, string]])),
  );
}
