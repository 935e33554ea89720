import { existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import { parse } from "yaml";
import { projectFolder } from "../../sandbox/folders";
import { run } from "../../sandbox/run";
import { installPackage } from "./support/packedPackage";
import { type PulumiCommand, pulumiCommand } from "./support/pulumiCommand";
import { problems, RELEASE, startTestBed, type TestBed } from "./support/testBed";

const TEMPLATE = path.join(projectFolder, "template");

describe("pulumi new with the template", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "milvus-template-"));
  const read = (name: string) => readFileSync(path.join(folder, name), "utf8");
  let bed: TestBed;
  let pulumi: PulumiCommand;

  before(async () => {
    bed = await startTestBed();
    pulumi = await pulumiCommand(bed.sandbox, folder);
  });
  after(async () => {
    pulumi.stop();
    await bed.stop();
  });

  it("makes a program with a name, the published package and a workflow", async () => {
    const own = ["--name=vectors", "--description=Our vectors", "--stack=dev"];
    await pulumi.passes("new", TEMPLATE, "--yes", "--force", ...own, "--config=version=2.2.14");
    expect(parse(read("Pulumi.yaml"))).to.deep.include({ name: "vectors", description: "Our vectors" });
    expect(parse(read("Pulumi.dev.yaml"))).to.deep.include({
      config: { "vectors:version": "2.2.14", "vectors:release": "my-release", "vectors:namespace": "milvus" },
    });
    expect(JSON.parse(read("package.json"))).to.have.nested.property("dependencies.milvus-upgrade", "0.1.0");
    expect(existsSync(path.join(folder, ".gitignore"))).to.equal(true);
    expect(read(path.join(".github", "workflows", "milvus.yml"))).to.contain("command: preview");
    expect(read("README.md")).to.match(/^# vectors\n/);
  });

  it("makes one that compiles", async () => {
    await installPackage(folder);
    const compiler = path.join(projectFolder, "node_modules", "typescript", "bin", "tsc");
    await run(process.execPath, [compiler, "--noEmit", "-p", "."], { cwd: folder, timeoutSeconds: 120 });
  });

  it("makes one that installs Milvus, and upgrades it by one line", async () => {
    // There is no way to the public charts here.
    const charts = JSON.stringify(bed.charts);
    writeFileSync(
      path.join(folder, "index.ts"),
      read("index.ts").replace("values: {},", `values: {}, chart: { folder: ${charts} },`),
    );
    await pulumi.passes("config", "set", "kubernetes:kubeconfig", bed.sandbox.kubeconfig);
    expect(await pulumi.passes("preview")).to.contain("install, Milvus 2.2.14");
    await pulumi.passes("up", "--yes", "--skip-preview");
    await pulumi.passes("config", "set", "version", "2.2.16");
    expect(await pulumi.passes("up", "--yes", "--skip-preview")).to.contain("verification: passed");
    expect(problems(await bed.observe(), { version: "2.2.16" })).to.deep.equal([]);
    expect(JSON.parse((await pulumi.run("stack", "output", "--json")).stdout)).to.include({
      endpoint: `my-release-milvus.${RELEASE.namespace}.svc:19530`,
      version: "2.2.16",
    });
  });
});
