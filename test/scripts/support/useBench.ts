import { Bench } from "./bench";

let opening: Promise<Bench | string> | undefined;
let missing: string | undefined;

/**
 * The bench for the tests of a `describe`. All files share one; it is closed after the last test. Where its tools cannot be
 * had the tests are skipped, loudly: every file says so and why.
 */
export function useBench(): () => Bench {
  let bench: Bench | undefined;
  before(async function () {
    this.timeout(30 * 60 * 1000);
    opening ??= Bench.open();
    const opened = await opening;
    if (typeof opened === "string") {
      missing = opened;
      process.stderr.write(
        `\n    SKIPPED: the script tests need etcd and the migration tool's stand-in:\n    ${opened}\n\n`,
      );
      this.skip();
      return;
    }
    bench = opened;
  });
  return () => {
    if (!bench) {
      throw new Error(missing ?? "the bench is used outside of a test");
    }
    return bench;
  };
}

after(async () => {
  const bench = await opening;
  if (bench instanceof Bench) {
    await bench.close();
  }
});
