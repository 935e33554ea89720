import { RELEASE_LABEL } from "../../upgrade/marks";
import { attemptFromLabels, type attemptLabels, isOfAttempt, PHASE_ANNOTATION } from "../../upgrade/metadata/attempt";
import { installationAnnotations, isForeign } from "../../upgrade/metadata/installation";
import type {
  AttemptPhase,
  AttemptState,
  ClusterState,
  ComponentState,
  HelmRelease,
  HelmValues,
  Installation,
  ReleaseStatus,
  Wanted,
} from "../../upgrade/model";
import { getValue } from "../../upgrade/values/tree";
import { olderThan } from "../../upgrade/versions/versions";
import { Etcd } from "./etcd";
import { isHalfMigrated, type Volume } from "./metadata";
import {
  type Collection,
  catalogueOf,
  dropOf,
  FIRST_START,
  type Minor,
  newCollection,
  recordsOf,
  sameCatalogue,
  sameCollection,
  withIndex,
  withSegment,
} from "./records";

export const RELEASE = "my-release";
export const NAMESPACE = "milvus";
export const ROOT = "by-dev";
const NAMESPACE_UID = "uid-of-the-namespace";
const NAMES = ["rootcoord", "indexnode", "querynode", "proxy"] as const;
const MINUTE = 60_000;

/** Charts that the catalogue has for the versions of the histories. */
export const CHARTS: Readonly<Record<string, string>> = {
  "2.1.2": "3.2.2",
  "2.1.4": "3.2.18",
  "2.2.0": "3.3.6",
  "2.2.9": "4.0.24",
  "2.2.14": "4.0.34",
};

export function minorOf(version: string): Minor {
  return version.startsWith("2.1.") ? "2.1" : "2.2";
}

interface Revision {
  readonly revision: number;
  status: ReleaseStatus;
  readonly chart: string;
  readonly appVersion: string;
  readonly values: HelmValues;
  readonly image: string;
  readonly description: string;
  readonly updatedAt: number;
}

export interface Component {
  readonly name: string;
  readonly component: string;
  image: string;
  replicas: number;
  paused: boolean;
  remembered?: number;
  /** What runs: version and root path of each pod are those of its start. */
  pods: number;
  podImage: string;
  podRoot: string;
}

export interface Claim {
  readonly name: string;
  readonly labels: Record<string, string>;
  readonly annotations: Record<string, string>;
  readonly createdAt: number;
  readonly volume: Volume;
}

/** What Milvus has acknowledged in one place. */
interface Ledger {
  acknowledged: readonly Collection[];
  /** What may be there instead, because somebody consented to the loss of the rest. */
  orElse: readonly (readonly Collection[])[];
  /** What a person has installed another Milvus over: it need not be seen any more, and must not be lost either. */
  heritage: readonly Collection[];
}

interface Snapshot {
  readonly etcd: Etcd;
  readonly ledgers: ReadonlyMap<string, Ledger>;
}

/** A cluster with one release of Milvus, its etcd, the claims of its attempts, and what its users know. */
export class World {
  now = Date.parse("2026-05-01T12:00:00Z");
  revisions: Revision[] = [];
  firstDeployed = 0;
  components: Component[] = [];
  readonly claims = new Map<string, Claim>();
  etcd = new Etcd();
  readonly ledgers = new Map<string, Ledger>();
  /** The place that Milvus last served from. */
  serving = ROOT;
  /** What the next start of Milvus reads from its configuration. */
  configuredRoot = ROOT;
  /** The acknowledged metadata at the time of each backup, by claim: what it was, or may have been by a consent. */
  private readonly backedUp = new Map<string, readonly (readonly Collection[])[]>();
  private snapshot: Snapshot | undefined;
  private nextId = 1;
  /** Part of the stack config. */
  config: { version: string; rollback: boolean; overwrite?: string; root?: string } = {
    version: "2.1.4",
    rollback: false,
  };
  lastRemedy = "";
  /** A Job that outlived its run: what is left of it. */
  orphan: { readonly step: string; readonly rest: () => Promise<void> } | undefined;
  /** A person has put this minor over metadata of the other. */
  personMixed: Minor | undefined;

  // -------------------------------------------------------------------------------------------- what is there

  get revision(): Revision | undefined {
    return this.revisions.at(-1);
  }

  get lastDeployed(): Revision | undefined {
    return this.revisions.filter(({ status }) => status === "deployed" || status === "superseded").at(-1);
  }

  get isUp(): boolean {
    return this.components.length > 0 && this.components.every(({ pods }) => pods > 0);
  }

  /** The minor that answers: that of the coordinator. */
  get running(): Minor | undefined {
    const [coordinator] = this.components;
    return this.isUp && coordinator ? minorOf(coordinator.podImage) : undefined;
  }

  sessionsAt(root: string): readonly string[] {
    return this.components.filter((it) => it.podRoot === root && it.pods > 0).map(({ component }) => component);
  }

  place(root = this.serving): string {
    return `${this.etcd.id}/${root}`;
  }

  ledger(root = this.serving): Ledger {
    const found = this.ledgers.get(this.place(root)) ?? { acknowledged: [], orElse: [], heritage: [] };
    this.ledgers.set(this.place(root), found);
    return found;
  }

  seen(minor: Minor, root = this.serving): readonly Collection[] {
    return catalogueOf(this.etcd.metadata(root), minor);
  }

  /** Everything that was acknowledged, or what somebody consented to, is what this minor sees. */
  isWhole(minor: Minor, root = this.serving): boolean {
    return this.matching(minor, root) !== undefined;
  }

  private matching(minor: Minor, root: string): readonly Collection[] | undefined {
    const { acknowledged, orElse, heritage } = this.ledger();
    const isNew = (one: Collection) => !heritage.some((it) => sameCollection(it, one));
    const seen = this.seen(minor, root).filter(isNew);
    if (sameCatalogue(acknowledged, seen)) return acknowledged;
    // Segments written since stay in etcd when the rest is put back: the data of a loss that was consented to.
    return orElse.some((it) => covers(seen, it)) ? seen : undefined;
  }

  /** It was seen whole: what was consented to has happened or has not. */
  settle(minor: Minor): void {
    const found = this.matching(minor, this.serving);
    if (found) this.ledgers.set(this.place(), { ...this.ledger(), acknowledged: found, orElse: [] });
  }

  /** What is nowhere any more: neither in etcd in some format, nor in any copy. */
  lost(): readonly Collection[] {
    const { acknowledged, orElse, heritage } = this.ledger();
    const sources = [
      this.seen("2.1"),
      this.seen("2.2"),
      ...[...this.claims.values()].flatMap(({ volume }) =>
        [...volume.values()].flatMap((folder) =>
          [folder.backup, ...folder.replaced, ...folder.outdated].flatMap((copy) =>
            copy ? [catalogueOf(copy.entries, "2.1"), catalogueOf(copy.entries, "2.2")] : [],
          ),
        ),
      ),
    ];
    const missing = (all: readonly Collection[]) =>
      all.filter((one) => !sources.some((source) => source.some((it) => sameCollection(it, one))));
    const losses = [acknowledged, ...orElse].map((all) => missing([...all, ...heritage]));
    return losses.find((loss) => loss.length === 0) ?? losses[0] ?? [];
  }

  // -------------------------------------------------------------------------------------------- Milvus

  /** Milvus starts, restarts or is scaled so that as many pods run as are wanted, with the image of the template. */
  run(component: Component): void {
    if (component.replicas === 0) {
      component.pods = 0;
      return;
    }
    component.pods = component.replicas;
    component.podImage = component.image;
    component.podRoot = this.configuredRoot;
    for (let pod = 0; pod < component.pods; pod++) this.etcd.register(this.configuredRoot);
    const have = this.etcd.metadata(this.configuredRoot);
    this.etcd.put(
      this.configuredRoot,
      [...FIRST_START].filter(([key]) => !have.has(key)),
    );
  }

  /** Somebody past the program has started, stopped or moved Milvus. */
  personActed(): void {
    const [coordinator] = this.components;
    if (coordinator === undefined) return;
    if (coordinator.pods > 0) this.serving = coordinator.podRoot;
    const minor = minorOf(coordinator.image);
    this.personMixed = this.isWhole(minor) ? undefined : minor;
  }

  write(what: "create" | "drop" | "index" | "flush", which: number): void {
    const minor = this.running;
    if (minor === undefined) return;
    const known = this.ledger().acknowledged.filter((it) => this.seen(minor).some((seen) => sameCollection(seen, it)));
    const chosen = known[which % Math.max(1, known.length)];
    if (what === "create" || chosen === undefined) {
      this.save(newCollection(this.nextId++), minor);
      return;
    }
    if (what === "index" || what === "flush") {
      if (what === "flush" || !chosen.indexed)
        this.save(what === "flush" ? withSegment(chosen) : withIndex(chosen), minor);
      return;
    }
    const { removed, written } = dropOf(chosen, this.now);
    this.etcd.remove(this.serving, (key) => removed.test(key));
    this.etcd.put(this.serving, written);
    this.acknowledge((all) => all.filter(({ id }) => id !== chosen.id));
  }

  private save(collection: Collection, minor: Minor): void {
    const records = recordsOf(collection, minor);
    const have = this.etcd.metadata(this.serving);
    const key = `root-coord/collection/${collection.id}`;
    const isChanged = have.has(key) && have.get(key) !== records.get(key);
    const isSnapshot = (it: string) => it.startsWith("snapshots/root-coord/collection/");
    // A changed collection has one more snapshot; what was written before stays.
    const written = [...records].filter(([it]) => !have.has(it) || !isSnapshot(it));
    if (isChanged) written.push([`snapshots/${key}_ts${this.now}`, records.get(key) ?? ""]);
    this.etcd.put(this.serving, written);
    this.acknowledge((all) =>
      [...all.filter(({ id }) => id !== collection.id), collection].sort((a, b) => a.id - b.id),
    );
  }

  private acknowledge(change: (all: readonly Collection[]) => readonly Collection[]): void {
    const { acknowledged, orElse, heritage } = this.ledger();
    this.ledgers.set(this.place(), { acknowledged: change(acknowledged), orElse: orElse.map(change), heritage });
  }

  /** Somebody has agreed to have what the backup of this claim held in place of what is there. */
  consent(claim: string): void {
    const { orElse, ...others } = this.ledger();
    const then = this.backedUp.get(claim) ?? [];
    this.ledgers.set(this.place(), { ...others, orElse: [...orElse, ...then] });
  }

  /** This claim has a new backup. */
  backUp(claim: string): void {
    const { acknowledged, orElse } = this.ledger();
    this.backedUp.set(claim, [acknowledged, ...orElse]);
  }

  // -------------------------------------------------------------------------------------------- Helm

  addRevision(of: Omit<Revision, "revision" | "updatedAt">): Revision {
    const revision = { ...of, revision: (this.revision?.revision ?? 0) + 1, updatedAt: this.now };
    this.revisions.push(revision);
    return revision;
  }

  deployed(revision: Revision): void {
    for (const other of this.revisions) if (other.status === "deployed") other.status = "superseded";
    revision.status = "deployed";
  }

  /** The Deployments become what the revision says. */
  apply(revision: Revision): void {
    this.configuredRoot = rootOf(revision);
    if (this.components.length === 0) {
      this.components = NAMES.map((component) => ({
        name: `${RELEASE}-milvus-${component}`,
        component,
        image: revision.image,
        replicas: 0,
        paused: false,
        pods: 0,
        podImage: revision.image,
        podRoot: this.configuredRoot,
      }));
    }
    for (const component of this.components) {
      const isChanged = component.image !== revision.image || component.pods === 0;
      component.image = revision.image;
      component.replicas = 1;
      delete component.remembered;
      if (isChanged && !component.paused) this.run(component);
    }
  }

  install(version: string, { root, isNewEtcd }: { root?: string; isNewEtcd: boolean }): void {
    this.revisions = [];
    this.components = [];
    this.firstDeployed = this.now;
    if (isNewEtcd) this.etcd = new Etcd();
    const values: HelmValues = root === undefined ? {} : { metadata: { rootPath: root } };
    const chart = CHARTS[version] ?? "";
    const revision = this.addRevision({
      status: "deployed",
      chart,
      appVersion: version,
      values,
      image: version,
      description: "Install complete",
    });
    this.apply(revision);
    this.personActed();
    this.begin(minorOf(version));
  }

  uninstall(): void {
    this.revisions = [];
    this.components = [];
  }

  /** Claims as version 0.1 of this program made them, without the marks of their installation. */
  ageClaims(): void {
    for (const [name, claim] of this.claims) {
      const phase = claim.annotations[PHASE_ANNOTATION];
      this.claims.set(name, { ...claim, annotations: phase === undefined ? {} : { [PHASE_ANNOTATION]: phase } });
    }
  }

  /** A new Milvus over what an older one has left: it begins with what it sees of it. */
  begin(minor: Minor): void {
    this.serving = this.configuredRoot;
    this.personMixed = this.isWhole(minor) ? undefined : minor;
    if (this.personMixed === undefined) return;
    const { acknowledged, orElse, heritage } = this.ledger();
    const seen = this.seen(minor).filter((one) => acknowledged.some((it) => sameCollection(it, one)));
    this.ledgers.set(this.place(), {
      acknowledged: seen,
      orElse: [],
      heritage:
        orElse.length > 0
          ? heritage
          : [...heritage, ...acknowledged.filter((one) => !seen.some((it) => sameCollection(it, one)))],
    });
  }

  helmRollback(): boolean {
    const current = this.revision;
    const good = this.revisions.filter(({ status }) => status === "deployed" || status === "superseded");
    // `helm rollback RELEASE 1` over revision 1 brings back what was scaled or patched by hand.
    const target = good.filter(({ revision }) => revision !== current?.revision).at(-1) ?? good.at(-1);
    if (current === undefined || target === undefined) return false;
    const { chart, appVersion, values, image } = target;
    const description = `Rollback to ${target.revision}`;
    const revision = this.addRevision({ status: "deployed", chart, appVersion, values, image, description });
    this.deployed(revision);
    for (const component of this.components) component.paused = false;
    this.apply(revision);
    // Another root path is another configuration, with which the pods start anew.
    for (const component of this.components.filter(({ podRoot }) => podRoot !== this.configuredRoot))
      this.run(component);
    this.personActed();
    return true;
  }

  takeSnapshot(): void {
    this.snapshot = { etcd: this.etcd.copy(), ledgers: new Map(this.ledgers) };
  }

  putSnapshotBack(): boolean {
    if (this.snapshot?.etcd.id !== this.etcd.id) return false;
    this.etcd.become(this.snapshot.etcd);
    for (const place of [...this.ledgers.keys()].filter((it) => it.startsWith(`${this.etcd.id}/`))) {
      const then = this.snapshot.ledgers.get(place);
      if (then) this.ledgers.set(place, then);
      else this.ledgers.delete(place);
    }
    for (const component of this.components) this.run(component);
    this.personActed();
    return true;
  }

  /** The attempt that has left the metadata half migrated, as its volume says. */
  halfMigrated(): Claim | undefined {
    return [...this.claims.values()].find(({ volume }) => [...volume.values()].some(isHalfMigrated));
  }

  // -------------------------------------------------------------------------------------------- for the planner

  get wanted(): Wanted {
    const { version, rollback, overwrite, root } = this.config;
    return {
      version,
      releaseName: RELEASE,
      namespace: NAMESPACE,
      values: root === undefined ? {} : { metadata: { rootPath: root } },
      chartSource: { kind: "repository" },
      strategy: "auto",
      rollback,
      dropValues: [],
      ...(overwrite !== undefined && { overwriteMetadata: overwrite }),
    };
  }

  state(): ClusterState {
    const release = this.releaseState();
    return {
      kubernetesVersion: "1.24.0",
      observedAt: iso(this.now),
      namespaceExists: true,
      namespaceUid: NAMESPACE_UID,
      ...(release && { release }),
      components: this.components.map(componentState),
      attempts: this.attempts(),
      takenClaimNames: [...this.claims.keys()].sort(),
      notes: [],
    };
  }

  private releaseState(): HelmRelease | undefined {
    const newest = this.revision;
    if (newest === undefined) return undefined;
    const last = newest.status === "deployed" ? undefined : this.lastDeployed;
    return {
      name: RELEASE,
      namespace: NAMESPACE,
      revision: newest.revision,
      status: newest.status,
      chartName: "milvus",
      chartVersion: newest.chart,
      appVersion: newest.appVersion,
      userValues: newest.values,
      chartValues: {},
      description: newest.description,
      updatedAt: iso(newest.updatedAt),
      firstDeployedAt: iso(this.firstDeployed),
      recordName: `sh.helm.release.v1.${RELEASE}.v${newest.revision}`,
      ...(last && {
        lastDeployed: {
          revision: last.revision,
          chartVersion: last.chart,
          appVersion: last.appVersion,
          userValues: last.values,
          chartValues: {},
        },
      }),
    };
  }

  private get installation(): Installation {
    return { firstDeployedAt: iso(this.firstDeployed), namespaceUid: NAMESPACE_UID };
  }

  private attempts(): AttemptState[] {
    return [...this.claims.values()]
      .flatMap(({ name, labels, annotations, createdAt }) => {
        const id = attemptFromLabels(labels);
        if (id === undefined || !isOfAttempt(labels, RELEASE)) return [];
        const phase = (annotations[PHASE_ANNOTATION] ?? "prepared") as AttemptPhase;
        const foreign = isForeign({ annotations, createdAt: iso(createdAt) }, this.installation);
        return [{ id, claimName: name, phase, createdAt: iso(createdAt), ...(foreign && { isForeign: true }) }];
      })
      .sort((a, b) => a.id.revision - b.id.revision || a.id.ordinal - b.id.ordinal);
  }

  /** The label that names the release is taken off the claim: it belongs to no attempt any more. */
  letGo(name: string): void {
    const claim = this.claims.get(name);
    if (claim === undefined) return;
    const labels = Object.entries(claim.labels).filter(([label]) => label !== RELEASE_LABEL);
    this.claims.set(name, { ...claim, labels: Object.fromEntries(labels) });
  }

  claimFor(name: string, labels: ReturnType<typeof attemptLabels>): Claim {
    const claim = this.claims.get(name) ?? {
      name,
      labels: {},
      annotations: {},
      createdAt: this.now,
      volume: new Map(),
    };
    Object.assign(claim.labels, labels);
    Object.assign(claim.annotations, installationAnnotations(this.installation));
    this.claims.set(name, claim);
    return claim;
  }

  wait(minutes: number): void {
    this.now += minutes * MINUTE;
  }
}

/** The same collections, the first ones perhaps with more segments. */
function covers(seen: readonly Collection[], expected: readonly Collection[]): boolean {
  return (
    seen.length === expected.length &&
    seen.every((one, index) => {
      const other = expected[index];
      if (other === undefined) return false;
      const kept = one.segments.filter(({ id }) => other.segments.some((it) => it.id === id));
      return sameCollection({ ...one, segments: kept }, other);
    })
  );
}

/** Where Milvus of this revision keeps its metadata: a chart from 4.0.0 on knows no `metadata.rootPath`. */
export function rootOf({ chart, values }: Pick<Revision, "chart" | "values">): string {
  if (olderThan(chart, "4.0.0")) {
    const root = getValue(values, ["metadata", "rootPath"]);
    return typeof root === "string" ? root : ROOT;
  }
  const config = getValue(values, ["extraConfigFiles", "user.yaml"]);
  return /rootPath: "?([\w-]+)/.exec(typeof config === "string" ? config : "")?.[1] ?? ROOT;
}

function componentState(component: Component): ComponentState {
  const { name, image, podImage, replicas, pods, paused, remembered } = component;
  const isRolled = !paused && pods === replicas && (pods === 0 || podImage === image);
  return {
    name,
    component: component.component,
    image: `milvusdb/milvus:v${image}`,
    ...(pods > 0 && { podImages: [`milvusdb/milvus:v${podImage}`] }),
    replicas,
    readyReplicas: pods,
    updatedReplicas: podImage === image ? pods : 0,
    pods,
    paused,
    rolledOut: isRolled,
    strategyType: component.component.endsWith("coord") ? "Recreate" : "RollingUpdate",
    ...(remembered !== undefined && { rememberedReplicas: remembered }),
  };
}

function iso(time: number): string {
  return new Date(time).toISOString();
}
