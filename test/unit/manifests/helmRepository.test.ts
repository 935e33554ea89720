import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import { HELM_VARIABLE, NotRendered, renderChart } from "../../../manifests/helm";
import { withRepository } from "../../../manifests/helmRepository";

const LOCATION = "https://charts.example.com";
const ACCESS = { username: "ci", password: "correct-horse", caFile: "certs/ca.pem" };

describe("a private repository of charts", () => {
  let folder: string;
  const earlier = process.env[HELM_VARIABLE];
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), "helm-test-"));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
    if (earlier === undefined) Reflect.deleteProperty(process.env, HELM_VARIABLE);
    else process.env[HELM_VARIABLE] = earlier;
  });

  /** A Helm that writes down what it was called with, and what its environment names. */
  function standIn(exitCode = 0): () => { args: string; file: string; mode: string; exists: boolean } {
    const helm = path.join(folder, "helm");
    const log = path.join(folder, "log");
    writeFileSync(
      helm,
      [
        "#!/bin/sh",
        `echo "$@" >> ${log}.args`,
        `cat "$HELM_REPOSITORY_CONFIG" > ${log}.file 2>/dev/null; echo "$HELM_REPOSITORY_CONFIG" > ${log}.path`,
        `stat -c %a "$HELM_REPOSITORY_CONFIG" > ${log}.mode 2>/dev/null`,
        `echo 'Error: 401 Unauthorized' >&2`,
        "echo 'kind: Rendered'",
        `exit ${exitCode}`,
      ].join("\n"),
    );
    chmodSync(helm, 0o755);
    process.env[HELM_VARIABLE] = helm;
    const text = (of: string) => readFileSync(`${log}.${of}`, "utf8").trim();
    return () => ({ args: text("args"), file: text("file"), mode: text("mode"), exists: existsSync(text("path")) });
  }

  const request = (chartAccess?: typeof ACCESS) => ({
    chart: { kind: "repository" as const, name: "milvus", version: "4.2.58", location: LOCATION },
    releaseName: "my-release",
    namespace: "milvus",
    values: {},
    kubernetesVersion: "1.34.0",
    apiVersions: [],
    isUpgrade: true,
    projectFolder: folder,
    ...(chartAccess && { chartAccess }),
  });

  it("is told its login in a file for Helm alone, which goes; no argument has it", async () => {
    const seen = standIn();
    expect(await renderChart(request(ACCESS))).to.equal("kind: Rendered\n");
    const { args, file, mode, exists } = seen();
    expect(args.split("\n")[0]).to.equal("repo update milvus-source");
    expect(args.split("\n")[1]).to.match(/^template my-release milvus-source\/milvus --version 4\.2\.58 /);
    expect(args).to.not.include("correct-horse").and.not.include(LOCATION);
    expect(JSON.parse(file)).to.deep.equal({
      apiVersion: "v1",
      repositories: [
        {
          name: "milvus-source",
          url: LOCATION,
          username: "ci",
          password: "correct-horse",
          caFile: path.join(folder, "certs", "ca.pem"),
        },
      ],
    });
    expect([mode, exists]).to.deep.equal(["600", false]);
  });

  it("that asks nobody is named in the arguments, as ever", async () => {
    const seen = standIn();
    await renderChart(request());
    expect(seen().args).to.match(
      /^template my-release milvus --repo https:\/\/charts\.example\.com --version 4\.2\.58 /,
    );
  });

  it("that refuses is told in Helm's words, and the file goes all the same", async () => {
    const seen = standIn(1);
    const error = await renderChart(request(ACCESS)).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).to.be.instanceOf(NotRendered);
    expect((error as Error).message).to.match(
      /repo update for https:\/\/charts\.example\.com failed: 401 Unauthorized/,
    );
    expect(seen().exists).to.equal(false);
  });

  it("has a folder that only this user can enter", async () => {
    const mode = await withRepository({ location: LOCATION }, ACCESS, folder, ({ env }) =>
      Promise.resolve(statSync(path.dirname(env.HELM_REPOSITORY_CONFIG ?? "")).mode & 0o777),
    );
    expect(mode.toString(8)).to.equal("700");
  });
});
