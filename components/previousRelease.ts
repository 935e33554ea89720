import * as pulumi from "@pulumi/pulumi";

/**
 * `namespace/name` of the release that this stack manages, from the outputs of its last run; undefined for a new stack
 * or one whose outputs cannot be read. It is only asked for a clear message: the Release is protected in any case.
 */
export async function readPreviousRelease(): Promise<string | undefined> {
  const name = `${pulumi.getOrganization()}/${pulumi.getProject()}/${pulumi.getStack()}`;
  try {
    const result = (await pulumi.runtime.invoke("pulumi:pulumi:readStackOutputs", { name })) as {
      outputs?: { release?: unknown };
    };
    const release = result.outputs?.release;
    return typeof release === "string" ? release : undefined;
  } catch (error) {
    await pulumi.log.debug(`The outputs of ${name} cannot be read: ${String(error)}`);
    return undefined;
  }
}

/**
 * Refuses another release name or namespace than before. Helm cannot rename a release: Pulumi would install a second
 * Milvus and uninstall this one.
 *
 * @param previous as given by `readPreviousRelease`
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
