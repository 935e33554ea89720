/** Whether the namespace takes the pods of the upgrade's Jobs. */
import { upgradeServiceAccount } from "../marks";
import { JOB_UID } from "../steps/jobPod";
import type { Finding, Subject } from "./subject";

export function jobPodFindings({ facts: { jobPod }, state, jobUser, namespace, releaseName }: Subject): Finding[] {
  if (jobPod === undefined) return [];
  const account = upgradeServiceAccount(releaseName);
  const isFixed = state.assignsUsers === true && jobUser === "fixed";
  const assigned = "Let the namespace assign the user: pulumi config rm milvus:jobUser";
  if (jobPod.kind === "refused") {
    return [
      {
        check: "jobPods",
        level: "error",
        message: `A pod like those of the upgrade's Jobs is refused in namespace ${namespace}: ${jobPod.why}. The Jobs would wait for their pods until their time is over.`,
        remedy: isFixed
          ? `${assigned}. Only where the ServiceAccount ${account} is allowed another constraint, this says nothing.`
          : `Mend what it names: user and group are milvus:jobUser, requests and limits milvus:jobResources, labels and annotations milvus:jobLabels and milvus:jobAnnotations. See the quotas and limits: kubectl -n ${namespace} describe quota,limits`,
      },
    ];
  }
  const constraint: Finding = {
    check: "jobPods",
    level: "warn",
    message: `milvus:jobUser is fixed, so the pods of the Jobs name user ${JOB_UID}, and OpenShift's restricted-v2 refuses them. What these credentials may do says nothing: the job controller makes the pods, and the Jobs would wait for them until their time is over.`,
    remedy: `${assigned}. Or allow it before the run: oc -n ${namespace} adm policy add-scc-to-user nonroot-v2 -z ${account}`,
  };
  const unseen: Finding = {
    check: "jobPods",
    level: "warn",
    message: `Whether namespace ${namespace} takes the pods of the upgrade's Jobs was not looked at: ${jobPod.kind === "unknown" ? jobPod.why : ""}.`,
    remedy: `If it does not, the first Job waits until its time is over, before anything is stopped. To look: kubectl -n ${namespace} get events`,
  };
  return [...(isFixed ? [constraint] : []), ...(jobPod.kind === "unknown" ? [unseen] : [])];
}
