import type { Warning } from "../model";
import type { HopNoteName } from "../ruleNames";
import { isPreRelease, minorOf, olderThan } from "../versions/versions";
import type { HopRequest } from "./rules";
import { skipsAMinor } from "./rules";

/** What is to be known of an allowed hop. */
export interface HopNote {
  readonly name: HopNoteName;
  readonly source: string;
  readonly applies: (hop: HopRequest) => boolean;
  readonly message: string;
}

const enters = (minor: string) => (hop: HopRequest) => minorOf(hop.to) === minor && minorOf(hop.from) !== minor;

export const HOP_NOTES: readonly HopNote[] = [
  {
    name: "prefer_one_minor_at_a_time",
    source: "milvus-docs pull request 3274",
    applies: skipsAMinor,
    message: "This hop skips a minor. The docs allow it and highly recommend one minor at a time.",
  },
  {
    name: "a_pre_release_is_left_at_your_own_risk",
    source: "no document describes it",
    applies: (hop) => isPreRelease(hop.from) && hop.from !== hop.to,
    message: "A pre-release runs: that its data is read by the release is not promised. Take a backup (milvus-backup).",
  },
  {
    name: "query_after_the_hop_to_2_3",
    source: "seen with the servers 2.2.16 and 2.3.5",
    applies: enters("2.3"),
    message:
      "A search may fail with 'collection not loaded' although the collection shows as loaded: release and load it again, and try a query.",
  },
  {
    name: "services_of_the_old_coordinators_go",
    source: "docs/upgrade-facts.md 5.7: templates of chart 5.0.0",
    applies: (hop) => enters("2.6")(hop) && hop.topology?.mode !== "standalone",
    message:
      "The Services of rootcoord, datacoord, querycoord, indexcoord and indexnode go with chart 5: what scrapes metrics there must ask mixcoord and datanode.",
  },
  {
    name: "proxies_fail_to_forward_by_tls_until_2_6_13",
    source: "milvus issue 48224, pull request 48229 (merged after 2.6.11)",
    applies: (hop) =>
      enters("2.6")(hop) &&
      olderThan(hop.to, "2.6.13") &&
      hop.topology?.mode === "cluster" &&
      hop.security?.tls !== undefined,
    message:
      "TLS is on. While proxies of both versions run, a new proxy forwards requests to old ones, and that TLS handshake fails up to 2.6.12: expect failing requests until the last old proxy is gone. Choose 2.6.13 or later.",
  },
  {
    name: "take_3_0_1_or_later",
    source: "milvus issue 52340; milvus-backup pull request 1223",
    applies: ({ to }) => to === "3.0.0",
    message: "3.0.0 must not enable vortex, and milvus-backup supports 3.0 from 3.0.1 on: take 3.0.1 or later.",
  },
  {
    name: "3_0_asks_for_pulsar_2_8",
    source: "milvus.io/ai-quick-reference/milvus-version-upgrades",
    applies: enters("3.0"),
    message:
      "An external Pulsar must be 2.8.0 or later, and REST v1 on the metrics port is gone. The way is validated on chart 5.0.22.",
  },
];

export function hopNotes(hop: HopRequest): Warning[] {
  return HOP_NOTES.filter(({ applies }) => applies(hop)).map(({ name, message }) => ({ rule: name, message }));
}
