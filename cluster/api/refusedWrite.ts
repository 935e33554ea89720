import { afterItsEnd } from "../../upgrade/words/endingNamespace";
import { ClusterError, type ClusterErrorCode } from "../errors";
import { loginError, roleCommands, userIn, type Where } from "./responses";
import type { WriteAnswer } from "./write";

/** An object of this program that could not be written. */
export interface Unwritten {
  /** `The lock of the release my-release, the ConfigMap my-release-upgrade-lock in the namespace milvus`. */
  readonly subject: string;
  readonly namespace: string;
  /** Where the run stands, and what the object is for: a sentence each. */
  readonly need: string;
  /** Name of the role that allows it. */
  readonly role: string;
  readonly verbs: string;
  /** `configmaps`. */
  readonly resource: string;
}

/** Why the API server did not take a write, and what to type: a missing right, an expired login and a busy server are not mended alike. */
export function refusedWrite({ status, message }: WriteAnswer, where: Where, unwritten: Unwritten): ClusterError {
  const { subject, namespace, need } = unwritten;
  const failed = `${subject} cannot be written`;
  const error = (code: ClusterErrorCode, why: string, remedy: string) =>
    new ClusterError(code, `${failed}: ${why}`, `${need} ${remedy}`);
  if (status === 401) {
    const { code, what, remedy } = loginError(where);
    return new ClusterError(code, `${failed}. ${what}`, `${need} ${remedy}`);
  }
  if (status !== 403) {
    const remedy = `Check the API server (kubectl --context ${where.context} get --raw /readyz?verbose), then run pulumi up again.`;
    return error("serverError", message, remedy);
  }
  if (/because it is being terminated/.test(message)) {
    const why = `the namespace ${namespace} is being deleted, and nothing can be created in it.`;
    return error("forbidden", why, afterItsEnd(namespace));
  }
  if (/ cannot \w+ resource /.test(message)) return error("forbidden", message, allowed(unwritten, message));
  // A quota, or a policy that looks at what is written.
  return error("forbidden", message, "Have that changed which the API server names, then run pulumi up again.");
}

/** In one line: some of these errors are shown as a warning, which has no more. */
function allowed({ namespace, role, verbs, resource }: Unwritten, message: string): string {
  const commands = roleCommands({ namespace, role, verbs, resources: [resource] }, userIn(message));
  return `Somebody with more rights can allow it: ${commands.join(" && ")}`;
}
