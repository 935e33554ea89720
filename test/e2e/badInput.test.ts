import { expect } from "chai";
import { BAD_CONFIGS } from "./support/badConfigs";
import { type BadInput, configOf, planInProcess, resourceVersions } from "./support/badInput";
import { BAD_STATES } from "./support/badStates";
import { failureOf, RELEASE, startTestBed, type TestBed } from "./support/testBed";

/** One of each kind also goes through `pulumi up`; MILVUS_BAD_INPUT_UP=all takes all, in some minutes. */
const BY_ENGINE = [
  "a misspelt key",
  "a jump over a minor",
  "a larger volume of etcd",
  "a Helm record that is cut off",
  "an etcd that is down",
  "a user who may only look",
  "a namespace that is being deleted",
  "a token that is not accepted",
];

function namespaceOf({ config }: BadInput): string {
  const namespace = config?.["milvus:namespace"];
  return typeof namespace === "string" ? namespace : RELEASE.namespace;
}

describe("wrong configs and clusters: a clear error, an exit code that is not 0, and a cluster that is untouched", () => {
  const rows: readonly BadInput[] = [...BAD_CONFIGS, ...BAD_STATES];
  const takesAll = process.env.MILVUS_BAD_INPUT_UP === "all";
  let bed: TestBed;

  before(async () => {
    bed = await startTestBed();
    await bed.install("3.2.18");
  });
  after(() => bed.stop());

  it("are at least 60", () => {
    expect(rows.length).to.be.at.least(60);
    expect(new Set(rows.map(({ name }) => name)).size, "names").to.equal(rows.length);
  });

  for (const row of rows.filter(({ isForUp }) => isForUp !== true)) {
    it(row.name, async () => {
      const { undo, config } = (await row.arrange?.(bed)) ?? {};
      try {
        const before = await resourceVersions(bed, namespaceOf(row));
        const { exitCode, text } = await planInProcess({ ...configOf(row, bed), ...config });
        expect(text).to.match(row.says);
        expect(text, "no stack trace").to.not.match(/^\s+at .*:\d+:\d+\)?$/m);
        expect(exitCode).to.equal(1);
        expect(await resourceVersions(bed, namespaceOf(row))).to.deep.equal(before);
      } finally {
        await undo?.();
      }
    });
  }

  describe("also by pulumi up", () => {
    let opened = 0;
    for (const row of rows.filter(({ name, isForUp }) => takesAll || isForUp === true || BY_ENGINE.includes(name))) {
      it(row.name, async () => {
        const { undo, config } = (await row.arrange?.(bed)) ?? {};
        try {
          const stack = await bed.stack({ ...configOf(row, bed), ...config }, `bad-${++opened}`);
          for (const [key, value] of Object.entries(row.config ?? {})) {
            if (value === undefined) await stack.removeConfig(key);
          }
          const before = await resourceVersions(bed, namespaceOf(row));
          const { message, report } = await failureOf(stack.up());
          expect(`${message}\n${report.output}`).to.match(row.saysUp ?? row.says);
          expect(await resourceVersions(bed, namespaceOf(row))).to.deep.equal(before);
        } finally {
          await undo?.();
        }
      });
    }
  });
});
