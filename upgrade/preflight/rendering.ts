/** The check of what the chart renders. */
import { list } from "../refusal";
import type { RefusedChange } from "./facts";
import type { Finding, Subject } from "./subject";

/** A message names so many, and how many more there are. */
const SHOWN = 6;

export function renderFindings({ facts: { rendered }, plan, namespace }: Subject): Finding[] {
  const chart = `chart ${plan.chart.version}`;
  switch (rendered?.kind) {
    case undefined:
      return [];
    case "failed":
      return [
        {
          check: "chartRenders",
          level: "error",
          message: `Helm cannot render ${chart} with these values: ${sentence(rendered.why)} The upgrade would stop there, after the steps before it.`,
          remedy:
            "Correct what the message names in milvus:values. Only if it names something that is in the cluster already, which a chart may look up and this check cannot, continue anyway.",
        },
      ];
    case "unseen":
      return [
        {
          check: "chartRenders",
          level: "warn",
          message: `Whether ${chart} renders with these values, and whether the API server takes what changes, was not looked at: ${sentence(rendered.why)} If it does not, the upgrade stops half way, when Milvus may be paused or stopped.`,
          remedy: "To see it before, preview on a machine with the Helm CLI that can fetch the chart.",
        },
      ];
    case "compared":
      return [...refused(rendered.refused, namespace), ...unjudged(rendered.unjudged)];
  }
}

function refused(changes: readonly RefusedChange[], namespace: string): Finding[] {
  if (changes.length === 0) return [];
  const shown = changes.slice(0, SHOWN).map(({ object, path, why }) => `${object}${path && ` ${path}`} (${why})`);
  const more = changes.length > SHOWN ? ` and ${changes.length - SHOWN} more` : "";
  const kinds = [...new Set(changes.map(({ object }) => object.split("/")[0] ?? ""))];
  const hints = kinds.flatMap((kind) => HINTS[kind] ?? []);
  const [first] = changes;
  return [
    {
      check: "chartRenders",
      level: "error",
      message: `The API server will not take what this plan changes: ${list(shown)}${more}. The upgrade would stop there, after the steps before it.`,
      remedy: [
        "Keep the fields as they are: take the value that changes them out of milvus:values, or give it as it was.",
        ...hints,
        `What is there now: kubectl -n ${namespace} get ${first?.object ?? ""} -o yaml.`,
      ].join(" "),
    },
  ];
}

/** What people mostly want that change it, and how it is done. */
const HINTS: Readonly<Record<string, string>> = {
  StatefulSet:
    "The size of a claim is changed at the claim itself (kubectl edit persistentvolumeclaim), and the value stays as it was.",
  PersistentVolumeClaim: "A claim keeps its class, and can only grow.",
  Job: "A Job that has done its work is not rendered again: leave pulsar.initialize out (or false), or delete the Job; nothing is lost by that.",
  Service:
    "A Service whose address must change has to be deleted first; its clients have no way to Milvus until it is made again.",
  Deployment: "A Deployment whose selector must change has to be deleted first, with its pods.",
};

function unjudged(reasons: readonly string[]): Finding[] {
  if (reasons.length === 0) return [];
  return [
    {
      check: "chartRenders",
      level: "warn",
      message: `The API server did not judge all that this plan changes: ${sentence(list(reasons.slice(0, SHOWN)))} If it refuses something, the upgrade stops half way.`,
      remedy: "To see it before, preview with the credentials that up has.",
    },
  ];
}

function sentence(text: string): string {
  return /[.!?…]$/.test(text) ? text : `${text}.`;
}
