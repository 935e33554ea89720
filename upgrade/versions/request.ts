import { MINOR_ORDER } from "../hops/rules";
import type { Warning } from "../model";
import { configLine, list, refuse } from "../refusal";
import {
  chartRelease,
  hasChart,
  isKnownRelease,
  MILVUS_VERSIONS,
  newestWithChart,
  REPLACED_RELEASES,
  versionsOfMinor,
} from "./releases";
import { atLeast, compareVersions, isVersion, minorOf, olderThan, plainVersion, splitVariant } from "./versions";

/** What milvus:version, `--to` and milvus:currentVersion may ask for. */
export type VersionRequest =
  /** `2.4.16`, `v2.4.16`, `2.4.16-gpu`, `2.4.13-hotfix`. */
  | { readonly kind: "exact"; readonly version: string; readonly variant: string }
  /** `2.4`, `2.4.x`, `2.4.*`, `~2.4`: any patch of the minor. */
  | { readonly kind: "minor"; readonly minor: string }
  /** `~2.4.10`: this patch of the minor or a later one. */
  | { readonly kind: "leastPatch"; readonly version: string }
  | { readonly kind: "latest" };

const EXACT = /^v?\d+\.\d+\.\d+(?:-[0-9A-Za-z][0-9A-Za-z.-]*)?$/;
const MINOR = /^~?v?(\d+\.\d+)(?:\.[x*])?$/;
const LEAST_PATCH = /^~v?(\d+\.\d+\.\d+)$/;

/** The one reading of a request, whoever asks; undefined for what asks for no version. */
export function parseVersionRequest(request: string): VersionRequest | undefined {
  const text = request.trim();
  if (text === "latest") return { kind: "latest" };
  const exact = EXACT.test(text) ? splitVariant(text) : undefined;
  if (exact) return { kind: "exact", ...exact };
  const minor = MINOR.exec(text)?.[1];
  if (minor !== undefined) return { kind: "minor", minor };
  const least = LEAST_PATCH.exec(text)?.[1];
  return least !== undefined && isVersion(least) ? { kind: "leastPatch", version: least } : undefined;
}

export interface ResolvedVersion {
  readonly version: string;
  /** `-gpu` when the request names an image variant. */
  readonly variant: string;
  readonly warnings: readonly Warning[];
}

/**
 * A request to one version. A range takes the newest version with a chart of its own, and stays with what runs when that is
 * newer: a range never asks for a downgrade.
 */
export function resolveVersion(request: string, running: string | undefined): ResolvedVersion {
  const asked = parseVersionRequest(request);
  if (asked === undefined) return unknownRequest(request);
  if (asked.kind === "exact") {
    const { version, variant } = asked;
    return { version, variant, warnings: checkExact(version, running) };
  }
  const matches = rangeOf(asked);
  const fitting = MILVUS_VERSIONS.filter((version) => matches(version) && MINOR_ORDER.includes(minorOf(version)));
  const newest = newestWithChart(fitting) ?? fitting.at(-1);
  if (newest === undefined) return unknownVersion(request);
  const stays = running !== undefined && matches(running) && compareVersions(running, newest) > 0;
  const version = stays ? running : newest;
  const why = stays
    ? "which runs and is newer than the newest one with a chart"
    : "the newest one with a chart of its own";
  return {
    version,
    variant: "",
    warnings: [{ rule: "a_range_takes_the_newest_version_with_a_chart", message: `${request} is ${version}, ${why}.` }],
  };
}

function rangeOf(range: Exclude<VersionRequest, { readonly kind: "exact" }>): (version: string) => boolean {
  switch (range.kind) {
    case "latest":
      return () => true;
    case "minor":
      return (version) => minorOf(version) === range.minor;
    case "leastPatch":
      return (version) => minorOf(version) === minorOf(range.version) && atLeast(version, range.version);
  }
}

/** A release the catalogue does not know is taken when it is newer than all known ones of a known minor. */
function checkExact(version: string, running: string | undefined): Warning[] {
  if (version === running) return [];
  const replacement = REPLACED_RELEASES[version];
  if (replacement) {
    return [
      {
        rule: "a_deprecated_release",
        message: `The release notes mark ${version} as deprecated; ${replacement} takes its place: ${configLine("version", replacement)}`,
      },
    ];
  }
  if (isKnownRelease(version)) return [];
  const known = versionsOfMinor(minorOf(version));
  const newest = known.filter(hasChart).at(-1) ?? known.at(-1);
  if (newest === undefined || olderThan(version, newest)) return unknownVersion(version);
  return [
    {
      rule: "an_unknown_newer_version_is_allowed",
      message: `The catalogue does not know ${version}: its newest ${minorOf(version)} is ${newest}. Where ${version} is a typing error: ${configLine("version", newest)}. Where it came out since, npm run catalog:update makes it known; a version without an image ends at its pull, or at the first component that is replaced.`,
    },
  ];
}

function unknownVersion(request: string): never {
  const minor = /(\d+\.\d+)/.exec(request)?.[1] ?? "";
  const known = MINOR_ORDER.includes(minor) ? versionsOfMinor(minor) : [];
  const what =
    known.length > 0
      ? `of ${minor} there are ${list(known)}`
      : `there are releases of ${list(MINOR_ORDER)}, not of ${minor}`;
  // Charts and Milvus are numbered apart (fact 1.2), and 4.2.20 is taken for the one or the other.
  const ofChart = chartRelease(plainVersion(request))?.milvus;
  const mixedUp = ofChart === undefined ? "" : ` As a chart, ${request} is for Milvus ${ofChart}.`;
  const example = ofChart ?? newestWithChart(known) ?? newestWithChart() ?? "";
  return refuse({
    rule: "a_version_must_exist",
    reason: `There is no Milvus release ${request}: ${what}.${mixedUp}`,
    remedy: `Choose one of them, for example ${configLine("version", example)}. For a release that came out since, run npm run catalog:update.`,
  });
}

function unknownRequest(request: string): never {
  return refuse({
    rule: "a_version_must_exist",
    reason: `"${request}" is not a version.`,
    remedy: `Write a version (2.4.16), a minor (2.4 or 2.4.x), the least patch of a minor (~2.4.10) or latest: ${configLine("version", newestWithChart() ?? "")}`,
  });
}
