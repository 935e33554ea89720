import type SemVer from "semver/classes/semver";
import parseSemVer from "semver/functions/parse";

/**
 * Milvus versions as plain strings: `2.4.16`, no `v`, as the migration tool wants them (fact 6.3). A chart's number is never
 * one of them (fact 1.2; chartVersions.ts). SemVer, but for three things that stand here.
 */

/** An image's tag is no SemVer: what follows the version may name a variant, such as `gpu`, and is no pre-release. */
const TAG = /^v?(\d{1,4}\.\d{1,4}\.\d{1,4})(?:-([0-9A-Za-z.-]+))?$/;
/** What follows the numbers and belongs to the version. */
const VERSION_SUFFIX = /^(?:alpha|beta|rc|dev|pre|ga|hotfix)[.\d]*$/;
/** A hotfix comes after the release whose number it carries; SemVer has everything with a hyphen before it. */
const AFTER_RELEASE = /^hotfix/;

interface Parsed {
  readonly numbers: SemVer;
  /** `beta`, `rc8`, `hotfix`; empty for a plain release. */
  readonly suffix: string;
}

const parsed = new Map<string, Parsed | null>();

/** The planner asks for the same few versions thousands of times. */
function parse(version: string): Parsed | null {
  const known = parsed.get(version);
  if (known !== undefined) return known;
  const fresh = parseFresh(version);
  parsed.set(version, fresh);
  return fresh;
}

function parseFresh(text: string): Parsed | null {
  if (splitTag(text)?.variant !== "") return null;
  const numbers = parseSemVer(text);
  return numbers && { numbers, suffix: numbers.prerelease.join(".") };
}

function mustParse(version: string): Parsed {
  const found = parse(version);
  if (!found) throw new Error(`"${version}" is not a version`);
  return found;
}

/** True for `2.4.16`, `v2.4.16`, `2.5.0-beta`; false for `2.4`, `latest`, `2.4.16-gpu`. */
export function isVersion(text: string): boolean {
  return parse(text) !== null;
}

/** `v2.4.16` → `2.4.16`. */
export function plainVersion(version: string): string {
  return version.replace(/^v(?=\d)/, "");
}

/** Negative when `a` is older than `b`. A `-beta` is older than its release, a `-hotfix` newer. */
export function compareVersions(a: string, b: string): number {
  if (a === b) return 0;
  const left = mustParse(a);
  const right = mustParse(b);
  return (
    left.numbers.compareMain(right.numbers) ||
    suffixRank(left.suffix) - suffixRank(right.suffix) ||
    // Milvus writes rc10 without a dot, which SemVer, letter by letter, has before rc9.
    left.suffix.localeCompare(right.suffix, "en", { numeric: true })
  );
}

function suffixRank(suffix: string): number {
  if (suffix === "") return 0;
  return AFTER_RELEASE.test(suffix) ? 1 : -1;
}

export function isPreRelease(version: string): boolean {
  return suffixRank(mustParse(version).suffix) < 0;
}

/** `2.4.16` → `2.4`. */
export function minorOf(version: string): string {
  const { major, minor } = mustParse(version).numbers;
  return `${major}.${minor}`;
}

export function majorOf(version: string): number {
  return mustParse(version).numbers.major;
}

/** Compares two minors as `minorOf` gives them. */
export function compareMinors(a: string, b: string): number {
  return compareVersions(`${a}.0`, `${b}.0`);
}

export function atLeast(version: string, bound: string): boolean {
  return compareVersions(version, bound) >= 0;
}

export function olderThan(version: string, bound: string): boolean {
  return compareVersions(version, bound) < 0;
}

/** Oldest first. */
export function sortVersions(versions: Iterable<string>): string[] {
  return [...new Set(versions)].sort(compareVersions);
}

interface Split {
  readonly version: string;
  readonly variant: string;
}

/** Splits `2.4.5-gpu` into version and variant; undefined when it does not start with a full version. */
export function splitVariant(text: string): Split | undefined {
  const split = splitTag(text);
  return split && isVersion(split.version) ? split : undefined;
}

function splitTag(text: string): Split | undefined {
  const [, numbers = "", rest = ""] = TAG.exec(text) ?? [];
  if (numbers === "") return undefined;
  const parts = rest.split("-").filter((part) => part !== "");
  const join = (all: readonly string[]) => all.map((part) => `-${part}`).join("");
  return {
    version: `${numbers}${join(parts.filter((part) => VERSION_SUFFIX.test(part)))}`,
    variant: join(parts.filter((part) => !VERSION_SUFFIX.test(part))),
  };
}
