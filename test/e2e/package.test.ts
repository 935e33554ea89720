import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import type { PulumiFn } from "@pulumi/pulumi/automation";
import { expect } from "chai";
import { chartsFolder } from "../../sandbox/charts";
import { openStack } from "../../sandbox/engine";
import { run } from "../../sandbox/run";
import { startSandbox } from "../../sandbox/sandbox";

const root = path.join(__dirname, "..", "..");

/** The package as npm would install it, beside its dependencies and nothing else. */
describe("the package", () => {
  const app = mkdtempSync(path.join(tmpdir(), "milvus-package-"));
  const installed = path.join(app, "node_modules", "milvus-upgrade");

  before(async () => {
    await run("npm", ["pack", "--silent", "--pack-destination", app], { cwd: root, timeoutSeconds: 240 });
    const tarball = readdirSync(app).find((name) => name.endsWith(".tgz")) ?? "";
    mkdirSync(installed, { recursive: true });
    await run("tar", ["-xzf", path.join(app, tarball), "-C", installed, "--strip-components=1"], {
      timeoutSeconds: 60,
    });
    const { dependencies } = JSON.parse(readFileSync(path.join(installed, "package.json"), "utf8")) as {
      dependencies: Record<string, string>;
    };
    for (const name of [...Object.keys(dependencies), "@types/node"]) {
      mkdirSync(path.dirname(path.join(app, "node_modules", name)), { recursive: true });
      symlinkSync(path.join(root, "node_modules", name), path.join(app, "node_modules", name));
    }
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

  it("plans for a program of one's own", async () => {
    const script = `
      const { describePlan, parseConfig, planUpgrade } = require("milvus-upgrade");
      const { wanted } = parseConfig({ config: { "milvus:version": "2.2.14" } });
      const state = { kubernetesVersion: "1.24.0", namespaceExists: true, components: [], attempts: [], notes: [] };
      console.log(describePlan(planUpgrade(wanted, state)).join("\\n"));`;
    expect(await run(process.execPath, ["-e", script], { cwd: app, timeoutSeconds: 60 })).to.include(
      "install, Milvus 2.2.14",
    );
  });

  it("has types that the example compiles with", async () => {
    cpSync(path.join(root, "examples", "ownProgram"), path.join(app, "example"), { recursive: true });
    await run(process.execPath, [path.join(root, "node_modules", "typescript", "bin", "tsc"), "-p", "example"], {
      cwd: app,
      timeoutSeconds: 120,
    });
    expect(existsSync(path.join(app, "example", "bin", "index.js"))).to.equal(true);
  });

  it("lets the example's program plan on a cluster", async () => {
    const sandbox = await startSandbox({ log: (line) => process.stdout.write(`      ${line}\n`) });
    const { KUBECONFIG } = process.env;
    process.env.KUBECONFIG = sandbox.kubeconfig;
    try {
      const stack = await openStack({
        sandbox,
        program: createRequire(__filename)(path.join(app, "example", "bin", "index.js")) as PulumiFn,
        projectFile: path.join(app, "example", "Pulumi.yaml"),
        config: {
          "own-program:milvusVersion": "2.2.14",
          "own-program:charts": chartsFolder(mkdtempSync(path.join(tmpdir(), "milvus-charts-"))),
        },
      });
      const { steps } = await stack.preview();
      stack.close();
      expect(steps.map(({ op, type }) => `${op} ${type}`)).to.include.members([
        "create milvus:upgrade:MilvusCluster",
        "create kubernetes:helm.sh/v3:Release",
      ]);
    } finally {
      if (KUBECONFIG === undefined) delete process.env.KUBECONFIG;
      else process.env.KUBECONFIG = KUBECONFIG;
      await sandbox.stop();
    }
  });

  it("brings the command line", async () => {
    const main = path.join(installed, "dist", "cli", "main.js");
    expect(await run(process.execPath, [main, "plan", "--help"], { cwd: app, timeoutSeconds: 60 })).to.include(
      "--images",
    );
  });
});
