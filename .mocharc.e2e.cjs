/**
 * The whole of test/e2e. With E2E_SEED=N, as CI runs it: every file on what an upgrade is made of, and of the others, which try
 * the same in many states or languages, a third that N chooses: three runs in a row have them all.
 */
const { readdirSync } = require("node:fs");

/** In an order by which each third takes about as long. */
const IN_TURNS = [
  "component",
  "otherLanguages",
  "documents",
  "realMilvus",
  "losses",
  "interrupted",
  "readme",
  "fleet",
  "upgrade",
  "template",
  "adopted",
  "chaos",
  "badInput",
  "plan",
  "promotion",
  "stopped",
  "prepull",
  "twoStacks",
  "package",
  "writes",
  "takeover",
  "openshift",
  "etcdTls",
  "renders",
  "ownJobs",
  "twoFleets",
].map((name) => `test/e2e/${name}.test.ts`);
const TURNS = 3;

const all = [
  ...readdirSync("test/e2e")
    .filter((name) => name.endsWith(".test.ts"))
    .map((name) => `test/e2e/${name}`),
  "test/render/render.test.ts",
];
const seed = process.env.E2E_SEED ?? "";
if (seed !== "" && !/^\d+$/.test(seed)) throw new Error(`E2E_SEED=${seed}: give a whole number`);
const left = seed === "" ? [] : IN_TURNS.filter((_, index) => (index + Number(seed)) % TURNS !== 0);

module.exports = {
  spec: all.filter((file) => !left.includes(file)),
  require: ["tsx/cjs", "./test/support/wholeMessages.ts"],
  timeout: 900_000,
  parallel: true,
  jobs: 2,
  exit: true,
};
