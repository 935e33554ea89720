import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { RECEIPT } from "../upgrade/receipt/receipt";

export const RECEIPT_SCHEMA_FILE = join(__dirname, "..", "docs", "receipt.schema.json");

/** For readers, who must take keys that they do not know. */
export function receiptSchema(): string {
  const schema = z.toJSONSchema(RECEIPT, { io: "input" });
  return `${JSON.stringify({ title: "Receipt of an upgrade by milvus-upgrade", ...schema }, null, 2)}\n`;
}

if (require.main === module) writeFileSync(RECEIPT_SCHEMA_FILE, receiptSchema());
