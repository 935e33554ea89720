import { parse } from "yaml";
import type { DependencyImages, HelmValues, Refusal, UpgradePlan } from "../../../../../upgrade/model";
import { getValue, path, USER_YAML, withoutValue } from "../../../../../upgrade/values/tree";
import { planned, type RunningOptions, refused, running, wanted } from "../../support";

export interface Hop {
  readonly chart: string;
  readonly from: string;
  readonly to: string;
  readonly values?: HelmValues;
  /** In the release; default: the same. */
  readonly inForce?: HelmValues;
  readonly over?: RunningOptions;
  readonly chartVersion?: string;
  readonly dependencyImages?: DependencyImages;
}

function request({ to, values = {}, chartVersion, dependencyImages }: Hop) {
  return wanted(to, { values, ...(chartVersion && { chartVersion }), ...(dependencyImages && { dependencyImages }) });
}

function state({ chart, from, values = {}, inForce = values, over }: Hop) {
  return running(chart, from, { values: inForce, ...over });
}

export function plan(hop: Hop): UpgradePlan {
  return planned(request(hop), state(hop));
}

export function refusal(hop: Hop): Refusal {
  return refused(request(hop), state(hop));
}

/** The same once more, after it was done: nothing may be left to do. */
export function again(hop: Hop): UpgradePlan {
  const { chart, values } = plan(hop);
  return plan({ ...hop, chart: chart.version, from: hop.to, inForce: values });
}

export function valueAt({ values }: UpgradePlan, key: string): unknown {
  return getValue(values, path(key));
}

export function userYaml({ values }: UpgradePlan): unknown {
  const text = getValue(values, USER_YAML);
  return typeof text === "string" ? parse(text) : undefined;
}

/** Without what charts before 4.0.0 wrote by themselves. */
export function userYamlOfRules(found: UpgradePlan): unknown {
  const text = userYaml(found) as HelmValues | undefined;
  const written = found.added.filter(({ rule }) => rule === "settings_the_chart_used_to_write");
  const left = written.reduce((rest, added) => withoutValue(rest, path(added.path.split(": ")[1] ?? "")), text ?? {});
  return Object.keys(left).length === 0 ? undefined : left;
}

export function messagesOf({ warnings }: UpgradePlan, rule: string): string[] {
  return warnings.filter((warning) => warning.rule === rule).map(({ message }) => message);
}

export const standalone: RunningOptions = { names: ["standalone"] };
export const ROCKSMQ = { cluster: { enabled: false }, standalone: { messageQueue: "rocksmq" } } as const;

export const inUserYaml = (text: string) => ({ extraConfigFiles: { "user.yaml": text } });
