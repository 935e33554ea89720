import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import { findProject, stackFile, stackNames } from "../../../../cli/pulumi/project";
import { loadStackConfig, PULUMI_VARIABLE } from "../../../../cli/pulumi/stackConfig";
import { pulumiStandIn } from "../../../support/pulumiStandIn";

/** A project on the disk, with a stand-in for pulumi that prints `answer`. */
function projectWith(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(path.join(tmpdir(), "milvus-project-"));
  for (const [name, text] of Object.entries({ "Pulumi.yaml": "name: milvus\n", ...files })) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), text);
  }
  return folder;
}

const load = (folder: string, stack = "dev") => {
  const project = findProject(folder);
  return loadStackConfig(project, stackFile(project, stack));
};

describe("a key without a namespace", () => {
  it("is the project's own, as for Pulumi", async () => {
    const release = "milvus:release: my-release\n  milvus:namespace: milvus";
    const ours = projectWith({ "Pulumi.dev.yaml": `config:\n  version: 2.2.9\n  ${release}\n` });
    expect((await load(ours)).config.wanted.version).to.equal("2.2.9");
    const other = projectWith({
      "Pulumi.yaml": "name: search\n",
      "Pulumi.dev.yaml": `config:\n  version: 1\n  milvus:version: 2.2.9\n  ${release}\n`,
    });
    expect((await load(other)).config.wanted.version).to.equal("2.2.9");
  });
});

describe("a version from the command line", () => {
  const release = "milvus:release: my-release\n  milvus:namespace: milvus";
  const problemOf = async (config: string, to: string) => {
    const project = findProject(projectWith({ "Pulumi.dev.yaml": `config:\n  ${release}\n  ${config}\n` }));
    const error: unknown = await loadStackConfig(project, stackFile(project, "dev"), to).catch((it: unknown) => it);
    return (error as Error).message;
  };

  it("that is none is a problem of the flag, and not of the stack config", async () => {
    const said = await problemOf("milvus:version: 2.2.9", "2,2,16");
    expect(said).to.match(/^The command has one problem;.*\n {2}- --to = "2,2,16": /);
    expect(said).to.not.contain("milvus:version");
  });

  it("is told beside what the stack config has", async () => {
    const said = await problemOf("milvus:strategy: roling", "2,2,16");
    expect(said)
      .to.match(/^The stack config has 2 problems/)
      .and.contain("- --to = ")
      .and.contain("milvus:strategy");
  });
});

describe("the project's stacks", () => {
  const folder = projectWith({
    "Pulumi.dev.yaml": "config: {milvus:version: 2.2.9}\n",
    "Pulumi.prod.yaml": "config: {milvus:version: 2.2.3}\n",
    "deep/below/file": "",
  });

  it("are found from a folder below as well", () => {
    expect(stackNames(findProject(path.join(folder, "deep", "below")))).to.deep.equal(["dev", "prod"]);
  });

  it("go by the last part of their name", () => {
    expect(stackFile(findProject(folder), "acme/milvus/prod").file).to.equal(path.join(folder, "Pulumi.prod.yaml"));
  });

  it("must be named where there are several", () => {
    expect(() => stackFile(findProject(folder), undefined)).to.throw("one of dev, prod");
  });

  it("that do not exist are refused with the one that was meant", () => {
    expect(() => stackFile(findProject(folder), "prd")).to.throw("Did you mean prod?");
  });

  it("outside of any project are refused", () => {
    expect(() => findProject(tmpdir())).to.throw("There is no Pulumi.yaml");
  });
});

describe("the stack config of the CLI", () => {
  it("is read from the file when nothing in it is encrypted, with the defaults of Pulumi.yaml under it", async () => {
    const folder = projectWith({
      "Pulumi.yaml": "name: milvus\nconfig: {namespace: {type: string, default: vectors}, backupSize: 20Gi}\n",
      "Pulumi.dev.yaml": "config:\n  milvus:version: 2.5\n  milvus:values: {queryNode: {replicas: 3}}\n",
    });
    const { config, secrets } = await load(folder);
    expect(config.wanted).to.deep.include({
      version: "2.5",
      namespace: "vectors",
      values: { queryNode: { replicas: 3 } },
    });
    expect(config.settings.backup.size).to.equal("20Gi");
    expect(secrets).to.deep.equal([]);
  });

  it("reads values files from the project's folder", async () => {
    const folder = projectWith({
      "Pulumi.dev.yaml": "config: {milvus:version: 2.2.9, milvus:valuesFiles: [values/dev.yaml]}\n",
      "values/dev.yaml": "etcd: {replicaCount: 1}\n",
    });
    expect((await load(folder)).config.wanted.values).to.deep.equal({ etcd: { replicaCount: 1 } });
  });

  describe("with encrypted values", () => {
    const encrypted =
      "config:\n  milvus:version: 2.2.9\n  milvus:values:\n    minio:\n      mode: standalone\n      secretKey:\n        secure: v1:abc=\n";
    const values = { minio: { mode: "standalone", secretKey: "hunter2" } };
    const before = process.env[PULUMI_VARIABLE];
    afterEach(() => {
      if (before === undefined) Reflect.deleteProperty(process.env, PULUMI_VARIABLE);
      else process.env[PULUMI_VARIABLE] = before;
    });

    it("asks pulumi, and knows which texts are secret", async () => {
      const folder = projectWith({ "Pulumi.dev.yaml": encrypted });
      const answer = {
        "milvus:version": { value: "2.2.9", secret: false },
        "milvus:values": { value: JSON.stringify(values), objectValue: values, secret: true },
      };
      writeFileSync(path.join(folder, "answer.json"), JSON.stringify(answer));
      pulumiStandIn("cat answer.json");
      const { config, secrets } = await load(folder);
      expect(config.wanted.values).to.deep.equal(values);
      expect(config.valuesAreSecret).to.equal(true);
      expect(secrets).to.deep.equal(["hunter2"]);
    });

    for (const [what, script, words] of [
      ["a wrong passphrase", "echo 'error: incorrect passphrase' >&2; exit 255", "incorrect passphrase"],
      ["no pulumi", undefined, "Pulumi CLI is needed"],
    ] as const) {
      it(`and ${what} is refused with what to do`, async () => {
        const folder = projectWith({ "Pulumi.dev.yaml": encrypted });
        pulumiStandIn(script);
        const error = await load(folder).then(
          () => undefined,
          (thrown: unknown) => thrown as Error,
        );
        expect(error?.message).to.include(words);
      });
    }
  });
});
