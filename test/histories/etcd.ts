import type { Entries } from "./records";

/** One etcd with its volume: whole keys, the session counters among them. */
export class Etcd {
  private static serial = 0;
  readonly id: number;

  constructor(
    readonly keys: Map<string, string> = new Map(),
    id?: number,
  ) {
    this.id = id ?? ++Etcd.serial;
  }

  /** The same volume at this moment. */
  copy(): Etcd {
    return new Etcd(new Map(this.keys), this.id);
  }

  become(other: Etcd): void {
    this.keys.clear();
    for (const [key, value] of other.keys) this.keys.set(key, value);
  }

  /** Metadata below this root path, keys below the metadata root, the session counter left out. */
  metadata(root: string): Map<string, string> {
    const prefix = `${root}/meta/`;
    const found = new Map<string, string>();
    for (const [key, value] of this.keys) {
      if (!key.startsWith(prefix)) continue;
      const name = key.slice(prefix.length);
      if (name !== "session/id") found.set(name, value);
    }
    return found;
  }

  /** In the order of the keys, as etcd lists them. */
  list(root: string, prefix = ""): [string, string][] {
    const whole = `${root}/meta/${prefix}`;
    const cut = root.length + "/meta/".length;
    const found: [string, string][] = [];
    for (const [key, value] of this.keys) if (key.startsWith(whole)) found.push([key.slice(cut), value]);
    return found.sort((a, b) => (a[0] < b[0] ? -1 : 1));
  }

  put(root: string, entries: Entries | readonly (readonly [string, string])[]): void {
    for (const [key, value] of entries) this.keys.set(`${root}/meta/${key}`, value);
  }

  remove(root: string, isRemoved: (key: string) => boolean): void {
    const prefix = `${root}/meta/`;
    for (const key of this.keys.keys()) {
      if (key.startsWith(prefix) && isRemoved(key.slice(prefix.length))) this.keys.delete(key);
    }
  }

  counter(root: string): number {
    return Number(this.keys.get(`${root}/meta/session/id`) ?? "0");
  }

  /** What the start of a component of Milvus, and every call of the tool, does first. */
  register(root: string): void {
    // As session.Init: the key is made with 1, and the next id written.
    this.keys.set(`${root}/meta/session/id`, String((this.counter(root) || 1) + 1));
  }
}
