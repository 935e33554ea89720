/**
 * Milvus and chart versions as plain strings: Milvus `2.4.16` (no `v`, as the migration tool wants it, fact 6.3) and
 * chart `4.2.20`. A chart number is never a Milvus version (fact 1.2).
 */

interface Parsed {
  readonly major: number;
  readonly minor: number;
  readonly patch: number;
  /** `beta`, `rc8`, `hotfix`; empty for a plain release. */
  readonly suffix: string;
}

/** What follows the numbers and belongs to the version; anything else names a variant of the image, such as `gpu`. */
const VERSION_SUFFIX = /^(?:alpha|beta|rc|dev|pre|ga|hotfix)[.\d]*$/;
/** A hotfix comes after the release whose number it carries, everything else before it. */
const AFTER_RELEASE = /^hotfix/;
const VERSION = /^v?(\d{1,4})\.(\d{1,4})\.(\d{1,4})(?:-([0-9A-Za-z.-]+))?$/;

const parsed = new Map<string, Parsed | undefined>();

function parse(version: string): Parsed | undefined {
  if (!parsed.has(version)) parsed.set(version, parseFresh(version));
  return parsed.get(version);
}

function parseFresh(version: string): Parsed | undefined {
  const match = VERSION.exec(version);
  if (!match) return undefined;
  const suffix = match[4] ?? "";
  if (!suffix.split("-").every((part) => part === "" || VERSION_SUFFIX.test(part))) return undefined;
  return { major: Number(match[1]), minor: Number(match[2]), patch: Number(match[3]), suffix };
}

function mustParse(version: string): Parsed {
  const found = parse(version);
  if (!found) throw new Error(`"${version}" is no version`);
  return found;
}

/** True for `2.4.16`, `v2.4.16`, `2.5.0-beta`; false for `2.4`, `latest`, `2.4.16-gpu`. */
export function isVersion(text: string): boolean {
  return parse(text) !== undefined;
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
    left.major - right.major ||
    left.minor - right.minor ||
    left.patch - right.patch ||
    suffixRank(left.suffix) - suffixRank(right.suffix) ||
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
  const { major, minor } = mustParse(version);
  return `${major}.${minor}`;
}

export function majorOf(version: string): number {
  return mustParse(version).major;
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

/** Splits `2.4.5-gpu` into version and variant; undefined when it does not start with a full version. */
export function splitVariant(text: string): { readonly version: string; readonly variant: string } | undefined {
  const match = VERSION.exec(text);
  if (!match) return undefined;
  const parts = (match[4] ?? "").split("-").filter((part) => part !== "");
  const ofVersion = parts.filter((part) => VERSION_SUFFIX.test(part));
  const ofVariant = parts.filter((part) => !VERSION_SUFFIX.test(part));
  const join = (all: readonly string[]) => all.map((part) => `-${part}`).join("");
  return { version: `${match[1]}.${match[2]}.${match[3]}${join(ofVersion)}`, variant: join(ofVariant) };
}
