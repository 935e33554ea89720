import { gunzipSync } from "node:zlib";
import { expect } from "chai";
import fc from "fast-check";
import { asMarkdown } from "../../../../cli/format/markdown";
import { asText } from "../../../../cli/format/text";
import { makePlan } from "../../../../cli/plan/plan";
import { type Diagnosis, describeDiagnosis } from "../../../../cluster/diagnose/diagnose";
import { plannedOutputs } from "../../../../components/outputs";
import { releaseValues } from "../../../../components/values";
import { parseConfig } from "../../../../config/parseConfig";
import { type HelmValues, PLAN_KINDS, type UpgradePlan } from "../../../../upgrade/model";
import { secretTexts } from "../../../../upgrade/secrets/text";
import { mergeValues } from "../../../../upgrade/values/tree";
import { factsAfter } from "../../../../upgrade/walk/lastFacts";
import { describeForHistory, describePlan } from "../../../../upgrade/words/describe";
import { examples } from "../../../support/examples";
import { declare, PLANS, plannedRun, state } from "../../../support/plans";
import { isSecret, record } from "../../../support/recordingMonitor";
import { SECRET, SPELLINGS } from "./spellings";

/** The table's ways to write a secret, with another one in each. */
const WAYS = SPELLINGS.filter(({ values, hidden }) => hidden === SECRET && JSON.stringify(values).includes(SECRET));

/** What stands as it is in JSON, YAML, a URL and a command line. */
const secrets = fc
  .stringMatching(/^[A-Za-z0-9][A-Za-z0-9,!_+-]{9,24}$/)
  .map((text) => `Zz${text}`)
  .filter((text) => new Set(text).size > 5);

const keys = fc.constantFrom("proxy", "queryNode", "extra", "pulsar", "config", "a.b", "list");

function replaced(values: HelmValues, by: string): HelmValues {
  return JSON.parse(JSON.stringify(values).replaceAll(SECRET, by)) as HelmValues;
}

/** Values with a secret somewhere deep in them. */
const planted = fc
  .record({
    secret: secrets,
    way: fc.constantFrom(...WAYS),
    above: fc.array(keys, { maxLength: 4 }),
    inList: fc.boolean(),
  })
  .map(({ secret, way, above, inList }) => {
    const own = replaced(way.values, secret);
    const item: HelmValues = inList ? { items: [{ level: "info" }, own] } : own;
    const values = above.reduceRight<HelmValues>((below, key) => ({ [key]: below, other: "plain" }), item);
    return { secret, values: { extraPart: values } };
  });

function planOf(kind: UpgradePlan["kind"], values: HelmValues): UpgradePlan {
  const plan: UpgradePlan = PLANS[kind];
  // A rule has moved all of them.
  const added = Object.entries(values).map(([path, value]) => ({
    path,
    value,
    rule: "fields_that_cannot_change_stay" as const,
    reason: "moved",
  }));
  return { ...plan, values: mergeValues(plan.values, values), added: [...plan.added, ...added] };
}

/** Without what is encrypted. */
function open(value: unknown): unknown {
  if (isSecret(value)) return "[secret]";
  if (Array.isArray(value)) return value.map(open);
  return typeof value === "object" && value !== null
    ? Object.fromEntries(Object.entries(value).map(([key, below]) => [key, open(below)]))
    : value;
}

const kinds = fc.constantFrom(...PLAN_KINDS);

describe("a secret planted anywhere in the values", () => {
  it("is in no word about the plan: preview, outputs, Helm's history", () => {
    fc.assert(
      fc.property(planted, kinds, ({ secret, values }, kind) => {
        const plan = planOf(kind, values);
        const outputs = plannedOutputs({
          plan,
          state: state(),
          releaseName: "my-release",
          namespace: "milvus",
          words: (text) => text,
        });
        const facts = gunzipSync(Buffer.from(outputs.facts, "base64")).toString();
        const said = [...describePlan(plan), JSON.stringify(outputs), facts, describeForHistory(plan, 7)].join("\n");
        expect(said).to.not.include(secret);
      }),
      examples(10),
    );
  });

  it("is in no report: text, Markdown, JSON", async () => {
    await fc.assert(
      fc.asyncProperty(planted, async ({ secret, values }) => {
        const config = { "milvus:version": "2.2.16", "milvus:values": JSON.stringify(values) };
        const report = await makePlan({
          project: { name: "milvus", folder: ".", defaults: {} },
          stack: "dev",
          settings: { config: parseConfig({ config }), secrets: [] },
          withManifests: false,
          withImages: false,
          lastFacts: factsAfter(PLANS.nothing, state(), "my-release"),
        });
        expect(report.outcome).to.not.equal("refused");
        expect([asText(report), asMarkdown(report), JSON.stringify(report)].join("\n")).to.not.include(secret);
      }),
      examples(10),
    );
  });

  it("is encrypted in the state, and in no other resource of the upgrade: Jobs, ConfigMaps, claims", async () => {
    await fc.assert(
      fc.asyncProperty(planted, kinds, async ({ secret, values }, kind) => {
        const plan = planOf(kind, values);
        const run = plannedRun(plan, { values: releaseValues(plan.values, [], false) });
        const { registered } = await record(() => declare(run));
        expect(JSON.stringify(open(registered.map(({ inputs }) => inputs)))).to.not.include(secret);
      }),
      examples(10),
    );
  });

  it("is in no diagnosis, wherever a message, an event or a log has it", () => {
    const places = fc.tuple(fc.string(), fc.string(), fc.constantFrom("", " ", '"', "x", "\n"));
    fc.assert(
      fc.property(planted, places, ({ secret, values }, [before, after, edge]) => {
        const text = `${before}${edge}${secret}${edge}${after}`;
        const diagnosis: Diagnosis = {
          subject: { kind: "Release", name: "my-release", namespace: "milvus" },
          cause: "crashLoop",
          objects: ["pod my-release-milvus-proxy"],
          message: text,
          events: [`12:00:00 UTC, BackOff: ${text}`],
          others: [],
        };
        expect(describeDiagnosis(diagnosis, [text, `${"a ".repeat(1995)}${text}`], secretTexts(values))).to.not.include(
          secret,
        );
      }),
      examples(10),
    );
  });
});
