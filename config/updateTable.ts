import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { withConfigTable } from "./table";

/** `npm run docs:config`: writes the config table of the README anew from the keys. */
const readme = join(__dirname, "..", "README.md");
writeFileSync(readme, withConfigTable(readFileSync(readme, "utf8")));
