import { onOneLine } from "../../upgrade/words/visible";
import type { Adoption } from "../adopt/adopt";
import type { PlanReport } from "../plan/report";

/** True when the next `up` would change no object in the cluster. */
export function changesNothing({ outcome, plan, manifests }: PlanReport): boolean {
  if (outcome === "nothing") return true;
  const sends = plan?.steps.every(({ step }) => step === "release") === true && plan.from === plan.to;
  return sends && manifests?.compared === true && manifests.objects.length === 0;
}

/** What adopt has done and what it proved, in lines. */
export function adoptionLines(adoption: Adoption): string[] {
  const { file, found, note, secretPaths, proof } = onOneLine(adoption);
  return [
    `found Milvus ${found.version} on chart ${found.chart}`,
    `wrote ${file}`,
    ...(secretPaths.length === 0 ? [] : [`encrypted: ${secretPaths.join(", ")}`]),
    ...verdict(proof),
    ...(note === undefined ? [] : [note]),
    `next, to see the way to a version: npm run plan -- --stack ${proof.stack} --to VERSION`,
  ];
}

function verdict({ outcome, plan, manifests }: PlanReport): string[] {
  const report = { outcome, plan, manifests } as PlanReport;
  if (changesNothing(report)) {
    return outcome === "nothing"
      ? ["proved: the plan for it has nothing to do"]
      : [
          "proved: what the chart renders with this config is what runs, object by object",
          "the first pulumi up takes the release over and makes one revision of it, with the values that the rules write out; no pod restarts",
        ];
  }
  if (manifests?.compared !== true) {
    return [
      `not proved: the manifests were not compared, because ${manifests?.why ?? "there are none"}`,
      "Where the charts cannot be fetched from here: unpack the chart into a folder, name it with pulumi config set --path milvus:chartSource.folder FOLDER, and run adopt again with --force, which keeps that key.",
    ];
  }
  return [
    `${manifests.objects.length} objects would change; npm run plan shows them. Is the chart another one than milvus:chartSource has?`,
  ];
}
