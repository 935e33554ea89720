import { existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { stripVTControlCharacters } from "node:util";
import { expect } from "chai";
import { milvusUpgrade } from "../../../../cli/program";
import { FLEET_REPORT } from "../../../../scripts/fleetSchema";

/** A project with three stacks; one has an encrypted value, which no Pulumi can be asked for, and no cluster is there. */
function project(): string {
  const folder = mkdtempSync(path.join(tmpdir(), "milvus-fleet-"));
  writeFileSync(path.join(folder, "Pulumi.yaml"), "name: milvus\nruntime: nodejs\n");
  const plain = "config:\n  milvus:version: 2.4.16\n  milvus:release: my-release\n  milvus:namespace: milvus\n";
  for (const stack of ["dev", "prod-a"]) writeFileSync(path.join(folder, `Pulumi.${stack}.yaml`), plain);
  writeFileSync(path.join(folder, "Pulumi.prod-b.yaml"), `${plain}  milvus:approvedPlan:\n    secure: AAAA\n`);
  return folder;
}

describe("upgrade --stacks", () => {
  const { KUBECONFIG, MILVUS_PULUMI } = process.env;
  const here = process.cwd();
  const write = process.stdout.write.bind(process.stdout);
  let folder: string;

  before(() => {
    folder = project();
    process.env.KUBECONFIG = path.join(folder, "none");
    process.env.MILVUS_PULUMI = path.join(folder, "no-pulumi");
  });
  afterEach(() => {
    process.stdout.write = write;
    process.chdir(here);
    process.exitCode = undefined;
  });
  after(() => {
    if (KUBECONFIG === undefined) delete process.env.KUBECONFIG;
    else process.env.KUBECONFIG = KUBECONFIG;
    if (MILVUS_PULUMI === undefined) delete process.env.MILVUS_PULUMI;
    else process.env.MILVUS_PULUMI = MILVUS_PULUMI;
  });

  /** What is printed, and the exit code; what is wrong with the flags is thrown. */
  async function run(...flags: readonly string[]): Promise<{ readonly text: string; readonly exitCode: unknown }> {
    let text = "";
    const program = milvusUpgrade();
    for (const command of program.commands) command.exitOverride().configureOutput({ writeErr: () => undefined });
    process.stdout.write = (chunk) => {
      text += String(chunk);
      return true;
    };
    try {
      await program.parseAsync(["node", "milvus-upgrade", "upgrade", "--cwd", folder, ...flags]);
      return { text: stripVTControlCharacters(text), exitCode: process.exitCode };
    } finally {
      process.stdout.write = write;
    }
  }

  it("takes a stack that cannot be opened for failed, with its reason, begins nothing and reports it", async () => {
    const [markdown, json] = [path.join(folder, "report.md"), path.join(folder, "report.json")];
    const { text, exitCode } = await run("--stacks", "prod-*", "--to", "2.6", "--yes", "--report", markdown, json);
    expect(exitCode).to.equal(1);
    expect(text)
      .to.include("prod-b: The Pulumi CLI is needed (the stack config has encrypted values) and was not found")
      .and.to.include("0 of 2 stacks are there\n")
      .and.to.include(`--stack prod-b --to 2.6 --cwd ${folder}`);
    const report = FLEET_REPORT.parse(JSON.parse(readFileSync(json, "utf8")));
    expect(report.stacks.map(({ stack, outcome }) => `${stack} ${outcome}`)).to.deep.equal([
      "prod-a could not be opened",
      "prod-b could not be opened",
    ]);
    expect(readFileSync(markdown, "utf8")).to.include("| `prod-b` | could not be opened |");
  });

  for (const { flags, says } of [
    { flags: ["--stacks", "prod-*", "--stack", "dev"], says: "cannot be used with option" },
    { flags: ["--stacks", "test-*"], says: "no stack matches test-*. There are dev, prod-a, prod-b" },
    { flags: ["--stack", "dev", "--canary", "1"], says: "--canary is for many stacks" },
    { flags: ["--stack", "dev", "--report", "x.md"], says: "--report is for many stacks" },
    { flags: ["--stacks", "*", "--canary", "-1"], says: "Give a whole number of at least 0" },
    { flags: ["--stacks", "*", "--max-parallel", "0"], says: "Give a whole number of at least 1" },
    { flags: ["--stacks", "*", "--max-failures", "many"], says: "Give a whole number of at least 1" },
    { flags: ["--stacks", "*", "--report", "report.txt"], says: "its name has to end in .md or .json" },
    { flags: ["--stacks", "*", "--report", "none/report.md"], says: "--report none/report.md cannot be written" },
  ]) {
    it(`${flags.join(" ")} is an error: ${says}`, async () => {
      const error = await run(...flags).then(
        () => undefined,
        (it: unknown) => it as Error,
      );
      expect(error?.message).to.include(says);
      expect(existsSync(path.join(folder, "report.txt"))).to.equal(false);
    });
  }
});
