/** The objects of one kind as an API server keeps them: create once, change and delete at a resource version. */

export interface StoredObject {
  readonly metadata: {
    readonly name: string;
    readonly resourceVersion?: string;
    readonly uid?: string;
    readonly namespace?: string;
    readonly generation?: number;
    readonly creationTimestamp?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly data?: Readonly<Record<string, string>>;
  readonly binaryData?: Readonly<Record<string, string>>;
}

export interface Answer {
  readonly status: number;
  readonly body: object;
}

type Sent = Partial<StoredObject> & { readonly preconditions?: { readonly resourceVersion?: string } };

export class ObjectStore {
  /** By name. */
  readonly stored = new Map<string, StoredObject>();
  #version = 0;

  put(object: StoredObject): StoredObject {
    this.#version += 1;
    const { metadata } = object;
    const kept = { ...object, metadata: { ...metadata, resourceVersion: String(this.#version) } };
    this.stored.set(metadata.name, kept);
    return kept;
  }

  get(name: string): Answer {
    const body = this.stored.get(name);
    return body === undefined ? missing() : { status: 200, body };
  }

  /** @param name missing: of a new object, which is in its body */
  write(method: string, name: string | undefined, body: Sent): Answer {
    if (method === "POST") return this.#create(body as StoredObject);
    const found = this.stored.get(name ?? "");
    if (found === undefined) return missing();
    const wanted = body.preconditions?.resourceVersion ?? body.metadata?.resourceVersion;
    if (wanted !== undefined && wanted !== found.metadata.resourceVersion) return conflict("has been modified");
    if (method === "PATCH") return { status: 200, body: this.put(merged(found, body) as StoredObject) };
    this.stored.delete(found.metadata.name);
    return { status: 200, body: {} };
  }

  #create(body: StoredObject): Answer {
    return this.stored.has(body.metadata.name) ? conflict("already exists") : { status: 201, body: this.put(body) };
  }
}

export function missing(): Answer {
  return { status: 404, body: { kind: "Status", reason: "NotFound", message: "not found" } };
}

function conflict(message: string): Answer {
  return { status: 409, body: { kind: "Status", reason: "Conflict", message } };
}

/** A JSON merge patch: null takes out. */
function merged(target: object, patch: object): object {
  const result = new Map<string, unknown>(Object.entries(target));
  for (const [key, value] of Object.entries(patch) as [string, unknown][]) {
    if (value === null) result.delete(key);
    else if (typeof value === "object") result.set(key, merged((result.get(key) as object | undefined) ?? {}, value));
    else result.set(key, value);
  }
  return Object.fromEntries(result);
}
