/**
 * The whole of test/e2e. With E2E_SEED=N, as CI runs it: every file on what an upgrade is made of, and of the others, which try
 * the same in many states or languages, a quarter that N chooses: four runs in a row have them all.
 */
const { readdirSync } = require("node:fs");

/** Each takes about as long. */
const QUARTERS = [
  ["component", "fleet", "etcdTls", "badInput", "prepull", "openshift"],
  ["twoFleets", "interrupted", "losses", "twoStacks"],
  ["upgrade", "otherLanguages", "ownJobs", "readme", "plan", "writes", "promotion"],
  ["documents", "chaos", "template", "realMilvus", "adopted", "package", "takeover", "renders", "stopped"],
].map((names) => names.map((name) => `test/e2e/${name}.test.ts`));

const all = [
  ...readdirSync("test/e2e")
    .filter((name) => name.endsWith(".test.ts"))
    .map((name) => `test/e2e/${name}`),
  "test/render/render.test.ts",
];
const seed = process.env.E2E_SEED ?? "";
if (seed !== "" && !/^\d+$/.test(seed)) throw new Error(`E2E_SEED=${seed}: give a whole number`);
const left = seed === "" ? [] : QUARTERS.filter((_, index) => index !== Number(seed) % QUARTERS.length).flat();

module.exports = {
  spec: all.filter((file) => !left.includes(file)),
  require: ["tsx/cjs", "./test/support/wholeMessages.ts"],
  timeout: 900_000,
  parallel: true,
  jobs: 2,
  exit: true,
};
