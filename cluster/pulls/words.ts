import { duration } from "../../upgrade/plan/interruption";
import type { PulledImage } from "../../upgrade/prepull/groups";
import { configLine, list } from "../../upgrade/refusal";
import { CAUSE_TEXTS } from "../diagnose/causes";
import { ClusterError } from "../errors";
import type { NotPulled } from "./judge";

const UNTOUCHED = "Nothing was stopped or changed: Milvus keeps serving as before.";
const WITHOUT = `To upgrade without it, and pull while Milvus is away: ${configLine("prepull", "off")}`;

export function imageNotPulled({ node, image, cause, said }: NotPulled, users: PulledImage["users"]): ClusterError {
  return new ClusterError(
    "notPulled",
    `The image ${image} (${list(users)}) cannot be pulled onto node ${node}. Registry ${registryOf(image)}, in the kubelet's words: ${said.replace(/[.\s]+$/, "")}. ${UNTOUCHED}`,
    cause === "imageNotFound" || cause === "imagePullDenied" || cause === "invalidImageName"
      ? CAUSE_TEXTS[cause].remedy
      : `${cause === "registryUnreachable" ? CAUSE_TEXTS[cause].remedy : "If the registry is busy, wait; then run pulumi up again: nodes keep what they have pulled."} ${WITHOUT}`,
  );
}

/** `registry.k8s.io`; Docker's where the image names none. */
function registryOf(image: string): string {
  const [first = "", ...rest] = image.split("/");
  return rest.length > 0 && (/[.:]/.test(first) || first === "localhost") ? first : "docker.io";
}

/** Nodes that came to nothing, none of which was left. */
export function noNodePulls(users: readonly string[], nodes: readonly { node: string; why: string }[]): ClusterError {
  const reasons = nodes.map(({ node, why }) => `${node}: ${why}`);
  return new ClusterError(
    "notPulled",
    `No node could take the pods of ${list(users)} now, so that they would not come back once they are stopped: ${reasons.join("; ")}. ${UNTOUCHED}`,
    `Free one of these nodes (kubectl describe node ${nodes[0]?.node ?? ""}; kubectl uncordon ends a cordon), then run pulumi up again. ${WITHOUT}`,
  );
}

export function notInTime(
  coming: readonly { readonly node: string; readonly image: string }[],
  limit: number,
): ClusterError {
  const nodes = [...new Set(coming.map(({ node }) => node))];
  const left = nodes.map((node) => `${node}: ${list(coming.filter((it) => it.node === node).map((it) => it.image))}`);
  return new ClusterError(
    "notPulled",
    `After ${duration(limit)} (milvus:timeouts.prepull) these nodes do not have their images yet: ${left.join("; ")}. ${UNTOUCHED}`,
    `Run pulumi up again: nodes keep what they have pulled. For more time: ${configLine("timeouts.prepull", "1h").replace("config set", "config set --path")}. ${WITHOUT}`,
  );
}
