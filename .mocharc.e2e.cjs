/**
 * The whole of test/e2e. With E2E_SEED=N, as CI runs it: every file on what an upgrade is made of, and of the others, which try
 * the same in many states or languages, a part that N chooses: as many runs in a row as there are parts, E2E_PARTS, have them all.
 */
const { readdirSync } = require("node:fs");

/** Those that take turns, with the seconds each takes on a slow machine: only their proportions count. */
const BY_TURNS = {
  twoClusters: 550,
  twoFleets: 540,
  interrupted: 485,
  upgrade: 462,
  documents: 423,
  otherLanguages: 338,
  losses: 262,
  ownJobs: 230,
  readme: 210,
  component: 200,
  chaos: 205,
  template: 179,
  fleet: 172,
  etcdTls: 168,
  // Most of it is the build of that Helm, which no other file needs.
  helm4: 330,
  earlierState: 110,
  realMilvus: 161,
  adopted: 106,
  badInput: 98,
  twoStacks: 89,
  package: 85,
  takeover: 81,
  renders: 61,
  plan: 60,
  stopped: 58,
  prepull: 58,
  writes: 50,
  promotion: 42,
  openshift: 18,
};
/** Those of every run that take a while. */
const ALWAYS = { rolling: 250, install: 236, migration: 91 };

const file = (name) => `test/e2e/${name}.test.ts`;
const seconds = new Map(Object.entries({ ...BY_TURNS, ...ALWAYS }).map(([name, time]) => [file(name), time]));
const timeOf = (spec) => seconds.get(spec) ?? 0;
const longestFirst = (one, other) => timeOf(other) - timeOf(one);

/** Each next one goes to the part that is the shortest so far. */
function filesByTurns(count) {
  const parts = Array.from({ length: count }, () => ({ files: [], time: 0 }));
  for (const spec of Object.keys(BY_TURNS).map(file).sort(longestFirst)) {
    const part = parts.reduce((least, next) => (next.time < least.time ? next : least));
    part.files.push(spec);
    part.time += timeOf(spec);
  }
  return parts.map(({ files }) => files);
}

const all = [
  ...readdirSync("test/e2e")
    .filter((name) => name.endsWith(".test.ts"))
    .map((name) => `test/e2e/${name}`),
  "test/render/render.test.ts",
];
const number = (name, least, value) => {
  if (!/^\d+$/.test(value) || Number(value) < least)
    throw new Error(`${name}=${value}: give a whole number of at least ${least}`);
  return Number(value);
};
const { E2E_SEED: seed = "", E2E_PARTS: parts = "4" } = process.env;
const turns = filesByTurns(number("E2E_PARTS", 1, parts));
const left = seed === "" ? [] : turns.toSpliced(number("E2E_SEED", 0, seed) % turns.length, 1).flat();

module.exports = {
  // The longest begin first: at the end no job waits for the other one's long file.
  spec: all.filter((name) => !left.includes(name)).sort(longestFirst),
  require: ["tsx/cjs", "./test/support/wholeMessages.ts"],
  timeout: 900_000,
  parallel: true,
  // Two leave much of two processors idle: clusters wait for leases, probes and each other.
  jobs: 3,
  exit: true,
};
