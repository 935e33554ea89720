import * as pulumi from "@pulumi/pulumi";
import { MilvusCluster } from "milvus-upgrade";

const config = new pulumi.Config();

// In waves: the second cluster is read, planned and upgraded once the first one's verification has passed.
const clusters: MilvusCluster[] = [];
for (const name of ["canary", "production"]) {
  const earlier = [...clusters];
  clusters.push(
    new MilvusCluster(
      name,
      {
        version: config.require("milvusVersion"),
        releaseName: "my-release",
        namespace: name,
        values: {
          queryNode: { replicas: 3 },
          // An Output is a value that nobody prints: not the plan, not the outputs, not a log.
          minio: { secretKey: config.requireSecret("minioSecretKey") },
        },
        // Charts from a folder instead of the public repository, as where there is no way to it.
        chart: { folder: config.get("charts") },
        upgrade: { maxDowntime: "5m" },
      },
      { dependsOn: earlier },
    ),
  );
}

export const endpoints = clusters.map(({ endpoint }) => endpoint);
export const plans = clusters.map(({ plan }) => plan.title);
