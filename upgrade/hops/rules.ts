import type { Topology } from "../plan/topology";
import type { HopRuleName } from "../ruleNames";
import type { ServiceSecurity } from "../values/serviceSecurity";
import {
  atLeast,
  compareMinors,
  compareVersions,
  isPreRelease,
  majorOf,
  minorOf,
  olderThan,
} from "../versions/versions";

/** One step from a version to another, and what is known of the cluster that takes it. */
export interface HopRequest {
  readonly from: string;
  readonly to: string;
  /** Missing while a way through versions is looked for. */
  readonly topology?: Topology;
  /** What Milvus asks of whoever calls it. Missing: nothing, or not known. */
  readonly security?: ServiceSecurity;
}

/** A rule that refuses a hop; docs/upgrade-rules.md has it under its name. */
export interface HopRule {
  readonly name: HopRuleName;
  readonly source: string;
  /** What happens otherwise. */
  readonly reason: string;
  readonly refuses: (hop: HopRequest) => boolean;
  /** No way leads there at all, by whatever versions. */
  readonly final?: true;
  /** What to do besides taking the next hop. */
  readonly remedy?: string;
}

const from = (minor: string) => (hop: HopRequest) => minorOf(hop.from) === minor;
const isBetween = (hop: HopRequest, source: string, target: string) => from(source)(hop) && minorOf(hop.to) === target;
const isDown = (hop: HopRequest) => compareVersions(hop.to, hop.from) < 0;
const crosses = (hop: HopRequest, minor: string) =>
  compareMinors(minorOf(hop.from), minor) < 0 && compareMinors(minorOf(hop.to), minor) >= 0;
const isReleaseCandidate = (version: string) => version.includes("-rc");

/** Minors between which one hop may skip one, because the Milvus docs say so. */
const DOCUMENTED_SKIPS: readonly (readonly [string, string])[] = [["2.2", "2.4"]];

/** First patch of 2.5 from which 2.6 can be reached. */
export const LEAST_2_5_FOR_2_6 = "2.5.16";
/** The only 2.6 from which the way to 3.0 was validated. */
export const LEAST_2_6_FOR_3_0 = "2.6.20";

/** Ways back, the first that fits counts. */
const DOWNGRADES: readonly HopRule[] = [
  {
    name: "no_way_back_from_3_0",
    source: "milvus-docs upgrade_milvus_cluster-helm.md; milvus issues 50694, 51788; pull request 50792",
    reason:
      "Milvus 2.6 panics at a session version of 3.0 (session version check failure) and cannot read what 3.0 wrote",
    refuses: (hop) => isDown(hop) && majorOf(hop.from) >= 3 && majorOf(hop.to) < 3,
    final: true,
  },
  {
    name: "no_way_back_from_2_6",
    source: "milvus issue 46451, pull requests 46456 and 46457",
    reason:
      "the coordinators of 2.6 record their version in etcd to stop an older one, and no document describes the way to 2.5",
    refuses: (hop) => isDown(hop) && from("2.6")(hop) && minorOf(hop.to) !== "2.6",
    final: true,
  },
  {
    name: "no_way_back_from_2_4",
    source: "milvus issue 33242",
    reason: "Milvus 2.3 cannot read the indexes that 2.4 built",
    refuses: (hop) => isDown(hop) && isBetween(hop, "2.4", "2.3"),
    final: true,
  },
  {
    name: "no_way_back_from_2_3",
    source: "milvus issues 28008 and 28056",
    reason: "Milvus 2.2 ends with exit code 2 on what 2.3 wrote (format of the statslog)",
    refuses: (hop) => isDown(hop) && isBetween(hop, "2.3", "2.2"),
    final: true,
  },
  {
    name: "back_to_2_1_only_from_the_backup",
    source: "milvus deployments/migrate-meta/README.md, step 6",
    reason: "the metadata is in the format of 2.2; only the backup taken by the migration brings that of 2.1 back",
    refuses: (hop) => isDown(hop) && isBetween(hop, "2.2", "2.1"),
    final: true,
    remedy:
      "Where this stack migrated the metadata and its backup claim is still there: pulumi config set milvus:rollback true.",
  },
  {
    name: "no_downgrade_between_minors",
    source: "no document describes it",
    reason: "an older minor cannot be expected to read what a newer one wrote",
    refuses: (hop) => isDown(hop) && minorOf(hop.from) !== minorOf(hop.to),
    final: true,
  },
  {
    name: "no_downgrade_without_rollback",
    source: "milvus-operator docs/administration/upgrade.md: rollingDowngrade, not promised for data",
    reason: "a lower patch level is not promised to read what a higher one wrote",
    refuses: isDown,
    final: true,
    remedy: "To go back within the minor anyway: pulumi config set milvus:rollback true.",
  },
];

/** Ways that end at a version which cannot be left, or must not be entered. */
const DEAD_ENDS: readonly HopRule[] = [
  {
    name: "a_release_candidate_of_2_0_cannot_be_left",
    source: "milvus-docs v2.1.x site/en/adminGuide/upgrade.md",
    reason: "release candidates of 2.0 are not compatible with anything later",
    refuses: (hop) => minorOf(hop.from) === "2.0" && isPreRelease(hop.from),
    final: true,
    remedy: "Install the new version beside it and load the data again.",
  },
  {
    name: "a_release_candidate_of_2_6_cannot_be_left",
    source: "milvus issue 43538; charts README 5.0.19",
    reason: "what 2.6.0-rc wrote is not read by 2.6.0",
    refuses: (hop) => minorOf(hop.from) === "2.6" && isReleaseCandidate(hop.from),
    final: true,
    remedy:
      "The maintainers' repair is birdwatcher's `repair wal-recovery-storage`; or install beside it and load again.",
  },
  {
    name: "no_upgrade_to_a_pre_release",
    source: "no document describes it",
    reason: "a pre-release may not be left again, and its data format is not promised",
    refuses: (hop) => isPreRelease(hop.to),
    final: true,
    remedy: "Choose the release itself.",
  },
];

const WAYS: readonly HopRule[] = [
  {
    name: "a_minor_needs_its_rules",
    source: "this rule book",
    reason: "the rules of this minor are not known to this program",
    refuses: (hop) => [hop.from, hop.to].some((version) => !MINOR_ORDER.includes(minorOf(version))),
    final: true,
    remedy: "Update this program.",
  },
  {
    name: "2_1_between_2_0_and_2_2",
    source: "milvus cmd/tools/migration/versions/version.go: sources are 2.1.x only",
    reason: "the metadata migration to 2.2 takes metadata of 2.1 only",
    refuses: (hop) => from("2.0")(hop) && compareMinors(minorOf(hop.to), "2.1") > 0,
  },
  {
    name: "2_2_must_run_before_2_3",
    source: "milvus issue 37614; migrate-meta tool: targets are 2.2.x only",
    reason:
      "metadata of 2.1 must be migrated to 2.2 and 2.2 must really have run: clusters that went on at once lost collections and indexes",
    refuses: (hop) => from("2.1")(hop) && compareMinors(minorOf(hop.to), "2.2") > 0,
  },
  {
    name: "leave_2_2_0_and_2_2_1_within_2_2",
    source: "milvus issues 22952 (row counts lost), 20898 (load fails)",
    reason: "2.2.0 and 2.2.1 have faults in their metadata that later 2.2 releases repair",
    refuses: (hop) => from("2.2")(hop) && olderThan(hop.from, "2.2.2") && compareMinors(minorOf(hop.to), "2.2") > 0,
  },
  {
    name: "2_6_only_from_2_5_16",
    source: "milvus-helm chart 5.0.19 README, Upgrading from Milvus v2.5.x to v2.6.x",
    reason: `Milvus 2.6 takes over only from ${LEAST_2_5_FOR_2_6} or later`,
    refuses: (hop) => crosses(hop, "2.6") && olderThan(hop.from, LEAST_2_5_FOR_2_6),
  },
  {
    name: "3_0_only_from_2_6_20",
    source: "milvus-docs site/en/adminGuide/upgrade_milvus_cluster-helm.md: validated from 2.6.20",
    reason: `the way to 3.0 is validated from ${LEAST_2_6_FOR_3_0} only`,
    refuses: (hop) => crosses(hop, "3.0") && olderThan(hop.from, LEAST_2_6_FOR_3_0),
  },
  {
    name: "one_minor_at_a_time",
    source: "milvus-docs pull request 3274",
    reason: "Milvus is tested from one minor to the next; skipped ones have lost data",
    refuses: (hop) => distance(hop) > 1 && !DOCUMENTED_SKIPS.some(([source, target]) => isBetween(hop, source, target)),
  },
];

/** Number of minors from one to the other, by the order of `MINOR_ORDER`. */
function distance(hop: HopRequest): number {
  const index = (version: string) => MINOR_ORDER.indexOf(minorOf(version));
  return index(hop.to) - index(hop.from);
}

/** The minors there are; 3.0 follows 2.6. */
export const MINOR_ORDER: readonly string[] = ["2.0", "2.1", "2.2", "2.3", "2.4", "2.5", "2.6", "3.0"];

/** Rules over the layout of the cluster; they hold for the hop itself, not for the way to it. */
const LAYOUT: readonly HopRule[] = [
  {
    name: "2_6_needs_mixcoord_first",
    source: "milvus-helm chart 5.0.19 README, step 2; milvus issue 42602 (old session exists)",
    reason: "a mixcoord of 2.6 does not become active while separate coordinators hold their sessions",
    refuses: ({ topology, ...hop }) =>
      topology?.mode === "cluster" && topology.coordinators !== "mix" && crosses(hop, "2.6"),
  },
  {
    name: "3_0_needs_the_layout_of_2_6",
    source: "milvus-docs site/en/adminGuide/upgrade_milvus_cluster-helm.md",
    reason: "the image alone changes on this hop: mixcoord and streamingnode must run and no indexnode",
    refuses: ({ topology, ...hop }) =>
      topology?.mode === "cluster" &&
      crosses(hop, "3.0") &&
      (topology.coordinators !== "mix" || !topology.streamingNode || topology.indexNode),
  },
];

/** Every rule that can refuse a hop, in the order in which they are asked. */
export const HOP_RULES: readonly HopRule[] = [...DOWNGRADES, ...DEAD_ENDS, ...WAYS, ...LAYOUT];

/** The first rule that refuses; undefined when the hop is allowed. */
export function refusedBy(hop: HopRequest): HopRule | undefined {
  return hop.from === hop.to ? undefined : HOP_RULES.find((rule) => rule.refuses(hop));
}

/** A hop over two minors that the docs allow and do not recommend. */
export function skipsAMinor(hop: HopRequest): boolean {
  return distance(hop) > 1;
}

/** True when the hop is from 2.1.x to 2.2.x, over the metadata migration. */
export function needsMetadataMigration(hop: Pick<HopRequest, "from" | "to">): boolean {
  return minorOf(hop.from) === "2.1" && minorOf(hop.to) === "2.2" && atLeast(hop.to, "2.2.0");
}
