import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { RULES_DOCUMENT, rulesDocument } from "../../../../scripts/rulesDocument";
import { planUpgrade } from "../../../../upgrade/plan/plan";
import { PLAN_RULES } from "../../../../upgrade/plan/rules";
import { PREFLIGHT_CHECK_NAMES } from "../../../../upgrade/preflight/checks";
import { CHART_RULE_NAMES, HOP_NOTE_NAMES, HOP_RULE_NAMES, VALUE_RULE_NAMES } from "../../../../upgrade/ruleNames";
import { describePlan } from "../../../../upgrade/words/describe";
import { attempt, cluster, DOWN, MIXED, running, wanted } from "../support";

const text = (...args: Parameters<typeof planUpgrade>) => describePlan(planUpgrade(...args)).join("\n");

describe("describePlan", () => {
  it("says kind, versions, chart, steps, gaps, the way back and what was added", () => {
    const said = text(wanted("2.6"), running("4.2.58", "2.5.16", { names: MIXED }));
    expect(said).to.contain("ordered rolling upgrade, Milvus 2.5.16 → 2.6.15: ");
    expect(said).to.contain("chart milvus 5.0.19 from https://zilliztech.github.io/milvus-helm/");
    expect(said).to.contain(
      "steps: pause 4 Deployments → release without waiting → resume mixcoord → resume streamingnode",
    );
    expect(said).to.contain("way back: one way");
    expect(said).to.contain("values streaming.enabled: true (streamingnode_and_indexnode_follow_the_version");
    expect(said).to.contain("2.6 is 2.6.15");
  });

  it("says refusal, next hop, the whole way, what to do and the source", () => {
    const said = text(wanted("2.3.13"), running("3.2.18", "2.1.4"));
    expect(said).to.contain("refused (2_2_must_run_before_2_3): Milvus 2.1.4 cannot go to 2.3.13");
    expect(said).to.contain("next: Milvus 2.2.14 on chart 4.0.34");
    expect(said).to.contain("the whole way: 2.1.4 → 2.2.14 (chart 4.0.34) → 2.3.13 (chart 4.1.28)");
    expect(said).to.contain("what to do: ").and.contain("source: ");
  });

  it("says in the first line that nobody knows the version, and below what to type where it is a typing error", () => {
    const said = text(wanted("2.4.99"), running("4.2.20", "2.4.16"));
    expect(said.split("\n")[0]).to.contain("2.4.16 → 2.4.99 (not in the catalogue): ");
    expect(said).to.match(/Where 2\.4\.99 is a typing error: pulumi config set milvus:version 2\.4\.\d+\./);
    expect(text(wanted("2.4.16"), running("4.2.12", "2.4.12"))).to.not.contain("catalogue");
  });

  it("names the attempt and its claim", () => {
    const said = text(
      wanted("2.2.9"),
      running("3.2.18", "2.1.4", { component: DOWN, state: { attempts: [attempt("backedUp")] } }),
    );
    expect(said).to.contain("goes on with the attempt 2.1.4-to-2.2.9-r7: its backup is written");
    expect(said).to.contain("claim my-release-meta-2.1.4-to-2.2.9-r7");
  });

  it("says that an attempt was begun for another version", () => {
    const said = text(
      wanted("2.2.14"),
      running("3.2.18", "2.1.4", { component: DOWN, state: { attempts: [attempt("backedUp")] } }),
    );
    expect(said).to.contain("its backup is written; it was begun for Milvus 2.2.9, and goes to 2.2.14 now");
  });

  it("is short when there is nothing to do", () => {
    const plan = planUpgrade(wanted("2.2.9"), running("4.0.24", "2.2.9"));
    if (plan.kind === "refused") throw new Error(plan.reason);
    const said = text(wanted("2.2.9"), running("4.0.24", "2.2.9", { values: plan.values }));
    expect(said.split("\n")[0]).to.equal(
      "nothing to do, Milvus 2.2.9: Milvus 2.2.9 runs, and revision 7 has these values",
    );
    expect(said).to.not.contain("steps:");
  });

  it("never shows the user's values", () => {
    const values = {
      minio: { secretKey: "TOPSECRET" },
      extraConfigFiles: { "user.yaml": "minio:\n  accessKeyID: TOPSECRET\n" },
    };
    for (const version of ["2.2.9", "2.3.13", "2.6.15", "2.1.4", "nonsense"]) {
      expect(text(wanted(version, { values }), running("3.2.18", "2.1.4", { values })), version).to.not.contain(
        "TOPSECRET",
      );
    }
  });

  it("is the same for the same facts", () => {
    const state = running("4.0.24", "2.2.9");
    expect(text(wanted("2.3"), state)).to.equal(text(wanted("2.3"), structuredClone(state)));
  });
});

describe("docs/upgrade-rules.md", () => {
  const document = readFileSync(RULES_DOCUMENT, "utf8");

  it("is what the tables say (npm run docs:rules)", () => {
    expect(document).to.equal(rulesDocument());
  });

  it("has every rule, under its name, once", () => {
    const named = [
      ...HOP_RULE_NAMES,
      ...HOP_NOTE_NAMES,
      ...CHART_RULE_NAMES,
      ...VALUE_RULE_NAMES,
      ...Object.keys(PLAN_RULES),
      ...PREFLIGHT_CHECK_NAMES,
    ];
    const sections = [...document.matchAll(/^### (\w+)$/gm)].map(([, name]) => name);
    expect(sections.toSorted()).to.deep.equal(named.toSorted());
  });

  it("has no rule in code that no code names", () => {
    const source = ["upgrade", "components", "run"].flatMap((room) => {
      const root = join(__dirname, "..", "..", "..", "..", room);
      return readdirSync(root, { recursive: true, encoding: "utf8" })
        .filter((file) => file.endsWith(".ts") && file !== "plan/rules.ts")
        .map((file) => readFileSync(join(root, file), "utf8"));
    });
    for (const name of Object.keys(PLAN_RULES))
      expect(
        source.some((text) => text.includes(`"${name}"`)),
        name,
      ).to.equal(true);
  });
});

describe("planUpgrade", () => {
  it("installs where nothing is, and creates no step but the release", () => {
    const plan = planUpgrade(wanted("latest"), cluster());
    expect(plan).to.include({ kind: "install", adopt: false, to: "2.6.15" });
  });
});
