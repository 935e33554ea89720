import * as pulumi from "@pulumi/pulumi";
import { expect } from "chai";
import type { MilvusClusterArgs } from "../../../components/args";
import { resolveArguments } from "../../../components/given";

// Not asked for anything where a kubeconfig is given.
const NOBODY = {} as never;

/** As a program in another language sends them: nothing holds it to the types. */
const given = (args: object) =>
  resolveArguments(NOBODY, "milvus", { kubeconfig: "/config", ...args } as unknown as MilvusClusterArgs);

// Not part of the public types.
const OutputOf = pulumi.Output as unknown as new (
  ...parts: readonly [object[], Promise<string>, Promise<boolean>, Promise<boolean>, Promise<object[]>]
) => pulumi.Output<string>;
/** What a resource that is yet to be made gives in a preview. */
const unknown = new OutputOf(
  [],
  Promise.resolve(""),
  Promise.resolve(false),
  Promise.resolve(false),
  Promise.resolve([]),
);

describe("an argument that has to be plain and comes as an Output", () => {
  for (const [what, args] of Object.entries({
    "at the top": { version: pulumi.output("2.5.16"), verify: { mode: "off" } },
    "a secret": { version: pulumi.secret("2.5.16"), verify: { mode: "off" } },
    "in a group": { version: "2.5.16", verify: { mode: pulumi.output("off") } },
    "as a group": { version: "2.5.16", verify: pulumi.output({ mode: "off" }) },
  })) {
    it(`is taken where its value is known: ${what}`, async () => {
      const { config } = await given(args);
      expect(config.wanted.version).to.equal("2.5.16");
      expect(config.verification.mode).to.equal("off");
    });
  }

  for (const [argument, args] of Object.entries({
    version: { version: unknown },
    verify: { version: "2.5.16", verify: { mode: unknown } },
    upgrade: { version: "2.5.16", upgrade: { strategy: unknown } },
  })) {
    it(`is refused by name where its value is not known: ${argument}`, async () => {
      const refusal = await given(args).then(
        () => "",
        (error: unknown) => (error as Error).message,
      );
      expect(refusal).to.contain(argument).and.to.contain("not known in this run");
    });
  }

  it("leaves credentials Inputs", async () => {
    const args = {
      version: "2.5.16",
      verify: { mode: "off", credentials: { username: "reader", password: pulumi.secret("hunter2") } },
    };
    expect((await given(args)).config.verification.mode).to.equal("off");
  });
});
