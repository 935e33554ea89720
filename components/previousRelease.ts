import * as pulumi from "@pulumi/pulumi";

/** What this stack's last run has left in its outputs. */
export interface PreviousOutputs {
  /** `namespace/name` of the release that the stack manages. */
  readonly release?: string;
  readonly lastUpgrade?: unknown;
}

/**
 * Empty for a new stack or one whose outputs cannot be read. They are only asked for a clear message and for figures:
 * the Release is protected in any case.
 */
export async function readPreviousOutputs(): Promise<PreviousOutputs> {
  const name = `${pulumi.getOrganization()}/${pulumi.getProject()}/${pulumi.getStack()}`;
  try {
    const result = (await pulumi.runtime.invoke("pulumi:pulumi:readStackOutputs", { name })) as {
      outputs?: { release?: unknown; lastUpgrade?: unknown };
    };
    const { release, lastUpgrade } = result.outputs ?? {};
    return { ...(typeof release === "string" && { release }), ...(lastUpgrade !== undefined && { lastUpgrade }) };
  } catch (error) {
    await pulumi.log.debug(`The outputs of ${name} cannot be read: ${String(error)}`);
    return {};
  }
}

/**
 * Refuses another release name or namespace than before. Helm cannot rename a release: Pulumi would install a second
 * Milvus and uninstall this one.
 *
 * @param previous as given by `readPreviousOutputs`
 * @throws RunError
 */
export function refuseMovedRelease(previous: string | undefined, namespace: string, releaseName: string): void {
  const wanted = `${namespace}/${releaseName}`;
  if (previous === undefined || previous === wanted) {
    return;
  }
  const [oldNamespace = "", oldName = ""] = previous.split("/");
  throw new pulumi.RunError(
    [
      `Refused (release-cannot-be-renamed): this stack manages the release ${previous}, the config says ${wanted}.`,
      "Helm cannot rename or move a release: Pulumi would install a second, empty Milvus and uninstall the one that runs.",
      "To go on with the release that runs:",
      `  pulumi config set milvus:release ${oldName}`,
      `  pulumi config set milvus:namespace ${oldNamespace}`,
      "For another Milvus beside it, use another stack: pulumi stack init NAME",
    ].join("\n"),
  );
}
