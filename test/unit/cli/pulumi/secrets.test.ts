import { existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import { checkSecrets } from "../../../../cli/pulumi/secrets";
import { PULUMI_VARIABLE } from "../../../../cli/pulumi/stackConfig";
import { pulumiStandIn } from "../../../support/pulumiStandIn";

describe("the secrets of a stack, before a walk writes anything", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "milvus-secrets-"));
  const file = path.join(folder, "Pulumi.dev.yaml");
  const project = { folder, name: "milvus", defaults: {} };
  const before = process.env[PULUMI_VARIABLE];
  beforeEach(() => writeFileSync(file, "encryptionsalt: v1:a\n"));
  afterEach(() => {
    process.env[PULUMI_VARIABLE] = before ?? "";
  });

  it("are tried on a copy of the config file, which goes", async () => {
    // As pulumi does: the encrypted value lands in the file that it was given.
    const calls = pulumiStandIn(
      'for last; do [ "$before" = --config-file ] && echo secret >> "$last"; before=$last; done',
    );
    await checkSecrets(project, { stack: "dev", file });
    const [call = ""] = calls();
    expect(call).to.match(/^config set milvus:probe --secret --stack dev --config-file \S+Pulumi\.dev\.yaml --non-int/);
    expect(readFileSync(file, "utf8")).to.equal("encryptionsalt: v1:a\n");
    expect(existsSync(/--config-file (\S+)/.exec(call)?.[1] ?? "")).to.equal(false);
  });

  // What Pulumi 3.259 says of a wrong passphrase, tried.
  it("that do not open end it with what to type", async () => {
    pulumiStandIn('echo "error: incorrect passphrase" >&2; exit 255');
    const error: unknown = await checkSecrets(project, { stack: "dev", file }).catch((it: unknown) => it);
    expect((error as Error).message).to.match(
      /^Pulumi cannot open the stack dev. Nothing was begun or written: incorrect passphrase\n.*is not the passphrase/,
    );
  });
});
