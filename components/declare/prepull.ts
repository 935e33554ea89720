import * as pulumi from "@pulumi/pulumi";
import type { After, StepContext } from "./context";

/**
 * Stands for the pulls, which were made before anything was declared: a run that ends with them leaves the stack as it was, and
 * what they were made with is gone from the cluster.
 */
export function declarePulls(context: StepContext, after: After): pulumi.ComponentResource {
  const { parent } = context.options;
  return new pulumi.ComponentResource(
    "milvus-upgrade:index:Pulls",
    `${context.name}-prepull`,
    {},
    { ...(parent && { parent }), dependsOn: context.gate.open(after) },
  );
}
