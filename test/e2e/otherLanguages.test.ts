import { cpSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import { parse, stringify } from "yaml";
import { SCHEMA_FILE } from "../../plugin/schema";
import { projectFolder } from "../../sandbox/folders";
import { valuesOfRootPath } from "../../sandbox/milvusValues";
import { type PulumiCommand, pulumiCommand } from "./support/pulumiCommand";
import { problems, RELEASE, startTestBed, type TestBed, until } from "./support/testBed";

const TIMEOUTS = { settle: "1s", lock: "5s", pending: "5s" };
const SECRET = "hunter2-of-minio";

interface Project {
  name: string;
  packages?: Record<string, string>;
  resources: Record<string, { type: string; properties: Record<string, unknown>; options?: object }>;
}

/** A project folder with examples/yaml, whose program a test may change. */
interface YamlProject {
  readonly folder: string;
  readonly pulumi: PulumiCommand;
  /** Lays properties over those of the component. */
  set(properties: Record<string, unknown>): void;
  edit(change: (project: Project) => void): void;
}

async function yamlProject(bed: TestBed, properties: Record<string, unknown> = {}): Promise<YamlProject> {
  const folder = mkdtempSync(path.join(tmpdir(), "milvus-yaml-"));
  cpSync(path.join(projectFolder, "examples", "yaml"), folder, { recursive: true });
  cpSync(bed.charts, path.join(folder, "charts"), { recursive: true });
  const file = path.join(folder, "Pulumi.yaml");
  const edit = (change: (project: Project) => void) => {
    const project = parse(readFileSync(file, "utf8")) as Project;
    change(project);
    writeFileSync(file, stringify(project, { aliasDuplicateObjects: false }));
  };
  const set = (more: Record<string, unknown>) =>
    edit(({ resources }) => {
      Object.assign(resources.milvus?.properties ?? {}, more);
    });
  edit((project) => {
    project.packages = { "milvus-upgrade": projectFolder };
  });
  // Paths count from the folder of the program.
  set({ chart: { folder: "charts" }, timeouts: TIMEOUTS, ...properties });
  const pulumi = await pulumiCommand(bed.sandbox, folder);
  await pulumi.passes("stack", "init", "dev");
  await pulumi.passes("config", "set", "kubernetes:kubeconfig", bed.sandbox.kubeconfig);
  await pulumi.passes("config", "set", "--secret", "minioSecretKey", SECRET);
  return { folder, pulumi, set, edit };
}

function stateOf({ folder }: YamlProject, name: string): string {
  const stacks = path.join(folder, "state", ".pulumi", "stacks", name);
  return readdirSync(stacks)
    .filter((file) => file.endsWith(".json"))
    .map((file) => readFileSync(path.join(stacks, file), "utf8"))
    .join("\n");
}

const lockOf = (bed: TestBed, namespace: string = RELEASE.namespace) =>
  bed.sandbox.kubectl(["get", "configmaps", "--namespace", namespace, "--output=name"]);

describe("a program in YAML, with the component as a plugin", () => {
  let bed: TestBed;
  let project: YamlProject;
  let pulumi: PulumiCommand;

  before(async () => {
    bed = await startTestBed();
    project = await yamlProject(bed);
    ({ pulumi } = project);
  });
  after(async () => {
    pulumi.stop();
    await bed.stop();
  });

  it("finds the component, described, in the folder of the plugin", async () => {
    const { stdout, stderr } = await pulumi.run("package", "get-schema", projectFolder);
    const [shown, kept] = [stdout, readFileSync(SCHEMA_FILE, "utf8")].map(
      (text) => (JSON.parse(text) as { resources: Record<string, { inputProperties: object }> }).resources,
    );
    const token = "milvus-upgrade:index:MilvusCluster";
    expect(Object.keys(shown?.[token]?.inputProperties ?? {}), stderr).to.have.members(
      Object.keys(kept?.[token]?.inputProperties ?? {}),
    );
  });

  it("installs; outputs arrive, and nobody prints or keeps the secret", async () => {
    await pulumi.passes("config", "set", "version", "2.2.14");
    const preview = await pulumi.passes("preview", "--diff");
    expect(preview).to.contain("install, Milvus 2.2.14").and.not.to.contain(SECRET);
    const up = await pulumi.passes("up", "--yes", "--skip-preview");
    expect(up).to.contain("verification: passed").and.not.to.contain(SECRET);
    expect(problems(await bed.observe(), { version: "2.2.14" })).to.deep.equal([]);
    expect(JSON.parse((await pulumi.run("stack", "output", "--json")).stdout)).to.include({
      endpoint: "my-release-milvus.milvus.svc:19530",
      plan: "install, Milvus 2.2.14",
    });
    expect(stateOf(project, "milvus-yaml")).not.to.contain(SECRET);
    expect(await bed.sandbox.helm(["get", "values", RELEASE.name, "--namespace", RELEASE.namespace])).to.contain(
      SECRET,
    );
    expect(await lockOf(bed), "the lock").not.to.contain("lock");
  });

  it("needs nothing the second time", async () => {
    expect(await pulumi.passes("up", "--yes", "--skip-preview")).to.contain("nothing to do, Milvus 2.2.14");
    expect((await bed.observe()).revision).to.equal(1);
  });

  it("says a refusal once, in the words of a program, and touches nothing", async () => {
    await pulumi.passes("config", "set", "version", "2.6.15");
    const untouched = await bed.fingerprint();
    for (const command of [["preview"], ["up", "--yes", "--skip-preview"]]) {
      const said = (await pulumi.fails(...command)).replace(/.* running error: .*\n/, "");
      expect(said.match(/set version to 2\.3\.13 in the program/g), said).to.have.length(1);
      expect(said).not.to.match(/\n\s+at |error serializing|milvus:version/);
    }
    expect(await bed.fingerprint()).to.equal(untouched);
  });

  it("takes an Output where a plain value is asked for, if the Output is known", async () => {
    await pulumi.passes("config", "set", "--secret", "version", "2.2.14");
    project.edit(({ config }: Project & { config?: Record<string, object> }) =>
      Object.assign(config?.version ?? {}, { secret: true }),
    );
    // The engine hides what is a secret, wherever it is said.
    expect(await pulumi.passes("preview")).to.contain("nothing to do, Milvus [secret]");
  });

  it("upgrades, component by component", async () => {
    await pulumi.passes("config", "set", "version", "2.2.16", "--plaintext");
    project.edit(({ config }: Project & { config?: Record<string, object> }) =>
      Object.assign(config?.version ?? {}, { secret: false }),
    );
    const said = await pulumi.passes("up", "--yes", "--skip-preview");
    expect(said).to.contain("ordered rolling upgrade, Milvus 2.2.14 → 2.2.16").and.to.contain("verification: passed");
    expect(problems(await bed.observe(), { version: "2.2.16" })).to.deep.equal([]);
  });

  it("tells why a step failed, and the next run finishes it", async () => {
    bed.faults({ milvus: [{ component: "proxy", effect: "imagePull" }] });
    project.set({ upgrade: { strategy: "helm" }, timeouts: { ...TIMEOUTS, release: "20s" } });
    await pulumi.passes("config", "set", "version", "2.3.13");
    const said = await pulumi.fails("up", "--yes", "--skip-preview");
    expect(said)
      .to.contain("proxy")
      .and.to.match(/image|pull/i)
      .and.not.to.match(/\n\s+at /);
    expect(await lockOf(bed), "the lock").not.to.contain("lock");
    bed.faults({});
    await pulumi.passes("up", "--yes", "--skip-preview");
    expect(problems(await bed.observe(), { version: "2.3.13" })).to.deep.equal([]);
  });

  it("makes clusters in waves: the second waits for the verification of the first", async () => {
    await pulumi.passes("config", "set", "version", "2.3.13");
    project.edit(({ resources }) => {
      const first = resources.milvus;
      if (first === undefined) throw new Error("the example has no cluster");
      resources.second = {
        ...first,
        properties: {
          ...first.properties,
          namespace: "second",
          values: valuesOfRootPath("second"),
        },
        // biome-ignore lint/suspicious/noTemplateCurlyInString: YAML programs refer to resources so.
        options: { dependsOn: ["${milvus}"] },
      };
      first.properties.verify = { address: "127.0.0.1:1" };
      first.properties.timeouts = { ...TIMEOUTS, verify: "3s" };
    });
    const said = await pulumi.fails("up", "--yes", "--skip-preview");
    expect(said, said).to.contain("127.0.0.1:1");
    const { exitCode } = await bed.sandbox.tryKubectl(["get", "namespace", "second"]);
    expect(exitCode, "the second one is untouched").not.to.equal(0);
    project.set({ verify: { mode: "health" } });
    expect(
      (await pulumi.passes("up", "--yes", "--skip-preview")).match(/verification: passed/g),
    ).to.have.length.at.least(2);
    expect(
      (await bed.sandbox.kubectl(["get", "deployments", "--namespace=second", "--output=name"])).length,
    ).to.be.greaterThan(0);
  });
});

describe("a program in YAML that is killed in a migration", () => {
  it("is finished by the next run", async () => {
    const bed = await startTestBed();
    const original = await bed.seed();
    await bed.install("3.2.18");
    const project = await yamlProject(bed, { values: {}, verify: { mode: "off" } });
    const { pulumi } = project;
    try {
      await pulumi.passes("config", "set", "version", "2.2.0");
      project.set({
        values: JSON.parse(
          await bed.sandbox.helm(["get", "values", RELEASE.name, "--namespace", RELEASE.namespace, "--output=json"]),
        ),
        upgrade: {},
      });
      bed.faults({ containers: [{ container: "backup", hold: true }] });
      await pulumi.killedWhen(
        async () =>
          (await bed.sandbox.kubectl(["get", "jobs", "--namespace", RELEASE.namespace, "--output=name"])).includes(
            "backup",
          ),
        ...["up", "--yes", "--skip-preview"],
      );
      bed.faults({});
      await pulumi.run("cancel", "--yes");
      await until(
        "the run that was killed is silent",
        async () => (await pulumi.run("up", "--yes", "--skip-preview")).exitCode === 0,
        120,
      );
      expect(
        problems(await bed.observe(), { version: "2.2.0", metadata: { before: original, format: "2.2" } }),
      ).to.deep.equal([]);
    } finally {
      pulumi.stop();
      await bed.stop();
    }
  });
});
