import { closest, distance } from "fastest-levenshtein";

/** The allowed name a misspelt one most likely means; undefined when nothing is near enough to be a help. */
export function suggest(name: string, allowed: readonly string[]): string | undefined {
  if (allowed.length === 0) {
    return undefined;
  }
  const sameLetters = allowed.find((candidate) => candidate.toLowerCase() === name.toLowerCase());
  if (sameLetters !== undefined) {
    return sameLetters;
  }
  const extended = allowed.filter((candidate) => isExtension(candidate, name) || isExtension(name, candidate));
  if (extended.length === 1) {
    return extended[0];
  }
  const nearest = closest(name.toLowerCase(), allowed);
  // Up to a third of the letters may be wrong: more is another word.
  return distance(name.toLowerCase(), nearest.toLowerCase()) <= Math.max(1, Math.floor(nearest.length / 3))
    ? nearest
    : undefined;
}

/** `releaseName` for `release`, `storageClass` for `backupStorageClass`, `repo` for `repository`; not `a` for everything. */
function isExtension(long: string, short: string): boolean {
  const [outer, inner] = [long.toLowerCase(), short.toLowerCase()];
  return (inner.length >= 5 && outer.includes(inner)) || (inner.length >= 3 && outer.startsWith(inner));
}
