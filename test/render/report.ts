import { DAMAGES } from "./invariants/invariant";
import { ALL_NAMES, type Finding, type Outcome } from "./walk";

/** For each invariant, hops by the worst that was found. */
export interface Count {
  readonly name: string;
  checked: number;
  held: number;
  /** A warning or an added value names it. */
  said: number;
  /** The preflight refuses it, before anything is touched. */
  caught: number;
  open: number;
}

/** The same thing, with all hops and values where it was found. */
export interface OpenFinding extends Finding {
  readonly hops: string[];
  readonly sets: string[];
}

export interface Report {
  readonly hops: number;
  readonly counts: readonly Count[];
  /** Worst first, then the most frequent. */
  readonly open: readonly OpenFinding[];
  /** Why ways ended, with how often. */
  readonly ends: ReadonlyMap<string, number>;
}

const PREFLIGHT = /^preflight_/;

export function reportOf(outcomes: readonly Outcome[]): Report {
  const counts = new Map(
    ALL_NAMES.map((name): [string, Count] => [name, { name, checked: 0, held: 0, said: 0, caught: 0, open: 0 }]),
  );
  const open = new Map<string, OpenFinding>();
  const ends = new Map<string, number>();
  let hops = 0;
  for (const outcome of outcomes) {
    if (outcome.kind === "end") {
      ends.set(outcome.why, (ends.get(outcome.why) ?? 0) + 1);
      continue;
    }
    hops++;
    for (const name of outcome.checked) {
      const count = counts.get(name);
      if (count === undefined) continue;
      const found = outcome.findings.filter(({ invariant }) => invariant === name);
      count.checked++;
      count[worst(found)]++;
    }
    for (const finding of outcome.findings.filter(({ said }) => said === undefined)) {
      const key = [finding.invariant, finding.what].join("\n");
      const known = open.get(key) ?? { ...finding, hops: [], sets: [] };
      known.hops.push(outcome.title);
      known.sets.push(outcome.job.set.name);
      open.set(key, known);
    }
  }
  const rank = ({ damage }: Finding) => DAMAGES.indexOf(damage);
  return {
    hops,
    counts: [...counts.values()],
    open: [...open.values()].sort((a, b) => rank(a) - rank(b) || b.sets.length - a.sets.length),
    ends,
  };
}

function worst(found: readonly Finding[]): "held" | "said" | "caught" | "open" {
  if (found.length === 0) return "held";
  if (found.some(({ said }) => said === undefined)) return "open";
  return found.some(({ said }) => PREFLIGHT.test(said ?? "")) ? "caught" : "said";
}

/** Loses data or causes an outage, and nobody says it. */
export function isBad({ damage }: Finding): boolean {
  return damage !== "other";
}

const COLUMNS = ["checked", "held", "said", "caught", "open"] as const;

/** A table in Markdown, and the open findings with the hop and the values. */
export function reportLines({ hops, counts, open, ends }: Report, most: number): string[] {
  const bad = open.filter(isBad);
  return [
    `| invariant | ${COLUMNS.join(" | ")} |`,
    `|---|${COLUMNS.map(() => "---:|").join("")}`,
    ...counts.map((count) => `| ${count.name} | ${COLUMNS.map((column) => count[column]).join(" | ")} |`),
    "",
    `${hops} hops. ${open.length} open findings, ${bad.length} of them lose data or cause an outage.`,
    ...[...ends].sort(([, a], [, b]) => b - a).map(([why, times]) => `ways that end: ${times} × ${why}`),
    ...open
      .slice(0, most)
      .flatMap(({ damage, invariant, hops: where, what, sets }) => [
        "",
        `${damage}: ${invariant}: ${what}`,
        `  hops (${where.length}): ${firstOf(where, 3)}`,
        `  values: ${firstOf(sets, 4)}`,
      ]),
    ...(open.length > most ? ["", `and ${open.length - most} more (--most N shows them)`] : []),
  ];
}

function firstOf(texts: readonly string[], most: number): string {
  const all = [...new Set(texts)];
  return `${all.slice(0, most).join(" | ")}${all.length > most ? ` | and ${all.length - most} more` : ""}`;
}
