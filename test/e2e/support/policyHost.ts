import { createRequire } from "node:module";

/** What Pulumi's own host for policy packs runs, in the pack's folder: the engine's address and `.` come after it. */
export function policyHost(): [command: string, args: string[]] {
  return [process.execPath, [createRequire(__filename).resolve("@pulumi/pulumi/cmd/run-policy-pack")]];
}
