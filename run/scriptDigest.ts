import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";

/** Of the script that the Jobs on the metadata run: no version says what was edited in it. */
export async function scriptDigest(): Promise<string> {
  const script = await readFile(join(__dirname, "..", "components", "scripts", "metadata.sh"));
  return createHash("sha256").update(script).digest("hex");
}
