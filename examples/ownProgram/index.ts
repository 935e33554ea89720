import * as pulumi from "@pulumi/pulumi";
import { MilvusCluster } from "milvus-upgrade";

const config = new pulumi.Config();

// One namespace for each cluster. Those of a wave are upgraded side by side, each wave once the one before is verified.
const waves = config.getObject<string[][]>("waves") ?? [["canary"], ["production-a", "production-b"]];

const clusters: MilvusCluster[] = [];
for (const wave of waves) {
  // The clusters of this wave wait for all of the waves before, and not for each other.
  const earlier = [...clusters];
  for (const name of wave) {
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
}

export const endpoints = clusters.map(({ endpoint }) => endpoint);
export const plans = clusters.map(({ plan }) => plan.title);
