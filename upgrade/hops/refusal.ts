import { chooseChart } from "../charts/choice";
import type { ChartSource, Hop } from "../model";
import { SEPARATE_COORDINATORS, type Topology } from "../plan/topology";
import { configLine, refuse, valueLine, WALK_COMMAND } from "../refusal";
import { findPath } from "./path";
import { type HopRule, refusedBy } from "./rules";

export interface HopToCheck {
  readonly from: string;
  readonly to: string;
  /** Chart that runs. */
  readonly chart: string;
  readonly topology?: Topology;
  readonly source: ChartSource;
}

/** Refuses a hop that a rule forbids, with the next hop and the whole way. */
export function checkHop(hop: HopToCheck): void {
  const rule = refusedBy(hop);
  if (rule === undefined) return;
  const path = rule.final ? [] : hopsTo(hop);
  const [nextHop] = path;
  refuse({
    rule: rule.name,
    reason: `Milvus ${hop.from} cannot go to ${hop.to}: ${rule.reason}.`,
    remedy: remedyOf(rule, hop, nextHop),
    source: rule.source,
    ...(nextHop && { nextHop, path }),
  });
}

/** The way with charts. Where the layout alone is in the way, its first hop stays on the version and changes that. */
function hopsTo({ from, to, chart, source }: HopToCheck): Hop[] {
  const way = findPath(from, to) ?? [];
  if (way.length === 1 && way[0] === to) {
    return [{ from, to: from, chart }, ...charted(from, way, chart, source)];
  }
  return charted(from, way, chart, source);
}

function charted(from: string, way: readonly string[], chart: string, source: ChartSource): Hop[] {
  const hops: Hop[] = [];
  let running = { chart, version: from };
  for (const version of way) {
    const chosen = chooseChart({ version, running, source }).version;
    hops.push({ from: running.version, to: version, chart: chosen });
    running = { chart: chosen, version };
  }
  return hops;
}

function remedyOf(rule: HopRule, hop: HopToCheck, next: Hop | undefined): string {
  if (next === undefined) {
    const stay = `Stay with what runs: ${configLine("version", hop.from)}`;
    return rule.remedy ? `${rule.remedy} ${stay}` : stay;
  }
  if (next.to === hop.from) {
    return `With ${configLine("version", hop.from)} first change the layout and run pulumi up: ${layoutLines(hop)}. Then set ${hop.to}. Where milvus:values does not ask for another layout, this does both: ${WALK_COMMAND} --to ${hop.to}`;
  }
  return `Go by way of ${next.to}: ${configLine("version", next.to)}, then pulumi up, then on to ${hop.to}. All hops, one after the other: ${WALK_COMMAND} --to ${hop.to}`;
}

function layoutLines({ topology }: HopToCheck): string {
  const lines = [
    valueLine("mixCoordinator.enabled", "true"),
    ...SEPARATE_COORDINATORS.map((key) => valueLine(key, "false")),
  ];
  if (topology?.coordinators === "mix") {
    return [valueLine("streaming.enabled", "true"), valueLine("indexNode.enabled", "false")].join("; ");
  }
  return lines.join("; ");
}
