import type { OwnJobName } from "../steps/ownJobs";

/** What it means that a Job of the user's has failed, and what to type. */
export function ownJobFailed({ when, cronJob }: OwnJobName, namespace: string): string {
  const [stands, key, next] =
    when === "before"
      ? [`cronjob/${cronJob} did not end well, and nothing of Milvus was touched.`, "milvus:runBefore", "goes on"]
      : [
          `cronjob/${cronJob} did not end well. The upgrade is in place, and was verified where milvus:verify asks for it.`,
          "milvus:runAfter",
          "ends the upgrade's receipt",
        ];
  return [
    stands,
    `  to try it alone: kubectl -n ${namespace} create job ${cronJob}-try --from=cronjob/${cronJob}, then kubectl -n ${namespace} logs -f job/${cronJob}-try`,
    `  once it ends well: pulumi up, which runs it again and ${next}`,
    `  to go without it: take it out of ${key} in the stack config, then pulumi up`,
  ].join("\n");
}
