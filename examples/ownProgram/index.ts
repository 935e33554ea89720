/** A program of your own around the planner: here, it stops before any plan that means an outage. */
import * as pulumi from "@pulumi/pulumi";
import { connect, describePlan, MilvusCluster, parseConfig, planUpgrade, readCluster } from "milvus-upgrade";

async function program() {
  const own = new pulumi.Config();
  const charts = own.get("charts");
  const config = parseConfig({
    config: {
      "milvus:version": own.require("milvusVersion"),
      // Without it, the public repository.
      ...(charts !== undefined && { "milvus:chartSource": { folder: charts } }),
      "milvus:release": "my-release",
      "milvus:namespace": "milvus",
      "milvus:values": { queryNode: { replicas: 3 } },
    },
  });
  const { releaseName, namespace } = config.wanted;
  const state = await readCluster(connect(), { releaseName, namespace });
  const plan = planUpgrade(config.wanted, state);
  if (plan.kind === "refused" || plan.expected?.kind === "outage") {
    throw new pulumi.RunError(describePlan(plan).join("\n"));
  }
  const { settings, valuesAreSecret } = config;
  const milvus = new MilvusCluster("milvus", { plan, state, releaseName, namespace, settings, valuesAreSecret });
  return { endpoint: milvus.outputs.endpoint };
}

export = program;
