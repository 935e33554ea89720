/** Names of the objects that an upgrade makes, and the labels, annotations and texts by which they are known as its own. */

const PART_OF = "app.kubernetes.io/part-of";
const PROGRAM = "milvus-upgrade";
/** Names the release that an object is for. */
export const RELEASE_LABEL = "milvus-upgrade/release";
/** Label of a Job and its pods: which step it is. */
export const STEP_LABEL = "milvus-upgrade/step";

/** Annotation of a Job of the user's: the CronJob that it was made from, as it was then. */
export const CRON_JOB_ANNOTATION = "milvus-upgrade/cron-job";

/** Annotation of a stopped Deployment: the replicas it had. */
export const REPLICAS_ANNOTATION = "milvus-upgrade/replicas";
/** Annotation of a Deployment that is made to be recreated for a hop, until its own strategy is back. */
export const RECREATE_ANNOTATION = "milvus-upgrade/recreate";
/** Descriptions of Helm revisions that this program made begin so: their values came from the stack config. */
export const OWN_DESCRIPTION = "milvus-upgrade:";
/** Pulumi's type of the Helm release. */
export const RELEASE_TYPE = "kubernetes:helm.sh/v3:Release";

type Labels = Readonly<Record<string, string>>;

/** Labels of everything the upgrade itself creates; none of them is one that a Milvus Service or Deployment selects. */
export function upgradeLabels(releaseName: string): Labels {
  return { [PART_OF]: PROGRAM, [RELEASE_LABEL]: releaseName };
}

/** Selects what `upgradeLabels` marks. */
export function upgradeSelector(releaseName: string): string {
  return Object.entries(upgradeLabels(releaseName))
    .map(([key, value]) => `${key}=${value}`)
    .join(",");
}

/** An object of that name without these labels is somebody else's: it is neither written nor waited for. */
export function isOurs(labels: Labels | undefined): boolean {
  return labels?.[PART_OF] === PROGRAM;
}

/** What `isOurs` asks for, for people. */
export const OUR_LABEL = `${PART_OF}=${PROGRAM}`;

/** Name of the ServiceAccount, Role and RoleBinding of the upgrade's Jobs. */
export function upgradeServiceAccount(releaseName: string): string {
  return `${releaseName}-upgrade`;
}

/** Name of the ConfigMap that keeps the receipts of a release's upgrades. */
export function receiptsName(releaseName: string): string {
  return `${releaseName}-upgrade-receipts`;
}
