import type { HelmValues, Plan, UpgradePlan, Wanted } from "../../upgrade/model";
import { planUpgrade } from "../../upgrade/plan/plan";
import {
  formatPath,
  getValue,
  leafPaths,
  mergeValues,
  sameValue,
  type ValuePath,
  withoutValue,
} from "../../upgrade/values/tree";
import { parseImage } from "../../upgrade/versions/images";
import { nextMove } from "../../upgrade/walk/nextMove";
import type { Chart, ChartShelf } from "./charts";
import { clusterOf, type Installed } from "./cluster";
import { INVARIANTS } from "./invariants/all";
import type { Breach } from "./invariants/invariant";
import type { Picture } from "./picture";
import { NAMESPACE, RELEASE_NAME, type Renderer, sorted } from "./renderer";
import type { ValueSet } from "./valueSets";

/** Where a walk begins. */
export interface Job {
  readonly chart: string;
  readonly set: ValueSet;
}

export interface Bench {
  readonly shelf: ChartShelf;
  readonly renderer: Renderer;
  readonly kubernetesVersion: string;
  /** Negative control: the user's values are sent as they are, with the new image, and nothing is said. */
  readonly isControl: boolean;
  /** False: whether each value of the user's still has its effect is not looked at, which takes most of the time. */
  readonly withEffects: boolean;
  /** Hops that were looked at, by what they are made from: the ways of several sources meet. */
  readonly seen: Set<string>;
}

/** Names of what is looked at beside the invariants between two renderings. */
export const RENDERS = "the target renders";
export const AGAIN = "again does nothing";
export const EFFECTS = "values of the user";
export const ALL_NAMES: readonly string[] = [RENDERS, ...INVARIANTS.map(({ name }) => name), AGAIN, EFFECTS];
/** The preflight's check chartRenders finds these before anything is touched. */
const BEFOREHAND: readonly string[] = [RENDERS, "immutable fields"];

export interface Finding extends Breach {
  readonly invariant: string;
  /** Who says it: the rule of a warning or of an added value, or the preflight. Missing: nobody. */
  readonly said?: string;
}

/** What came of one hop, or of the end of a way. */
export type Outcome =
  | {
      readonly kind: "hop";
      readonly job: Job;
      readonly title: string;
      readonly findings: readonly Finding[];
      readonly checked: readonly string[];
    }
  | { readonly kind: "end"; readonly job: Job; readonly title: string; readonly why: string };

const MOST_HOPS = 12;

/** All hops of a way, from what Helm has installed to the newest version that the rules lead to. */
export async function* walk(job: Job, bench: Bench): AsyncGenerator<Outcome> {
  const chart = await bench.shelf.get(job.chart);
  const picture = await bench.renderer.render(chart, job.set.values, true);
  if ("failed" in picture) {
    yield { kind: "end", job, title: `chart ${job.chart}`, why: "the source does not render" };
    return;
  }
  const wanted = wantedFor(job.set.values);
  let now: Installed = { chart, values: job.set.values, picture, revision: 1, isOurs: false };
  let without = bench.withEffects ? variantsOf(now) : [];
  const running = versionOf(picture) ?? chart.milvus;
  let move: Plan = planUpgrade({ ...wanted, version: running }, clusterOf(now, bench.kubernetesVersion));
  for (let count = 0; count < MOST_HOPS; count++) {
    const key = JSON.stringify(
      sorted([now.chart.version, now.values, job.set.values, move.kind !== "refused" && move.to]),
    );
    if (bench.seen.has(key)) return;
    bench.seen.add(key);
    if (move.kind === "refused") {
      yield { kind: "end", job, title: `chart ${now.chart.version}`, why: `refused: ${move.rule}` };
      return;
    }
    const title = `${running === move.to && count === 0 ? "adopt " : ""}${versionOf(now.picture) ?? "?"} on ${now.chart.version} → ${move.to} on ${move.chart.version}`;
    if (!bench.shelf.versions.includes(move.chart.version)) {
      yield { kind: "end", job, title, why: `chart ${move.chart.version} is not here` };
      return;
    }
    const target = await bench.shelf.get(move.chart.version);
    const values = bench.isControl ? asTheyAre(job.set.values, move) : move.values;
    const after = await bench.renderer.render(target, values, true);
    if ("failed" in after) {
      const breach: Breach = { what: after.failed.slice(0, 300), damage: "outage", words: [] };
      yield { kind: "hop", job, title, checked: [RENDERS], findings: [judged(RENDERS, breach, move, bench)] };
      return;
    }
    const next: Installed = { chart: target, values, picture: after, revision: now.revision + 1, isOurs: true };
    const hop = {
      before: now.picture,
      after,
      from: versionOf(now.picture) ?? move.to,
      to: move.to,
      given: job.set.values,
    };
    const plan = move;
    const findings = INVARIANTS.flatMap(({ name, check }) =>
      check(hop).map((breach) => judged(name, breach, plan, bench)),
    );
    findings.push(...again(wanted, plan, next, bench).map((breach) => judged(AGAIN, breach, plan, bench)));
    const effects = await followEffects(without, { wanted, plan, now, next }, bench);
    findings.push(...effects.breaches.map((breach) => judged(EFFECTS, breach, plan, bench)));
    yield { kind: "hop", job, title, findings, checked: ALL_NAMES };
    without = effects.without;
    // The control goes on from what the rules would have left: each hop is its own.
    const left = bench.isControl ? await bench.renderer.render(target, move.values, true) : after;
    if ("failed" in left) return;
    now = { ...next, values: move.values, picture: left };
    const following = nextMove(wanted, clusterOf(now, bench.kubernetesVersion));
    if (following.kind !== "hop") {
      const why = following.kind === "refused" ? `refused: ${following.refusal.rule}` : following.kind;
      yield { kind: "end", job, title: `chart ${now.chart.version}`, why };
      return;
    }
    move = following.plan;
  }
}

export function wantedFor(values: HelmValues): Wanted {
  return {
    version: "latest",
    releaseName: RELEASE_NAME,
    namespace: NAMESPACE,
    values,
    chartSource: { kind: "repository" },
    strategy: "auto",
    rollback: false,
    dropValues: [],
  };
}

/** What an upgrade by hand would send. */
function asTheyAre(values: HelmValues, { to }: UpgradePlan): HelmValues {
  return mergeValues(values, { image: { all: { tag: `v${to}` } } });
}

function versionOf({ components }: Picture): string | undefined {
  for (const { containers } of components.values()) {
    const image = containers[0]?.image;
    if (typeof image === "string") return parseImage(image).version;
  }
  return undefined;
}

/** General remarks, which name parts of a Milvus and say nothing of a value. */
const REMARKS: readonly string[] = [
  "requests_fail_for_a_short_time",
  "not_everything_could_be_read",
  "prefer_one_minor_at_a_time",
];

function judged(invariant: string, breach: Breach, plan: UpgradePlan, { isControl }: Bench): Finding {
  const finding = { ...breach, invariant };
  if (isControl) return finding;
  const said = [
    ...plan.warnings
      .filter(({ rule }) => !REMARKS.includes(rule))
      .map(({ rule, message }) => ({ rule, text: message })),
    ...plan.added.map(({ rule, path, reason }) => ({ rule, text: `${path} ${reason}` })),
  ].find(({ text }) => breach.words.some((word) => text.includes(word)));
  if (said !== undefined) return { ...finding, said: said.rule };
  return BEFOREHAND.includes(invariant) ? { ...finding, said: "preflight_chartRenders" } : finding;
}

function again(wanted: Wanted, plan: UpgradePlan, next: Installed, bench: Bench): Breach[] {
  const second = planUpgrade({ ...wanted, version: plan.to }, clusterOf(next, bench.kubernetesVersion));
  if (second.kind === "nothing") return [];
  if (second.kind === "refused") {
    return [
      { what: `the next run is refused: ${second.rule}: ${second.reason.slice(0, 200)}`, damage: "other", words: [] },
    ];
  }
  const [old, fresh] = [new Set(leafTexts(plan.values)), leafTexts(second.values)];
  const news = fresh.filter((line) => !old.has(line)).slice(0, 5);
  return [{ what: `the next run is ${second.kind}: ${news.join(", ")}`, damage: "other", words: [] }];
}

function leafTexts(values: HelmValues): string[] {
  return leafPaths(values).map((path) => formatPath(path));
}

// ------------------------------------------------------------------------------------------------ effects

/** The same release without one value of the user's. */
interface Variant {
  readonly path: ValuePath;
  readonly installed: Installed;
  readonly hasEffect: boolean;
}

function variantsOf(now: Installed): Variant[] {
  return leafPaths(now.values).map((path) => ({
    path,
    installed: { ...now, values: withoutValue(now.values, path) },
    hasEffect: false,
  }));
}

interface Stage {
  readonly wanted: Wanted;
  readonly plan: UpgradePlan;
  readonly now: Installed;
  readonly next: Installed;
}

/** Each value of the user's that had an effect still has one; one that had none has none. */
async function followEffects(
  variants: readonly Variant[],
  stage: Stage,
  bench: Bench,
): Promise<{ readonly breaches: Breach[]; readonly without: Variant[] }> {
  const breaches: Breach[] = [];
  const without: Variant[] = [];
  for (const variant of variants) {
    const followed = await follow(variant, stage, bench);
    if (followed === undefined) continue;
    const { had, has, installed } = followed;
    without.push({ ...variant, installed, hasEffect: has });
    const key = formatPath(variant.path);
    const words = [key, variant.path.slice(-2).join("."), ...(variant.path[0] === "metadata" ? ["rootPath"] : [])];
    if (had && !has) breaches.push({ what: `${key} has no effect any more`, damage: "other", words });
    if (!had && has) breaches.push({ what: `${key} had no effect, and begins to have one`, damage: "other", words });
  }
  return { breaches, without };
}

/** Undefined where the release goes another way without the value: an effect, and nothing to compare with any more. */
async function follow(
  { path, installed }: Variant,
  { wanted, plan, now, next }: Stage,
  { renderer, kubernetesVersion, isControl }: Bench,
): Promise<{ readonly had: boolean; readonly has: boolean; readonly installed: Installed } | undefined> {
  const picture = await renderer.render(installed.chart, installed.values, true);
  if ("failed" in picture) return undefined;
  const values = withoutValue(wanted.values, path);
  const state = clusterOf({ ...installed, picture }, kubernetesVersion);
  const other = planUpgrade({ ...wanted, values, version: plan.to }, state);
  if (other.kind === "refused" || other.chart.version !== plan.chart.version) return undefined;
  const sent = isControl ? asTheyAre(values, other) : other.values;
  // A rule keeps it as it is, whether it is said or not.
  if (sameValue(getValue(sent, path), getValue(next.values, path))) return undefined;
  const [before, beforeWithout, after, afterWithout] = await Promise.all([
    digest(now.chart, now.values),
    digest(installed.chart, installed.values),
    digest(next.chart, next.values),
    digest(next.chart, sent),
  ]);
  return {
    had: before !== beforeWithout,
    has: after !== afterWithout,
    installed: { ...next, values: sent },
  };

  function digest(chart: Chart, given: HelmValues): Promise<string> {
    return renderer.digest(chart, given, true);
  }
}
