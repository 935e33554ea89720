import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";
import { expect } from "chai";
import { type EngineStack, openStack, type StackConfig } from "../../sandbox/engine";
import { valuesOfRootPath } from "../../sandbox/milvusValues";
import { tsxCommand } from "../../sandbox/tsx";
import { RECEIPT, type Receipt } from "../../upgrade/receipt/receipt";
import { failureOf, problems, RELEASE, startTestBed, type TestBed, VALUES } from "./support/testBed";

const STAGING = { name: RELEASE.name, namespace: "staging" } as const;
const FROM = "2.2.14";
const TO = "2.2.16";
const CHART = "4.0.34";
const valuesOf = (name: string) => ({
  ...VALUES,
  cluster: { enabled: false },
  ...valuesOfRootPath(name),
  minio: { secretKey: "hunter2-of-staging" },
});
const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
/** A window that opens in two days. */
const LATER = `${DAYS[(new Date().getUTCDay() + 2) % 7] ?? ""} 00:00-24:00 UTC`;

describe("staging, then production", () => {
  let bed: TestBed;
  let staging: EngineStack;
  let production: EngineStack;

  before(async () => {
    bed = await startTestBed();
    for (const { name, namespace } of [STAGING, RELEASE]) {
      await bed.install(CHART, valuesOf(namespace), { name, namespace });
    }
    // Two stacks of one backend.
    const stateFolder = path.join(bed.sandbox.folder, "stacks", "both");
    const open = (stackName: string, namespace: string, config: StackConfig) =>
      openStack({
        sandbox: bed.sandbox,
        stackName,
        stateFolder,
        config: {
          "milvus:version": TO,
          "milvus:release": RELEASE.name,
          "milvus:namespace": namespace,
          "milvus:values": valuesOf(namespace),
          "milvus:chartSource": { folder: bed.charts },
          "milvus:strategy": "helm",
          "milvus:timeouts": { lock: "5s", settle: "1s" },
          ...config,
        },
      });
    staging = await open("staging", STAGING.namespace, {});
    production = await open("prod", RELEASE.namespace, { "milvus:promoteFrom": "staging", "milvus:soak": "1h" });
  });
  after(() => bed.stop());

  const said = ({ diagnostics }: { readonly diagnostics: readonly { readonly message: string }[] }) =>
    diagnostics.map(({ message }) => message).join("\n");

  it("production is refused, in the preview too, as long as staging has no receipt", async () => {
    const before = await bed.fingerprint();
    const { message } = await failureOf(production.preview());
    expect(message).to.match(
      /only_what_was_proved_before.*(the outputs of staging cannot be read|staging has no receipt)/s,
    );
    expect(await bed.fingerprint()).to.equal(before);
  });

  it("staging leaves a receipt that its schema describes, in the outputs and the cluster, without a value of the user's", async () => {
    await staging.up();
    const receipt = (await staging.outputs()).receipt?.value as Receipt;
    expect(RECEIPT.strict().parse(receipt)).to.deep.include({
      outcome: "done",
      release: "staging/my-release",
      kind: "helm",
      from: FROM,
      to: TO,
      chart: `milvus-${CHART}`,
      approval: "none",
    });
    expect(receipt.verification).to.deep.include({ mode: "health", status: "passed" });
    expect(receipt.runs.map(({ stack }) => stack)).to.deep.equal(["organization/milvus/staging"]);
    expect(receipt.steps.map(({ step }) => step)).to.deep.equal(["release"]);
    const text = JSON.stringify(receipt);
    expect(text).to.not.match(/hunter2|rootPath/);
    expect(text.length).to.be.below(2000);
    const [command, args] = tsxCommand(path.join(__dirname, "..", "..", "cli", "main.ts"), [
      "history",
      "--stack",
      "staging",
      "--json",
    ]);
    const { stdout } = await promisify(execFile)(command, args, {
      cwd: staging.workDir,
      env: { ...process.env, ...bed.sandbox.env },
    });
    expect(JSON.parse(stdout)).to.deep.equal([receipt]);
  });

  it("an idle preview is short, and does not spell the receipt out", async () => {
    const { output } = await staging.preview();
    expect(output).to.not.include("startedAt");
    // The engine's words on a plugin that is on PATH, and older than the SDK, are of the sandbox.
    const ofSandbox = /using pulumi-resource-kubernetes from \$PATH|plugin kubernetes is expected to have version/;
    const lines = output.trim().split("\n");
    expect(lines.filter((line) => !ofSandbox.test(line)).length).to.be.below(25);
  });

  it("production is refused until staging has run for the soak, and says for how long it has", async () => {
    const before = await bed.fingerprint();
    for (const run of [() => production.preview(), () => production.up()]) {
      const { message } = await failureOf(run());
      expect(message).to.match(/only_what_was_proved_before.*staging runs 2\.2\.16 since \d+ (s|min) of 1 h/s);
    }
    expect(await bed.fingerprint()).to.equal(before);
  });

  it("outside of its window the preview shows the plan and when the next one is, and up refuses", async () => {
    await production.setConfig({ "milvus:soak": "1s", "milvus:window": LATER });
    const preview = await production.preview();
    expect(said(preview)).to.include("promotion: staging has made this hop, verified").and.to.include("in 1 d");
    const before = await bed.fingerprint();
    const { message } = await failureOf(production.up());
    expect(message).to.include("only_within_the_window").and.to.include("pulumi config rm milvus:window");
    expect(await bed.fingerprint()).to.equal(before);
  });

  it("as the message says, without the window production goes the same way", async () => {
    await production.removeConfig("milvus:window");
    await production.up();
    expect(problems(await bed.observe(), { version: TO })).to.deep.equal([]);
    const { receipt } = await production.outputs();
    expect(receipt?.value).to.include({ outcome: "done", to: TO });
  });
});
