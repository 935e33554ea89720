import * as pulumi from "@pulumi/pulumi";
import { MilvusCluster } from "milvus-upgrade";

const config = new pulumi.Config();

const milvus = new MilvusCluster("milvus", {
  version: config.require("version"),
  releaseName: config.require("release"),
  namespace: config.require("namespace"),
  // The Helm values of the release, all of them. A value that is an Output, such as config.requireSecret("key"), is never printed.
  values: {},
});

export const endpoint = milvus.endpoint;
export const version = milvus.version;
export const plan = milvus.plan.title;
export const verification = milvus.verification;
