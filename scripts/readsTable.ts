/** What the templates of one chart release read. */
export interface ReleaseReads {
  readonly chart: string;
  readonly reads: ReadonlySet<string>;
}

/** Keys of `.Values` that the templates name; of a map and its parts the parts alone, where a guard names the map first. */
export function readsOf(templates: readonly string[]): Set<string> {
  const keys = templates.flatMap((text) =>
    [...text.matchAll(/\.Values\.([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)/g)].map(([, key = ""]) => key),
  );
  const guards = templates.flatMap((text) =>
    [...text.matchAll(/\band \.Values\.([\w.]+) \.Values\.\1\./g)].map(([, key = ""]) => key),
  );
  return new Set(keys.filter((key) => !guards.includes(key)));
}

/** @param releases oldest first @returns the table as JSON: `first chart[ first chart without]` → keys, parted by spaces */
export function readsTable(releases: readonly ReleaseReads[]): string {
  const all = [...new Set(releases.flatMap(({ reads }) => [...reads]))].sort();
  const groups = new Map<string, string[]>();
  for (const key of all) {
    for (const range of rangesOf(key, releases)) groups.set(range, [...(groups.get(range) ?? []), key]);
  }
  const order = new Map(releases.map(({ chart }, index) => [chart, index]));
  const rank = (range: string) => range.split(" ").map((chart) => order.get(chart) ?? 0);
  const lines = [...groups]
    .toSorted(([a], [b]) => {
      const [[since = 0, until = -1], [since2 = 0, until2 = -1]] = [rank(a), rank(b)];
      return since - since2 || until - until2;
    })
    .map(([range, keys]) => `  ${JSON.stringify(range)}: ${JSON.stringify(keys.join(" "))}`);
  return `{\n${lines.join(",\n")}\n}\n`;
}

function rangesOf(key: string, releases: readonly ReleaseReads[]): string[] {
  const ranges: string[] = [];
  let since: string | undefined;
  for (const { chart, reads } of releases) {
    if (reads.has(key)) since ??= chart;
    else if (since !== undefined) {
      ranges.push(`${since} ${chart}`);
      since = undefined;
    }
  }
  return since === undefined ? ranges : [...ranges, since];
}
