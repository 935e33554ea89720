import { minimatch } from "minimatch";
import { UsageError } from "../pulumi/project";

/** A stack's name is one text: nothing in it negates or comments. */
const AS_NAMES = { nonegate: true, nocomment: true, dot: true } as const;

/**
 * The stacks of a fleet: in the order of the patterns, and by name within one. A pattern that begins with `!` takes out. What
 * stands before the last `/`, as in `org/project/prod-*`, is part of the stack's full name and no pattern.
 *
 * @param names of the project's stacks
 * @throws UsageError also where a pattern matches nothing: one that takes out would leave in what nobody wanted
 */
export function chooseStacks(names: readonly string[], patterns: readonly string[]): string[] {
  const taken = patterns.filter((pattern) => !pattern.startsWith("!"));
  const left = patterns.filter((pattern) => pattern.startsWith("!")).map((pattern) => pattern.slice(1));
  if (taken.length === 0) {
    throw new UsageError("--stacks only says which stacks to leave out. Say first which to take: --stacks '*' '!dev'");
  }
  const sorted = names.toSorted((a, b) => a.localeCompare(b, "en", { numeric: true }));
  const found = taken.flatMap((pattern) => {
    const { prefix, glob } = partsOf(pattern);
    const matching = sorted.filter((name) => minimatch(name, glob, AS_NAMES));
    if (matching.length === 0) throw new UsageError(nothingMatches(pattern, sorted));
    return matching.map((name) => `${prefix}${name}`);
  });
  const unused = left.find((pattern) => !sorted.some((name) => minimatch(name, partsOf(pattern).glob, AS_NAMES)));
  if (unused !== undefined) throw new UsageError(nothingMatches(`!${unused}`, sorted));
  const stacks = [...new Set(found)].filter((stack) => !left.some((pattern) => isLeftOut(stack, pattern)));
  if (stacks.length === 0)
    throw new UsageError(`${patterns.join(" ")} leaves no stack; there are ${sorted.join(", ")}.`);
  refuseSameFile(stacks);
  return stacks;
}

function isLeftOut(stack: string, pattern: string): boolean {
  const [given, out] = [partsOf(stack), partsOf(pattern)];
  return (out.prefix === "" || out.prefix === given.prefix) && minimatch(given.glob, out.glob, AS_NAMES);
}

function partsOf(pattern: string): { readonly prefix: string; readonly glob: string } {
  const end = pattern.lastIndexOf("/") + 1;
  return { prefix: pattern.slice(0, end), glob: pattern.slice(end) };
}

/** Both would write their version into it. */
function refuseSameFile(stacks: readonly string[]): void {
  const twice = stacks
    .map((stack) => stacks.filter((other) => partsOf(other).glob === partsOf(stack).glob))
    .find((same) => same.length > 1);
  if (twice === undefined) return;
  throw new UsageError(`${twice.join(" and ")} have the same config file: upgrade them one after the other.`);
}

function nothingMatches(pattern: string, names: readonly string[]): string {
  const there = names.length === 0 ? "The project has no stack with a config file" : `There are ${names.join(", ")}`;
  return `--stacks: no stack matches ${pattern}. ${there}. Quote patterns, or the shell reads them: --stacks 'prod-*'`;
}
