import { chartAtLeast, chartOlderThan } from "../../charts/versions";
import type { HelmValue } from "../../model";
import { list, refuse } from "../../refusal";
import {
  configured,
  EMBEDDED_ETCD_FOLDER,
  isOn,
  LOCAL_STORAGE,
  MILVUS_HOME,
  NATS_FOLDER,
  type Place,
  placed,
  ROCKSMQ,
  type Setup,
  STANDALONE_MOUNT,
  valueIn,
  WOODPECKER_FOLDER,
} from "../tables/places";
import { asText, getValue, isMap, path, sameValue, withoutValue } from "../tree";
import { type Addition, NOTHING, type Setting, type ValueContext, type ValueOutcome, type ValueRule } from "./rule";
import { runningSetup, wantedSetup } from "./setup";

/** What of a standalone's data is in files of its pod. */
const FOLDERS: readonly Place[] = [LOCAL_STORAGE, ROCKSMQ, NATS_FOLDER, WOODPECKER_FOLDER, EMBEDDED_ETCD_FOLDER];

const PERSISTENCE = "standalone.persistence.enabled";
const DISK = "standalone.disk.enabled";
/** Charts from which on there is an emptyDir for disk indexes, from which it is there by default, and lies over the data. */
const DISK_SINCE = "3.1.7";
const DISK_ON_SINCE = "3.2.15";
const DISK_OVER_DATA_SINCE = "4.0.23";
const DISK_OVER_DATA = `${MILVUS_HOME}/data`;
const OWN_VOLUMES_SINCE = "4.2.31";

interface Mount {
  readonly at: string;
  /** `claim`: also a volume of the user's own that is no emptyDir. */
  readonly kind: "claim" | "emptyDir";
  readonly isDisk?: true;
}

function mountsOf(setup: Setup): Mount[] {
  const data: Mount = { at: mountPathOf(setup), kind: isOn(setup, PERSISTENCE, true) ? "claim" : "emptyDir" };
  const diskAt = chartAtLeast(setup.chart, DISK_OVER_DATA_SINCE) ? DISK_OVER_DATA : "/milvus/data";
  const disk: Mount[] = hasDisk(setup) ? [{ at: diskAt, kind: "emptyDir", isDisk: true }] : [];
  return [data, ...ownMounts(setup), ...disk];
}

function hasDisk(setup: Setup): boolean {
  return chartAtLeast(setup.chart, DISK_SINCE) && isOn(setup, DISK, chartAtLeast(setup.chart, DISK_ON_SINCE));
}

function mountPathOf(setup: Setup): string {
  return asText(valueIn(setup, STANDALONE_MOUNT) ?? MILVUS_HOME).replace(/(?<=.)\/+$/, "");
}

/** Volumes that the values bring themselves. */
function ownMounts(setup: Setup): Mount[] {
  if (chartOlderThan(setup.chart, OWN_VOLUMES_SINCE)) return [];
  const volumes = maps(valueIn(setup, "volumes"));
  return maps(valueIn(setup, "volumeMounts")).map(({ mountPath, name }) => ({
    at: asText(mountPath),
    kind: volumes.some((volume) => volume.name === name && isMap(volume.emptyDir)) ? "emptyDir" : "claim",
  }));
}

function maps(value: HelmValue | undefined) {
  return Array.isArray(value) ? value.filter(isMap) : [];
}

/** The mount that a folder of a standalone lies on; undefined: the container's own file system, which ends with it. */
export function mountOf(folder: string, setup: Setup): Mount | undefined {
  return mountsOf(setup)
    .filter(({ at }) => folder === at || folder.startsWith(`${at}/`))
    .toSorted((a, b) => a.at.length - b.at.length)
    .at(-1);
}

export function isOnAVolume(mount: Mount | undefined): boolean {
  return mount?.kind === "claim";
}

interface Folder {
  readonly place: Place;
  readonly folder: string;
  readonly mount: Mount | undefined;
}

function foldersOf(setup: Setup): Folder[] {
  return FOLDERS.filter(({ isUsed }) => isUsed?.(setup) ?? true).map((place) => {
    const folder = placed(place, setup);
    return { place, folder, mount: mountOf(folder, setup) };
  });
}

export const diskRule: ValueRule = {
  name: "no_empty_volume_over_the_data",
  source:
    "docs/upgrade-facts.md 5.10: templates/standalone-deployment.yaml of charts 4.0.22 and 4.0.23; milvus.yaml, localStorage.path",
  explanation:
    "From chart 4.0.23 on a standalone with standalone.disk.enabled, the default, has an emptyDir at /var/lib/milvus/data. A local object storage lies there: its data would be hidden, and what is written after that lost at each restart. The emptyDir is left out, and disk indexes stay on. Where only caches lie there it is said.",
  owns: [path(DISK)],
  apply: (context) => {
    const next = wantedSetup(context);
    if (next.mode !== "standalone" || chartOlderThan(next.chart, DISK_OVER_DATA_SINCE) || !hasDisk(next))
      return NOTHING;
    const now = runningSetup(context);
    // It lies there already: what is under it is not what Milvus uses.
    if (now && hasDisk(now) && chartAtLeast(now.chart, DISK_OVER_DATA_SINCE)) return NOTHING;
    const covered = foldersOf(next).find(({ mount }) => mount?.isDisk);
    const isSamePlace = mountPathOf(next) === DISK_OVER_DATA;
    if (covered === undefined && !isSamePlace) return now ? sayCachesMove(next) : NOTHING;
    const what = isSamePlace ? "the standalone's volume" : covered?.place.what;
    return withoutDisk(next, `chart ${next.chart} has an emptyDir at ${DISK_OVER_DATA}, over ${what ?? ""}`);
  },
};

/** With the data elsewhere, only what Milvus loads again is there. */
function sayCachesMove(next: Setup): ValueOutcome {
  if (!isOn(next, PERSISTENCE, true) || !DISK_OVER_DATA.startsWith(`${mountPathOf(next)}/`)) return NOTHING;
  return {
    warnings: [
      `chart ${next.chart} has an emptyDir at ${DISK_OVER_DATA}, over that folder of the standalone's volume: caches begin anew there, and what lies under it is used no more.`,
    ],
  };
}

/** The switch of the emptyDir is also that of disk indexes: they stay on by Milvus' own settings. */
function withoutDisk(next: Setup, reason: string): ValueOutcome {
  const additions: Addition[] = [{ path: path(DISK), value: false, reason }];
  const settings: Setting[] = ["queryNode", "indexNode"]
    .map((node) => [node, "enableDisk"])
    .filter((to) => configured(next, [to]) === undefined)
    .map((to) => ({ to, value: true, reason: `${DISK} switches disk indexes off as well` }));
  return { additions, settings };
}

export const keptDataRule: ValueRule = {
  name: "data_stays_on_its_volume",
  source: "docs/upgrade-facts.md 5.10; Kubernetes documentation, volumes: emptyDir",
  explanation:
    "A folder with a standalone's data that is on a volume must not move to an emptyDir or into the container. One that lies there already ends with the pod, which every upgrade recreates: refused where a chart's emptyDir hides the volume, said where the values have no volume. So are bundled dependencies without persistence.",
  apply: (context) => {
    const next = wantedSetup(context);
    const now = runningSetup(context);
    const warnings = dependencyWarnings(context, next);
    if (next.mode !== "standalone") return { warnings: [...warnings, ...localLogOfCluster(next)] };
    const before = now ? foldersOf(now) : [];
    const said = foldersOf(next).flatMap((folder) => {
      const running = before.find(({ place }) => place === folder.place);
      return isOnAVolume(folder.mount) ? [] : sayOrRefuse(context, folder, running);
    });
    return { warnings: [...warnings, ...said] };
  },
};

function sayOrRefuse(context: ValueContext, wanted: Folder, running: Folder | undefined): string[] {
  const { now, to, chart, releaseName } = context;
  const { place, folder, mount } = wanted;
  // Another folder is the business of the rule on places.
  if (running && running.folder !== folder) return [];
  if (running && isOnAVolume(running.mount)) {
    return refuse({
      rule: keptDataRule.name,
      reason: `${place.what} is ${folder}, on a volume now, and would be ${shownMount(mount)}: Milvus would start without it.`,
      remedy:
        "Take out of milvus:values what changes the mounts, or set the folder to one on the volume that has the data.",
      source: keptDataRule.source,
    });
  }
  const isRecreated = now !== undefined && (now.version !== to || now.chart !== chart);
  if (mount?.isDisk && isRecreated && place === LOCAL_STORAGE) {
    const kept = `${MILVUS_HOME}/kept`;
    return refuse({
      rule: keptDataRule.name,
      reason: `${place.what} is ${folder}, where chart ${now.chart} has an emptyDir: all data ends with the pod, which this upgrade recreates.`,
      remedy: `While nobody writes, copy it to the volume in the running pod: kubectl exec deployment/${standaloneName(releaseName)} -- cp -a ${folder} ${kept}. Then set localStorage.path to ${kept} in user.yaml, and go on at once: a pod that restarts before loses the data.`,
      source: keptDataRule.source,
    });
  }
  return [
    `${place.what} is ${folder}, ${shownMount(mount)}: what is there ends with the pod, which every upgrade recreates.`,
  ];
}

/** The chart gives streaming nodes no claim. */
function localLogOfCluster(next: Setup): string[] {
  if (WOODPECKER_FOLDER.isUsed?.(next) !== true) return [];
  return [
    `Woodpecker keeps its log in ${placed(WOODPECKER_FOLDER, next)} of each streaming node, which has no volume there: what is not flushed yet ends with the pod, which every upgrade recreates.`,
  ];
}

function shownMount(mount: Mount | undefined): string {
  return mount === undefined ? "in the container itself" : `on the ${mount.kind} at ${mount.at}`;
}

function standaloneName(releaseName: string): string {
  return releaseName.includes("milvus") ? `${releaseName}-standalone` : `${releaseName}-milvus-standalone`;
}

interface Store {
  readonly name: string;
  /** What ends with its pods. */
  readonly what: string;
  /** Switches of its persistence. */
  readonly keys: readonly string[];
  readonly isUsed: (setup: Setup) => boolean;
}

const UNFLUSHED = "what is not flushed yet";
const ofPulsar = (name: "pulsar" | "pulsarv3"): Store => ({
  name,
  what: UNFLUSHED,
  keys: ["volumes", "bookkeeper.volumes", "zookeeper.volumes"].map((part) => `${name}.${part}.persistence`),
  isUsed: ({ queue }) => queue === name,
});
const STORES: readonly Store[] = [
  {
    name: "etcd",
    what: "the metadata",
    keys: ["etcd.persistence.enabled"],
    isUsed: (setup) => !isOn(setup, "externalEtcd.enabled") && isOn(setup, "etcd.enabled", true),
  },
  {
    name: "minio",
    what: "the data",
    keys: ["minio.persistence.enabled"],
    isUsed: (setup) => !isOn(setup, "externalS3.enabled") && isOn(setup, "minio.enabled", true),
  },
  ofPulsar("pulsar"),
  ofPulsar("pulsarv3"),
  {
    name: "kafka",
    what: UNFLUSHED,
    keys: ["kafka.persistence.enabled", "kafka.zookeeper.persistence.enabled"],
    isUsed: ({ queue }) => queue === "kafka",
  },
];

/** Pods without a volume, where this upgrade may make them anew: another chart, or other values of theirs. */
function dependencyWarnings({ now, chart, given }: ValueContext, next: Setup): string[] {
  if (!now) return [];
  return STORES.filter(({ isUsed }) => isUsed(next))
    .filter(({ name }) => now.chart !== chart || !sameValue(ownValues(now.values[name]), ownValues(given[name])))
    .flatMap(({ what, keys }) => {
      const off = keys.filter((key) => valueIn(next, key) === false);
      if (off.length === 0) return [];
      return [
        `${list(off)} is false, so ${what} ends with those pods. This upgrade may recreate them: flush all collections, and have a copy (milvus-backup).`,
      ];
    });
}

/** Without the switch, which another rule makes explicit. */
function ownValues(of: HelmValue | undefined): HelmValue {
  return isMap(of) ? withoutValue(of, ["enabled"]) : {};
}

const STANDALONE_VOLUME = [
  PERSISTENCE,
  STANDALONE_MOUNT,
  "standalone.persistence.persistentVolumeClaim.existingClaim",
  "standalone.persistence.persistentVolumeClaim.subPath",
];
/** The logs' volume, which holds nothing that Milvus needs again, and volumes of the user's own. */
const OTHER_VOLUMES = [
  "log.persistence.enabled",
  "log.persistence.mountPath",
  "log.persistence.persistentVolumeClaim.existingClaim",
  "log.persistence.persistentVolumeClaim.subPath",
  "volumes",
  "volumeMounts",
  "proxy.volumes",
  "proxy.volumeMounts",
];
/** What the charts have there, all releases. */
const DEFAULT_OF: Readonly<Record<string, HelmValue>> = {
  "log.persistence.enabled": false,
  "log.persistence.mountPath": "/milvus/logs",
  [PERSISTENCE]: true,
  [STANDALONE_MOUNT]: MILVUS_HOME,
};
const NONE = new Set(["", "[]"]);

export const volumeRule: ValueRule = {
  name: "volumes_stay_what_they_are",
  source: "templates/standalone-deployment.yaml and templates/pvc.yaml of all charts",
  explanation:
    "A standalone's volume stays the one in force: claim, mount path and sub path, and whether there is one. Another volume for the logs, or other volumes of your own, are said.",
  apply: ({ given, now, releaseName }) => {
    if (!now) return NOTHING;
    const changed = (keys: readonly string[]) =>
      keys.filter((key) => {
        const [running, wanted] = [now.values, given].map(
          (values) => getValue(values, path(key)) ?? getValue(now.defaults, path(key)) ?? DEFAULT_OF[key],
        );
        return !sameValue(running, wanted) && !(NONE.has(asText(running)) && NONE.has(asText(wanted)));
      });
    const volume = now.topology.mode === "standalone" ? changed(STANDALONE_VOLUME) : [];
    if (volume.length > 0) {
      return refuse({
        rule: volumeRule.name,
        reason: `milvus:values changes the volume of the standalone: ${list(volume)}. Milvus would start on another one, without what it has.`,
        remedy: `Set ${volume.length > 1 ? "them" : "it"} as in the running release: helm get values ${releaseName}`,
        source: volumeRule.source,
      });
    }
    return {
      warnings: changed(OTHER_VOLUMES).map(
        (key) =>
          `milvus:values.${key} is not what runs: the pods get other volumes, and do not see what lies on the old ones.`,
      ),
    };
  },
};
