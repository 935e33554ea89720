#!/usr/bin/env node
import pc from "picocolors";
import { ClusterError } from "../cluster/errors";
import { ConfigError } from "../config/configError";
import { milvusUpgrade } from "./program";
import { UsageError } from "./project";

milvusUpgrade()
  .parseAsync()
  .catch((error: unknown) => {
    const isForPeople = error instanceof UsageError || error instanceof ConfigError || error instanceof ClusterError;
    const text =
      error instanceof Error ? (isForPeople ? error.message : (error.stack ?? error.message)) : String(error);
    process.stderr.write(`${pc.red("error:")} ${text}\n`);
    process.exitCode = 1;
  });
