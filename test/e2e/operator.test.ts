import { existsSync } from "node:fs";
import path from "node:path";
import { expect } from "chai";
import { projectFolder } from "../../sandbox/folders";
import { type Sandbox, startSandbox } from "../../sandbox/sandbox";
import { until } from "./support/testBed";

/** The operator's own CRDs: its folder deploy/crds, of version 2. They are served by no Go module, and no copy is kept here. */
const CRDS = process.env.MILVUS_OPERATOR_CRDS ?? "";
const EXAMPLE = path.join(projectFolder, "examples", "operator");

describe("the example for the Pulumi Kubernetes Operator, on an API server with the operator's CRDs", () => {
  let sandbox: Sandbox | undefined;
  const kubectl = (args: readonly string[]): Promise<string> =>
    sandbox === undefined ? Promise.reject(new Error("there is no sandbox")) : sandbox.kubectl(args);

  before(async function () {
    if (CRDS === "" || !existsSync(CRDS)) {
      process.stderr.write(
        "      SKIPPED: examples/operator is not held against the operator's CRDs. They come with its repository alone: git clone --depth 1 --branch v2.9.0 https://github.com/pulumi/pulumi-kubernetes-operator, then MILVUS_OPERATOR_CRDS=FOLDER/deploy/crds\n",
      );
      this.skip();
    }
    sandbox = await startSandbox({ log: (line) => process.stdout.write(`      ${line}\n`) });
    await sandbox.kubectl(["apply", "--server-side", "-f", CRDS]);
    await until("the Stack is served", async () =>
      (await kubectl(["api-resources", "--api-group=pulumi.com"])).includes("Stack"),
    );
  });
  after(async () => {
    await sandbox?.stop();
  });

  it("is taken as it is: every field is known, and of its type", async () => {
    for (const file of ["access.yaml", "target.yaml"]) {
      await kubectl(["create", "namespace", "milvus"]).catch(() => undefined);
      await kubectl(["apply", "--validate=strict", "-f", path.join(EXAMPLE, file)]);
    }
    const stacks = path.join(EXAMPLE, "stacks.yaml");
    await kubectl(["apply", "--validate=strict", "--dry-run=server", "-f", stacks]);
    // Strict means strict: a field that the operator does not have is refused.
    const wrong = kubectl([
      "create",
      "--validate=strict",
      "--dry-run=server",
      "-f",
      path.join(projectFolder, "test", "fixtures", "operator", "unknownField.yaml"),
    ]);
    const error = await wrong.then(
      () => undefined,
      (it: unknown) => it as Error,
    );
    expect(error?.message).to.match(/unknown field "spec\.prerequisite"/);
  });
});
