import type { StepKind } from "../../upgrade/model";
import { withoutValue } from "../../upgrade/values/tree";
import { catalogueOf, sameCatalogue } from "./records";
import { finishOrphan, type Program, type Trouble, type UpResult, up } from "./run";
import { minorOf, ROOT, rootOf, type World } from "./world";

/** One thing a user, or fate, does. What does not fit the moment is passed over. */
export type Event =
  | { readonly kind: "write"; readonly what: "create" | "drop" | "index" | "flush"; readonly which: number }
  | {
      readonly kind: "up";
      /** Missing: as the config says already. */
      readonly to?: string;
      readonly rollback?: boolean;
      readonly trouble: Trouble;
      readonly without: readonly StepKind[];
      readonly overlaps: boolean;
    }
  | { readonly kind: "follow the remedy"; readonly which: number }
  | { readonly kind: "reinstall"; readonly version: string; readonly newEtcd: boolean }
  | { readonly kind: "uninstall" }
  | { readonly kind: "helm rollback" }
  /** Everything that the attempts have left is of version 0.1 of this program. */
  | { readonly kind: "left by 0.1" }
  | { readonly kind: "scale"; readonly replicas: 0 | 1; readonly all: boolean }
  | { readonly kind: "set image"; readonly version: string; readonly all: boolean }
  | { readonly kind: "take snapshot" }
  | { readonly kind: "put snapshot back" }
  | {
      readonly kind: "root path";
      readonly wrong: boolean;
      readonly where: "config" | "helm" | "both";
      readonly restarts: boolean;
    }
  | { readonly kind: "repair by hand" }
  | { readonly kind: "wait"; readonly minutes: number };

export const WRONG_ROOT = "bydev";

/** Does it, and gives a line about it; undefined where it does not fit. Runs of `pulumi up` give their result too. */
export async function happen(
  world: World,
  program: Program,
  event: Event,
): Promise<{ readonly line: string; readonly result?: UpResult } | undefined> {
  if (event.kind !== "up") await finishOrphan(world);
  world.wait(20);
  switch (event.kind) {
    case "write": {
      const before = world.ledger().acknowledged;
      world.write(event.what, event.which);
      return world.ledger().acknowledged === before
        ? undefined
        : { line: `Milvus ${world.running ?? ""}: ${event.what}` };
    }
    case "up": {
      if (event.to !== undefined) world.config.version = event.to;
      if (event.rollback !== undefined) world.config.rollback = event.rollback;
      const result = await up(world, program, event);
      world.lastRemedy = result.remedy;
      const { version, rollback, overwrite } = world.config;
      const asked = `${version}${rollback ? " rollback" : ""}${overwrite === undefined ? "" : ` overwrite ${overwrite}`}`;
      const how = `${event.without.length > 0 ? ` without ${event.without.join(", ")}` : ""}${
        event.trouble.kind === "none" ? "" : ` (${describeTrouble(event.trouble)})`
      }${event.overlaps ? " (overlapping)" : ""}`;
      return { line: `up to ${asked}${how}: ${result.kind}: ${result.text}`, result };
    }
    case "follow the remedy":
      return followRemedy(world, event.which);
    case "reinstall":
      world.install(event.version, {
        isNewEtcd: event.newEtcd,
        ...(world.config.root !== undefined && { root: world.config.root }),
      });
      return {
        line: `helm uninstall, helm install of ${event.version}, etcd's volume ${event.newEtcd ? "new" : "kept"}`,
      };
    case "uninstall":
      if (world.revisions.length === 0) return undefined;
      world.uninstall();
      return { line: "helm uninstall" };
    case "left by 0.1":
      if (world.claims.size === 0) return undefined;
      for (const claim of world.claims.values()) program.script.age(claim.volume);
      world.ageClaims();
      return { line: "the claims are of version 0.1" };
    case "helm rollback":
      return world.helmRollback() ? { line: `helm rollback: ${world.components[0]?.image ?? ""} runs` } : undefined;
    case "scale": {
      const chosen = event.all ? world.components : world.components.slice(-1);
      if (chosen.every(({ replicas }) => replicas === event.replicas)) return undefined;
      for (const component of chosen) {
        component.replicas = event.replicas;
        world.run(component);
      }
      world.personActed();
      return { line: `kubectl scale ${event.all ? "everything" : "proxy"} to ${event.replicas}` };
    }
    case "set image": {
      const chosen = event.all ? world.components : world.components.slice(-1);
      if (chosen.every(({ image }) => image === event.version)) return undefined;
      for (const component of chosen) {
        component.image = event.version;
        if (!component.paused) world.run(component);
      }
      world.personActed();
      return { line: `kubectl set image of ${event.all ? "everything" : "proxy"} to ${event.version}` };
    }
    case "take snapshot":
      world.takeSnapshot();
      return { line: "etcdctl snapshot save" };
    case "put snapshot back":
      return world.putSnapshotBack() ? { line: "etcdctl snapshot restore" } : undefined;
    case "root path":
      return changeRoot(world, event);
    case "repair by hand":
      return repair(world);
    case "wait":
      world.wait(event.minutes);
      return undefined;
  }
}

function changeRoot(world: World, event: Extract<Event, { kind: "root path" }>): { line: string } | undefined {
  const root = event.wrong ? WRONG_ROOT : undefined;
  if (event.where !== "helm") {
    if (root === undefined) delete world.config.root;
    else world.config.root = root;
  }
  if (event.where === "config") return { line: `config: metadata.rootPath is ${root ?? "the default"}` };
  const { revision } = world;
  if (revision?.status !== "deployed") return undefined;
  const kept = withoutValue(revision.values, ["metadata"]);
  const values = root === undefined ? kept : { ...kept, metadata: { rootPath: root } };
  const next = world.addRevision({ ...revision, values, description: "Upgrade complete" });
  world.deployed(next);
  world.configuredRoot = rootOf(next);
  if (event.restarts) for (const component of world.components) world.run(component);
  world.personActed();
  return {
    line: `helm upgrade --set metadata.rootPath=${root ?? ROOT}, pods ${event.restarts ? "restart" : "run on as they are"}`,
  };
}

/** Who finds a half migrated cluster restores the backup with the tool and starts the old Milvus. */
function repair(world: World): { line: string } | undefined {
  const claim = world.halfMigrated();
  const folder = [...(claim?.volume.values() ?? [])][0];
  if (claim === undefined || folder?.backup === undefined || world.isUp) return undefined;
  const { backup } = folder;
  if (!sameCatalogue(catalogueOf(backup.entries, "2.1"), world.ledger().acknowledged)) return undefined;
  world.etcd.remove(backup.root, () => true);
  world.etcd.put(backup.root, [...backup.entries, ["session/id", String(backup.counter)]]);
  const from = claim.labels["milvus-upgrade/from"] ?? "2.1.4";
  for (const component of world.components) {
    component.image = from;
    component.replicas = 1;
    component.paused = false;
    world.run(component);
  }
  world.personActed();
  return { line: `repair by hand: the tool restores ${claim.name}, Milvus ${from} is started` };
}

/** What can be typed of what was printed: the commands, one of them. */
function followRemedy(world: World, which: number): { line: string } | undefined {
  const text = world.lastRemedy;
  const found = [
    ...text.matchAll(
      /kubectl -n \S+ scale deployment (?<scaled>[\w -]+?) --replicas=0|kubectl -n \S+ label pvc (?<claim>\S+) milvus-upgrade\/release-|pulumi config set milvus:(?<key>version|rollback|overwriteMetadata) (?<value>[\w.-]+)|pulumi config rm (?<removed>milvus:rollback)|Put the image (?<image>[\d.]+) back|(?<helm>helm rollback)/g,
    ),
  ];
  const groups = found[which % Math.max(1, found.length)]?.groups;
  if (groups === undefined) return undefined;
  const { scaled, claim, key, value, removed, image, helm } = groups;
  if (scaled !== undefined) {
    for (const component of world.components.filter(({ name }) => scaled.split(" ").includes(name))) {
      component.replicas = 0;
      world.run(component);
    }
    return { line: `remedy: scale ${scaled.replaceAll("my-release-milvus-", "")} to 0` };
  }
  if (claim !== undefined) {
    // Every remedy that names it says: only if your collections are there. Who reads it looks.
    if (world.running === undefined || !world.isWhole(world.running)) return undefined;
    world.letGo(claim);
    return { line: `remedy: label off ${claim}` };
  }
  if (key === "version" && value) world.config.version = value;
  if (key === "rollback") world.config.rollback = value === "true";
  if (key === "overwriteMetadata" && value) world.config.overwrite = value;
  if (key !== undefined) return { line: `remedy: milvus:${key} ${value ?? ""}` };
  if (removed !== undefined) {
    world.config.rollback = false;
    return { line: "remedy: milvus:rollback removed" };
  }
  if (image !== undefined) {
    for (const component of world.components) {
      component.image = image;
      world.run(component);
    }
    world.personActed();
    return { line: `remedy: image ${image} on every component` };
  }
  return helm !== undefined && world.helmRollback() ? { line: "remedy: helm rollback" } : undefined;
}

function describeTrouble(trouble: Trouble): string {
  switch (trouble.kind) {
    case "none":
      return "";
    case "engine":
      return `engine killed at ${trouble.at}`;
    case "job":
      return `Job ${trouble.step}: ${typeof trouble.fault === "string" ? `ends ${trouble.fault}` : `${trouble.fault.how} ${trouble.fault.number}`}`;
    case "not ready":
      return "the Release does not get ready";
  }
}

export interface Violation {
  readonly what: "I1" | "I2";
  readonly why: string;
}

/** What must hold after every event. */
export function violationAfter(world: World, result: UpResult | undefined): Violation | undefined {
  const lost = world.lost();
  if (lost.length > 0) {
    return { what: "I1", why: `nowhere any more: ${lost.map(({ name }) => name).join(", ")}` };
  }
  if (result?.kind !== "succeeded" || result.plan === undefined || !result.released) return undefined;
  const { plan } = result;
  const released = world.revision;
  if (released === undefined) return undefined;
  const minor = minorOf(released.image);
  // What a new Milvus finds in an etcd that an uninstalled one has left is no upgrade's affair.
  if (plan.kind === "install") return undefined;
  // A person has moved Milvus to another root path while it was down, and the plan has not looked for metadata to migrate.
  if (!plan.steps.some(({ kind }) => kind === "migrate")) world.serving = world.configuredRoot;
  if (world.isWhole(minor, world.configuredRoot)) {
    world.settle(minor);
    world.personMixed = undefined;
    return undefined;
  }
  // Milvus of this minor was put over it by a person, and the plan has not looked into etcd.
  if (world.personMixed === minor && plan.migration === undefined) return undefined;
  const { acknowledged } = world.ledger();
  const names = (all: readonly { readonly name: string }[]) => all.map(({ name }) => name).join(", ") || "nothing";
  return {
    what: "I2",
    why: `Milvus ${released.image} runs and sees ${names(world.seen(minor, world.configuredRoot))}, not as acknowledged: ${names(acknowledged)}`,
  };
}
