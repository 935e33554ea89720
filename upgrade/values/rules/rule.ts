import type { DependencyImages, HelmValue, HelmValues } from "../../model";
import type { Topology } from "../../plan/topology";
import type { ValueRuleName } from "../../ruleNames";
import type { ValuePath } from "../tree";

/** What a rule over the values is told. */
export interface ValueContext {
  /** The user's values, as the stack config gives them. */
  readonly given: HelmValues;
  /** Milvus version and chart that the values are for. */
  readonly to: string;
  readonly chart: string;
  /** `-gpu`, or empty. */
  readonly variant: string;
  readonly kubernetesVersion: string;
  readonly releaseName: string;
  /** `registry.example.com/mirror`; missing: the charts' own registries. */
  readonly imageRegistry?: string;
  /** Default `keep`. */
  readonly dependencyImages?: DependencyImages;
  /** What runs now; missing for an install. */
  readonly now?: {
    readonly version: string;
    readonly chart: string;
    readonly topology: Topology;
    /** The user's values in force. */
    readonly values: HelmValues;
    /** The chart's own values, as the release record has them. */
    readonly defaults: HelmValues;
  };
}

export interface Addition {
  readonly path: ValuePath;
  readonly value: HelmValue;
  readonly reason: string;
  /** A user's other value at the path: `refuse` it, naming the key, or let it `win`. Default `refuse`. */
  readonly contradiction?: "refuse" | "win";
}

/** A user's value that must stand elsewhere for this chart. */
export interface Move {
  readonly from: ValuePath;
  /** In the chart's values, or in user.yaml. */
  readonly to: ValuePath;
  readonly into: "values" | "user.yaml";
  readonly value: HelmValue;
  readonly reason: string;
}

/** Of Milvus, laid into user.yaml where the user has none. */
export interface Setting {
  readonly keys: ValuePath;
  readonly value: HelmValue;
  readonly reason: string;
}

export interface ValueOutcome {
  readonly additions?: readonly Addition[];
  readonly moves?: readonly Move[];
  readonly settings?: readonly Setting[];
  readonly warnings?: readonly string[];
}

/** A rule over the values of one hop; docs/upgrade-rules.md has it under its name. It refuses by throwing. */
export interface ValueRule {
  readonly name: ValueRuleName;
  readonly source: string;
  /** What it does, for the docs: one or two sentences. */
  readonly explanation: string;
  /** Every path that the rule can add: what an earlier run added there is not the user's (see droppedValues.ts). */
  readonly owns?: readonly ValuePath[];
  readonly apply: (context: ValueContext) => ValueOutcome;
}

export const NOTHING: ValueOutcome = {};
