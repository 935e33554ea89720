/** Names of the objects that an upgrade makes, and the labels by which they are known as its own. */

/** On everything that this program creates. */
export const PART_OF = { "app.kubernetes.io/part-of": "milvus-upgrade" } as const;
const RELEASE_LABEL = "milvus-upgrade/release";
/** Label of a Job and its pods: which step it is. */
export const STEP_LABEL = "milvus-upgrade/step";

/** Labels of everything the upgrade itself creates; none of them is one that a Milvus Service or Deployment selects. */
export function upgradeLabels(releaseName: string): Record<string, string> {
  return { ...PART_OF, [RELEASE_LABEL]: releaseName };
}

/** Selects what `upgradeLabels` marks. */
export function upgradeSelector(releaseName: string): string {
  return Object.entries(upgradeLabels(releaseName))
    .map(([key, value]) => `${key}=${value}`)
    .join(",");
}

/** Was an object with these labels made by this program, for this release? */
export function isOfUpgrade(labels: Readonly<Record<string, string>> | undefined, releaseName: string): boolean {
  return Object.entries(upgradeLabels(releaseName)).every(([key, value]) => labels?.[key] === value);
}

/** Name of the ServiceAccount, Role and RoleBinding of the upgrade's Jobs. */
export function upgradeServiceAccount(releaseName: string): string {
  return `${releaseName}-upgrade`;
}
