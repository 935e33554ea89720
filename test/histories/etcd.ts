import type { Entries } from "./records";

/** One etcd with its volume: whole keys, the session counters among them. */
export class Etcd {
  private static serial = 0;
  private readonly known = new Map<string, Entries>();

  constructor(
    private readonly stored: Map<string, string> = new Map(),
    readonly id: number = ++Etcd.serial,
  ) {}

  get keys(): Entries {
    return this.stored;
  }

  /** The same volume at this moment. */
  copy(): Etcd {
    return new Etcd(new Map(this.stored), this.id);
  }

  become(other: Etcd): void {
    this.stored.clear();
    for (const [key, value] of other.keys) this.set(key, value);
    this.known.clear();
  }

  set(key: string, value: string): void {
    this.stored.set(key, value);
    this.known.clear();
  }

  /** Metadata below this root path, keys below the metadata root, the session counter left out. The same until it changes. */
  metadata(root: string): Entries {
    const known = this.known.get(root);
    if (known) return known;
    const prefix = `${root}/meta/`;
    const found = new Map<string, string>();
    for (const [key, value] of this.stored) {
      if (!key.startsWith(prefix)) continue;
      const name = key.slice(prefix.length);
      if (name !== "session/id") found.set(name, value);
    }
    this.known.set(root, found);
    return found;
  }

  put(root: string, entries: Entries | readonly (readonly [string, string])[]): void {
    for (const [key, value] of entries) this.set(`${root}/meta/${key}`, value);
  }

  remove(root: string, isRemoved: (key: string) => boolean): void {
    const prefix = `${root}/meta/`;
    for (const key of this.stored.keys()) {
      if (key.startsWith(prefix) && isRemoved(key.slice(prefix.length))) this.stored.delete(key);
    }
    this.known.clear();
  }

  counter(root: string): number {
    return Number(this.stored.get(`${root}/meta/session/id`) ?? "0");
  }

  /** What the start of a component of Milvus, and every call of the tool, does first. */
  register(root: string): void {
    // As session.Init: the key is made with 1, and the next id written. The metadata is as before.
    this.stored.set(`${root}/meta/session/id`, String((this.counter(root) || 1) + 1));
  }
}
