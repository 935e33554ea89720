/** How long Milvus is away for the metadata migration of 2.1 to 2.2: this program, and the steps of migrate.sh. */
import { EtcdClient } from "../sandbox/etcd";
import { DEFAULT_ROOT_PATH } from "../sandbox/metadata";
import { seedMetadata } from "../sandbox/metadataSeed";
import { installMilvus } from "../sandbox/milvusRelease";
import { OLD_MILVUS_VALUES } from "../sandbox/milvusValues";
import { writeFaults } from "../sandbox/podRunner/faults";
import { type Bed, withBed } from "./clusters";
import { migrateSh } from "./migrateSh";
import type { BenchContext, Part } from "./part";
import type { Findings } from "./section";
import { judge, number, ratio, seconds } from "./statistics";
import { longestWithout, outage, type Timeline } from "./timeline";
import { watched } from "./watch";

const SOURCE = { chart: "3.2.18", version: "2.1.4" } as const;
const TARGET = "2.2.14";
const TOOL = "milvusdb/meta-migration:v2.2.0";
const LEASE_SECONDS = 60;

/** What becomes of a server's sessions when it ends. */
const SESSIONS = {
  revoked: { title: "sessions end at shutdown", settings: { revokeOnStop: true } },
  expire: {
    title: `sessions expire (${LEASE_SECONDS} s lease)`,
    settings: { revokeOnStop: false, sessionTtlSeconds: LEASE_SECONDS },
  },
} as const;
type Sessions = keyof typeof SESSIONS;
type Way = "ours" | "script";

interface Measured {
  readonly away: number;
  readonly withoutProxy: number;
}

async function run(context: BenchContext): Promise<Findings> {
  const found = await withBed(context, async (bed) => ({
    revoked: await both(context, bed, "revoked"),
    expire: context.quick ? undefined : await both(context, bed, "expire"),
  }));
  const { revoked, expire } = found;
  // What there is to do besides waiting for sessions, measured where there is nothing to wait for.
  const floor = LEASE_SECONDS + revoked.ours.away;
  const rows = [
    row("revoked", revoked, judge(revoked.ours.away, revoked.script.away, { atMost: 0.5, reason: REASON })),
    ...(expire === undefined
      ? []
      : [
          row(
            "expire",
            expire,
            `${judge(expire.ours.away, floor, { atMost: 1.1, reason: REASON })} (of the floor: lease + work, ${number(floor)} s)`,
          ),
        ]),
  ];
  return {
    about: [
      `Milvus ${SOURCE.version} → ${TARGET} on the same sandbox, one after the other: \`pulumi up\` of this program against [the steps and waits of migrate.sh](../bench/migrateSh.ts), with the same stand-in of the migration tool. Outage: from the first component that lacks a ready replica until none does.`,
    ],
    tables: [
      {
        head: [
          "",
          "outage, this",
          "outage, migrate.sh",
          "ratio",
          "no proxy, this",
          "no proxy, migrate.sh",
          "ratio",
          "target",
        ],
        rows,
      },
    ],
    notes: [
      "migrate.sh looks for stopped pods every 5 s, then sleeps 75 s whatever the sessions do, looks for its pods every 10 s, and for ready components every 5 s. This program waits for the session keys themselves.",
      "The servers, the tool and etcd are stand-ins that need a second or two; on a real cluster pods take longer to end and to start, for both alike.",
    ],
  };
}

const REASON = "the engine, the Jobs' pods and Helm take their time on this machine";

function row(sessions: Sessions, { ours, script }: Record<Way, Measured>, verdict: string): string[] {
  return [
    SESSIONS[sessions].title,
    seconds(ours.away),
    seconds(script.away),
    ratio(ours.away, script.away),
    seconds(ours.withoutProxy),
    seconds(script.withoutProxy),
    ratio(ours.withoutProxy, script.withoutProxy),
    verdict,
  ];
}

async function both(context: BenchContext, bed: Bed, sessions: Sessions): Promise<Record<Way, Measured>> {
  writeFaults(bed.sandbox.folder, { milvusSettings: SESSIONS[sessions].settings });
  return { ours: await once(context, bed, sessions, "ours"), script: await once(context, bed, sessions, "script") };
}

/** In a namespace of its own, with the same metadata, on a sandbox where no other Milvus runs. */
async function once({ log }: BenchContext, bed: Bed, sessions: Sessions, way: Way): Promise<Measured> {
  const { sandbox } = bed;
  const release = { name: "my-release", namespace: `${sessions}-${way}` };
  const etcd = new EtcdClient(sandbox.metadataEtcd);
  await etcd.deletePrefix(`${DEFAULT_ROOT_PATH}/`);
  await seedMetadata(etcd);
  await installMilvus(sandbox, release, bed.chart(SOURCE.chart), OLD_MILVUS_VALUES);
  const timeline = way === "ours" ? await upgrade(bed, release) : await script(bed, release);
  await sandbox.helm(["uninstall", release.name, "--namespace", release.namespace, "--wait"]);
  const measured = { away: outage(timeline), withoutProxy: longestWithout(timeline, "proxy") };
  log(`downtime: ${SESSIONS[sessions].title}: ${way} ${number(measured.away)} s`);
  return measured;
}

async function upgrade(bed: Bed, release: { name: string; namespace: string }): Promise<Timeline> {
  const stack = await bed.stack(release.namespace, {
    "milvus:namespace": release.namespace,
    "milvus:values": OLD_MILVUS_VALUES,
    "milvus:version": TARGET,
    "milvus:verify": "off",
  });
  return (await watched(bed.sandbox, release, () => stack.up())).timeline;
}

async function script({ sandbox }: Bed, release: { name: string; namespace: string }): Promise<Timeline> {
  const options = { source: SOURCE.version, target: TARGET, rootPath: DEFAULT_ROOT_PATH, toolImage: TOOL };
  return (await watched(sandbox, release, () => migrateSh(sandbox, release, options))).timeline;
}

export const downtime: Part = { name: "downtime", title: "Downtime of the metadata migration", run };
