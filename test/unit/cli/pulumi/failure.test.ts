import { expect } from "chai";
import { pulumiFailure } from "../../../../cli/pulumi/failure";

/** What Pulumi 3.259 says, tried; and what to type. */
describe("a command of Pulumi that failed", () => {
  const rows = [
    {
      says: "error: PULUMI_ACCESS_TOKEN must be set for login during non-interactive CLI sessions",
      type: /pulumi login --local.*pulumi login s3:/,
    },
    {
      says: "error: passphrase must be set with PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE environment variables",
      type: /export PULUMI_CONFIG_PASSPHRASE=/,
    },
    {
      says: "error: incorrect passphrase, please set PULUMI_CONFIG_PASSPHRASE",
      type: /is not the passphrase of this stack/,
    },
    { says: 'error: no stack named "prod" found', type: /pulumi stack init prod/ },
  ];
  for (const { says, type } of rows) {
    it(`${says.slice(0, 50)}…`, () => {
      const { message } = pulumiFailure("pulumi stack ls failed", `warning: old\n${says}\n`, "prod");
      expect(message.split("\n")[0]).to.equal(`pulumi stack ls failed: ${says.replace("error: ", "")}`);
      expect(message.split("\n")[1]).to.match(type);
    });
  }

  it("is shown alone where its cause is not known, or with what is typed for any other", () => {
    expect(pulumiFailure("it failed", "error: disk full", "prod").message).to.equal("it failed: disk full");
    expect(pulumiFailure("it failed", "error: disk full", "prod", "Look at the disk.").message).to.equal(
      "it failed: disk full\nLook at the disk.",
    );
  });
});
