import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { withConfigTable } from "./table";

/** `npm run docs:config`: writes the table of docs/configuration.md anew from the keys. */
const document = join(__dirname, "..", "docs", "configuration.md");
writeFileSync(document, withConfigTable(readFileSync(document, "utf8")));
