/** What `npm test` has in small: histories of a cluster, and every property that is tried with `examples`, with many of them. */
const { readdirSync, readFileSync } = require("node:fs");

process.env.HISTORIES ??= "5000";
process.env.EXAMPLES ??= "10";

const withExamples = readdirSync("test/unit", { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".test.ts"))
  .map((name) => `test/unit/${name}`)
  .filter((file) => /from "[./]+\/support\/examples"/.test(readFileSync(file, "utf8")));

module.exports = {
  spec: ["test/histories/**/*.test.ts", ...withExamples],
  require: [
    "tsx/cjs",
    "./test/support/noHelm.ts",
    "./test/support/quickScrypt.ts",
    "./test/support/shortStacks.ts",
    "./test/support/wholeMessages.ts",
  ],
  timeout: 600_000,
  exit: true,
};
