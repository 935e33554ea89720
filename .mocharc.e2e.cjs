/**
 * The whole of test/e2e. With E2E_SEED=N, as CI runs it: every file on what an upgrade is made of, and of the long ones, which try
 * the same in many states, a half that N chooses.
 */
const { readdirSync } = require("node:fs");

const LONG = [
  "adopted",
  "badInput",
  "chaos",
  "component",
  "documents",
  "interrupted",
  "losses",
  "otherLanguages",
  "realMilvus",
  "template",
  "upgrade",
  "writes",
].map((name) => `test/e2e/${name}.test.ts`);

const all = [
  ...readdirSync("test/e2e")
    .filter((name) => name.endsWith(".test.ts"))
    .map((name) => `test/e2e/${name}`),
  "test/render/render.test.ts",
];
const seed = process.env.E2E_SEED ?? "";
if (seed !== "" && !/^\d+$/.test(seed)) throw new Error(`E2E_SEED=${seed}: give a whole number`);
// Neighbours change places with the seed, so that two runs in a row have all of them.
const left = seed === "" ? [] : LONG.filter((_, index) => (index + Number(seed)) % 2 === 0);

module.exports = {
  spec: all.filter((file) => !left.includes(file)),
  require: ["tsx/cjs"],
  timeout: 900_000,
  parallel: true,
  jobs: 2,
  exit: true,
};
