import { chmodSync, existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { PULUMI_VARIABLE } from "../../cli/pulumi/stackConfig";

/**
 * Puts a shell script in the place of the Pulumi CLI. Who calls it gives the variable its value back.
 *
 * @param script default: there is no such program
 * @returns reads the arguments of each call
 */
export function pulumiStandIn(script?: string): () => string[] {
  const folder = mkdtempSync(path.join(tmpdir(), "milvus-pulumi-"));
  const [file, calls] = [path.join(folder, "pulumi"), path.join(folder, "calls")];
  process.env[PULUMI_VARIABLE] = file;
  if (script !== undefined) {
    writeFileSync(file, `#!/bin/sh\necho "$@" >> ${calls}\n${script}\n`);
    chmodSync(file, 0o755);
  }
  return () => (existsSync(calls) ? readFileSync(calls, "utf8").trim().split("\n") : []);
}
