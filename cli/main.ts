#!/usr/bin/env node
import pc from "picocolors";
import { ClusterError, hasCode } from "../cluster/errors";
import { ConfigError } from "../config/configError";
import { ServiceError } from "../verify/service";
import { milvusUpgrade } from "./program";
import { UsageError } from "./project";

milvusUpgrade()
  .parseAsync()
  .catch((error: unknown) => {
    const isForPeople = [UsageError, ConfigError, ClusterError, ServiceError].some((Kind) => error instanceof Kind);
    const text =
      error instanceof Error ? (isForPeople ? error.message : (error.stack ?? error.message)) : String(error);
    process.stderr.write(`${pc.red("error:")} ${text}\n`);
    if (hasCode(error, "unreachable", "timedOut", "noKubeconfig")) {
      process.stderr.write("Where the cluster cannot be reached: plan --offline, from the outputs of the last run.\n");
    }
    process.exitCode = 1;
  });
