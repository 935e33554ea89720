/** `npm test`: what needs Node alone, and starts no process of the program (those are in test/scripts). */
module.exports = {
  // Thousands of tests run their code a few times each. Optimising it, as Node does for a server, and collecting young objects
  // early, cost a quarter of the processor's time. Node's own code in large pages of memory, where the system has them, saves some
  // percent more.
  "node-option": ["max-semi-space-size=128", "interrupt-budget=500000", "use-largepages=silent"],
  spec: ["test/unit/**/*.test.ts", "test/histories/**/*.test.ts"],
  require: [
    "tsx/cjs",
    "./test/support/noHelm.ts",
    "./test/support/oneProtocol.ts",
    "./test/support/quickScrypt.ts",
    "./test/support/shortStacks.ts",
    "./test/support/wholeMessages.ts",
  ],
  timeout: 20_000,
  // A test that failed before it could close its server must not hold the run for good.
  exit: true,
};
