import { cpSync, existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import { projectFolder } from "../../sandbox/folders";
import { run } from "../../sandbox/run";
import { installPackage } from "./support/packedPackage";
import { pulumiCommand } from "./support/pulumiCommand";
import { startTestBed } from "./support/testBed";

describe("the package", () => {
  const app = mkdtempSync(path.join(tmpdir(), "milvus-package-"));
  let installed: string;

  before(async () => {
    cpSync(path.join(projectFolder, "examples", "ownProgram"), app, { recursive: true });
    installed = await installPackage(app);
  });

  it("has the compiled code, its types and the script of the migration", () => {
    for (const file of [
      "library.js",
      "library.d.ts",
      "upgrade/versions/catalogue.json",
      "components/scripts/metadata.sh",
    ]) {
      expect(existsSync(path.join(installed, "dist", file)), file).to.equal(true);
    }
    expect(existsSync(path.join(installed, "sandbox")), "the sandbox is left out").to.equal(false);
  });

  it("has what tools need, and nothing that declares a plan past the component", async () => {
    const script = `console.log(Object.keys(require("milvus-upgrade")).sort().join(" "))`;
    expect((await run(process.execPath, ["-e", script], { cwd: app, timeoutSeconds: 60 })).trim()).to.equal(
      "ClusterError ConfigError MilvusCluster connect describePlan look parseConfig shownPlan",
    );
  });

  it("has types that the example compiles with", async () => {
    const compiler = path.join(projectFolder, "node_modules", "typescript", "bin", "tsc");
    await run(process.execPath, [compiler, "-p", "."], { cwd: app, timeoutSeconds: 120 });
    expect(existsSync(path.join(app, "bin", "index.js"))).to.equal(true);
  });

  it("lets the example make two clusters in waves", async () => {
    const bed = await startTestBed();
    const program = path.join(app, "index.ts");
    // All that runs in a sandbox has one etcd.
    const ownRoot = '"user.yaml": "etcd:\\n  rootPath: " + name';
    const values = readFileSync(program, "utf8").replace("queryNode:", `extraConfigFiles: { ${ownRoot} }, queryNode:`);
    writeFileSync(program, values);
    const pulumi = await pulumiCommand(bed.sandbox, app);
    try {
      await pulumi.passes("stack", "init", "dev");
      await pulumi.passes("config", "set", "kubernetes:kubeconfig", bed.sandbox.kubeconfig);
      await pulumi.passes("config", "set", "charts", bed.charts);
      await pulumi.passes("config", "set", "--secret", "minioSecretKey", "hunter2-of-minio");
      await pulumi.passes("config", "set", "milvusVersion", "2.2.14");
      await pulumi.passes("config", "set", "waves", '[["canary"],["production"]]');
      expect(await pulumi.passes("preview"))
        .to.contain("install, Milvus 2.2.14")
        .and.not.to.contain("hunter2");
      await pulumi.passes("up", "--yes", "--skip-preview");
      expect(JSON.parse((await pulumi.run("stack", "output", "--json")).stdout)).to.deep.equal({
        endpoints: ["canary", "production"].map((namespace) => `my-release-milvus.${namespace}.svc:19530`),
        plans: ["install, Milvus 2.2.14", "install, Milvus 2.2.14"],
      });
    } finally {
      pulumi.stop();
      await bed.stop();
    }
  });

  it("brings the command line", async () => {
    const main = path.join(installed, "dist", "cli", "main.js");
    expect(await run(process.execPath, [main, "plan", "--help"], { cwd: app, timeoutSeconds: 60 })).to.include(
      "--images",
    );
  });
});
