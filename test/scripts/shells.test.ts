import { readFileSync } from "node:fs";
import path from "node:path";
import { expect } from "chai";
import type { RunSettings, Site } from "./support/bench";
import type { Entries } from "./support/etcd";
import { busyboxFolder, recordingPrograms } from "./support/programs";
import { convertedByTool, type Format, formatOf, OLD } from "./support/state";
import { halfMigrate, mustEnd, stoppedSite } from "./support/steps";
import { findProgram } from "./support/tools";
import { useBench } from "./support/useBench";

describe("metadata.sh on the system it meets", function () {
  this.timeout(120_000);
  const bench = useBench();
  let converted: Entries;

  before(async () => {
    converted = await convertedByTool(bench().site(), OLD);
  });

  const format = (site: Site): Promise<Format> => formatOf(site, OLD, converted);

  it("what is renamed into place was synced before, and the rename is synced after it", async () => {
    const site = await stoppedSite(bench());
    const log = path.join(site.folder, "calls");
    const env = { PATH: `${recordingPrograms(site, log)}:${process.env.PATH ?? ""}` };
    await mustEnd(site, "backup", { env });
    await mustEnd(site, "migrate", { env });
    const calls = readFileSync(log, "utf8").trim().split("\n");
    const renames = calls.flatMap((call, index) => (call.startsWith("mv ") ? [index] : []));
    // The backup with its listing and record, the listing of the outcome, three marks, and the counter six times.
    expect(renames.length).to.equal(13);
    for (const index of renames) {
      const before = calls.slice(0, index).findLast((call) => !call.startsWith("mv "));
      const after = calls.slice(index).find((call) => !call.startsWith("mv "));
      expect([before, after], calls[index]).to.deep.equal([`sync -f ${site.volume}`, `sync -f ${site.volume}`]);
    }
  });

  describe("does the same under every shell it may meet", () => {
    const shells: readonly { readonly name: string; readonly program: string; readonly command: readonly string[] }[] =
      [
        { name: "sh", program: "sh", command: ["sh"] },
        { name: "dash", program: "dash", command: ["dash"] },
        { name: "bash in POSIX mode", program: "bash", command: ["bash", "--posix"] },
        {
          name: "busybox with nothing but busybox (as in milvusdb/meta-migration)",
          program: "busybox",
          command: ["busybox", "sh"],
        },
      ];
    for (const { name, program, command } of shells) {
      it(name, async function () {
        const found = findProgram(program);
        if (found === undefined) {
          process.stderr.write(`      SKIPPED: ${program} is not on PATH\n`);
          this.skip();
        }
        const site = await stoppedSite(bench());
        const [, ...rest] = command;
        const settings: RunSettings = {
          shell: [found, ...rest],
          ...(program === "busybox" ? { env: { PATH: busyboxFolder(site, found) } } : {}),
        };
        await mustEnd(site, "backup", settings);
        await halfMigrate(site, settings);
        await mustEnd(site, "restore", settings);
        expect(await format(site)).to.equal("old");
        await mustEnd(site, "migrate", settings);
        expect(await format(site)).to.equal("new");
        await mustEnd(site, "rollback", settings);
        expect(await format(site)).to.equal("old");
      });
    }
  });
});
