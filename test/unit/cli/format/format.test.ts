import { readFileSync } from "node:fs";
import { stripVTControlCharacters } from "node:util";
import { expect } from "chai";
import { asMarkdown, LONGEST_COMMENT } from "../../../../cli/format/markdown";
import { asText as asColouredText } from "../../../../cli/format/text";
import type { PlanReport } from "../../../../cli/plan/report";
import { outcomeOf } from "../../../../cli/plan/report";
import { PLAN_REPORT, PLAN_SCHEMA_FILE, planSchema } from "../../../../scripts/planSchema";
import { PLANS } from "../../../support/plans";

/** Where CI is set there are colours without a terminal, too. */
const asText = (report: PlanReport) => stripVTControlCharacters(asColouredText(report));

const REPORT: PlanReport = {
  format: 1,
  stack: "dev",
  release: "milvus/my-release",
  outcome: "changes",
  basis: "cluster",
  plan: {
    kind: "helm",
    hash: "abc",
    approval: ["plan hash: abc", "warning: another one is approved"],
    verification: ["verification: write: a collection milvus_upgrade_write_check_… is MADE"],
    title: "Helm upgrade, Milvus 2.2.8 → 2.2.9",
    from: "2.2.8",
    to: "2.2.9",
    chart: PLANS.helm.chart,
    reason: "a patch upgrade",
    steps: [{ step: "release", reversibility: "reversible", why: "the version stays", source: "helm rollback" }],
    expected: "an outage of about 130 s (pods end 30 s)",
    expectedSeconds: 130,
    interruption: "All restart.",
    reversibility: "reversible",
    added: [{ path: "image.all.tag", shown: "v2.2.9", rule: "the_image_tag_is_explicit", reason: "explicit | always" }],
    warnings: [{ rule: "requests_fail_for_a_short_time", message: "one\nreplica" }],
  },
  manifests: {
    compared: true,
    revision: 7,
    common: [],
    dryRun: { judged: 3, unknown: ["not permitted: may not patch services"] },
    objects: [
      {
        change: "changed",
        kind: "StatefulSet",
        apiVersion: "apps/v1",
        namespace: "milvus",
        name: "etcd",
        fields: [{ path: "spec.serviceName", before: "a", after: "```b" }],
        refused: [{ path: "spec.serviceName", why: "no" }],
      },
    ],
  },
  images: { outside: ["quay.io/x:1"], list: [{ image: "milvusdb/milvus:v2.2.9", users: ["Deployment/proxy"] }] },
};
const REFUSED: PlanReport = {
  format: 1,
  stack: "dev",
  release: "milvus/my-release",
  outcome: "refused",
  basis: "last outputs",
  refusal: {
    kind: "refused",
    rule: "no_downgrade_without_rollback",
    reason: "there is none",
    remedy: "stay",
    path: [],
  },
};
const many = (count: number): PlanReport => ({
  ...REPORT,
  manifests: {
    compared: true,
    common: [],
    dryRun: { judged: count, unknown: [] },
    objects: Array.from({ length: count }, (_, index) => ({
      change: "changed" as const,
      kind: "ConfigMap",
      apiVersion: "v1",
      namespace: "milvus",
      name: `config-${index}`,
      fields: [{ path: "data", lines: Array.from({ length: 50 }, (_, line) => `+ ünïcödé line ${line}`) }],
      refused: [],
    })),
  },
});

describe("the plan as Markdown", () => {
  it("has the plan first, and the manifests folded", () => {
    const text = asMarkdown(REPORT);
    expect(text.indexOf("## Milvus: Helm upgrade")).to.be.lessThan(text.indexOf("<details>"));
    expect(text).to.include("The API server will refuse the change of `spec.serviceName` in StatefulSet `etcd`");
    expect(text).to.include("explicit \\| always").and.to.include("one replica");
    expect(text.match(/<details>/g)).to.have.length(text.match(/<\/details>/g)?.length ?? -1);
  });

  it("says what the API server's dry run did not judge, and why", () => {
    expect(asMarkdown(REPORT)).to.include("dry run: not permitted: may not patch services");
  });

  it("of objections without end fits into a comment and counts what it leaves out", () => {
    const refused = Array.from({ length: 3000 }, (_, index) => ({ path: `spec.field${index}`, why: "no ".repeat(60) }));
    const { manifests } = many(1);
    const text = asMarkdown({
      ...REPORT,
      manifests: {
        ...(manifests?.compared === true
          ? manifests
          : { compared: true, common: [], dryRun: { judged: 1, unknown: [] } }),
        objects: [
          { change: "changed", kind: "Service", apiVersion: "v1", namespace: "m", name: "s", fields: [], refused },
        ],
      },
    });
    expect(Buffer.byteLength(text)).to.be.lessThan(LONGEST_COMMENT + 1);
    expect(text).to.match(/\d+ more of this kind/);
  });

  it("says outside of a fold what a verification writes into Milvus", () => {
    const text = asMarkdown(REPORT);
    const line = "- verification: write: a collection milvus_upgrade_write_check\\_… is MADE";
    expect(text).to.include(line);
    expect(text.indexOf(line)).to.be.below(text.indexOf("<details>"));
  });

  it("puts a longer fence around text that has one", () => {
    expect(asMarkdown(REPORT)).to.include("````diff\n- a\n+ ```b\n````");
  });

  for (const count of [1, 30, 500]) {
    it(`of ${count} large objects fits into a comment and says what was left out`, () => {
      const text = asMarkdown(many(count));
      expect(Buffer.byteLength(text)).to.be.lessThan(LONGEST_COMMENT + 1);
      const left = Number(/\*\*(\d+) more changes/.exec(text)?.[1] ?? 0);
      expect((text.match(/\*\*changed\*\*/g) ?? []).length + left).to.equal(count);
      expect(text.trimEnd()).to.match(/<\/details>$/);
    });
  }

  it("of warnings without end is cut, and says so", () => {
    const warnings = Array.from({ length: 2000 }, () => ({
      rule: "requests_fail_for_a_short_time" as const,
      message: "ä".repeat(100),
    }));
    const { plan } = REPORT;
    const text = asMarkdown({ ...REPORT, ...(plan && { plan: { ...plan, warnings } }) });
    expect(Buffer.byteLength(text)).to.be.lessThan(LONGEST_COMMENT + 1);
    expect(text).to.include("does not fit");
  });

  it("made without the cluster says so", () => {
    expect(asMarkdown(REFUSED)).to.include("**Made without the cluster**");
    expect(asText(REFUSED)).to.include("without the cluster");
  });

  it("of a refusal says why and what to do", () => {
    expect(asMarkdown(REFUSED))
      .to.include("**no_downgrade_without_rollback**: there is none")
      .and.to.include("What to do: stay");
  });
});

describe("a plan that is not to be begun now", () => {
  const conditions = [
    "promotion: staging runs 2.2.9 since 3 h of 1 d",
    "window: up refuses to begin now: it is closed",
  ];
  const refusal = {
    kind: "refused",
    rule: "only_what_was_proved_before",
    reason: "3 h of 1 d",
    remedy: "wait",
  } as const;
  const { plan } = REPORT;
  const report: PlanReport = {
    ...REPORT,
    outcome: "refused",
    refusal,
    notNow: { ...refusal, rule: "only_within_the_window" },
    ...(plan && { plan: { ...plan, conditions } }),
  };

  it("is told with what is missing, and the plan beside it", () => {
    for (const text of [asText(report), asMarkdown(report)]) {
      for (const part of [...conditions, "3 h of 1 d", "release"]) expect(text).to.include(part);
    }
    expect(asMarkdown(report)).to.include("## Milvus: refused").and.to.include("| 1. release |");
  });

  it("is what the schema describes", () => {
    expect(PLAN_REPORT.safeParse(report).error).to.equal(undefined);
  });
});

const ONE_WAY = {
  reversibility: "one way",
  why: "no downgrade over a minor",
  source: "docs/upgrade-facts.md 3.3",
} as const;
const ROLL: PlanReport = {
  ...REPORT,
  plan: {
    ...(REPORT.plan as NonNullable<PlanReport["plan"]>),
    steps: [
      { step: "pause 8 Deployments", reversibility: "reversible", why: "they serve on", source: "Kubernetes" },
      ...["rootcoord", "querynode", "proxy"].map((name) => ({ step: `resume ${name}`, ...ONE_WAY })),
    ],
    warnings: ["a", "b"].map((message) => ({ rule: "requests_fail_for_a_short_time", message })),
  },
};

describe("a plan of many steps", () => {
  it("has one row for those with the same way back in a comment, and all warnings in one block", () => {
    const text = asMarkdown(ROLL);
    expect(text).to.include(
      "| 2. resume rootcoord<br>3. resume querynode<br>4. resume proxy | one way | no downgrade over a minor (docs/upgrade-facts.md 3.3) |",
    );
    expect(text).to.include(
      "> [!WARNING]\n> - **requests_fail_for_a_short_time**: a\n> - **requests_fail_for_a_short_time**: b",
    );
  });
  it("says the reason once on a terminal, and names a rule once", () => {
    expect(asText(ROLL)).to.include("  steps 2 to 4: one way, no downgrade over a minor (docs/upgrade-facts.md 3.3)\n");
    expect(asText(ROLL)).to.include("warning (requests_fail_for_a_short_time):\n  - a\n  - b");
  });
});

describe("the plan as text", () => {
  it("names steps, values, warnings, refused fields and images", () => {
    const text = asText(REPORT);
    expect(text).to.include("verification: write: a collection milvus_upgrade_write_check_… is MADE");
    for (const part of [
      "1. release",
      "step 1: reversible, the version stays",
      "quay.io/x:1 does not come from",
      "expected: an outage of about 130 s",
      "image.all.tag: v2.2.9",
      "(requests_fail_for_a_short_time)",
      "StatefulSet etcd: spec.serviceName",
      "dry run by the API server: 3 objects judged",
      "not judged: not permitted: may not patch services",
      "milvusdb/milvus:v2.2.9",
    ]) {
      expect(text).to.include(part);
    }
  });

  it("says why manifests were not compared", () => {
    expect(asText({ ...REPORT, manifests: { compared: false, why: "there is no Helm" } })).to.include(
      "not compared, because there is no Helm",
    );
  });
});

describe("the plan as JSON", () => {
  it("has the schema that docs/plan.schema.json tells", () => {
    expect(readFileSync(PLAN_SCHEMA_FILE, "utf8")).to.equal(planSchema());
  });

  for (const [what, report] of Object.entries({ REPORT, REFUSED, many: many(2) })) {
    it(`${what} is as the schema says, without a key that it does not know`, () => {
      expect(PLAN_REPORT.safeParse(report).error).to.equal(undefined);
    });
  }
});

describe("the outcome of a plan", () => {
  for (const [kind, plan] of Object.entries(PLANS)) {
    it(`of ${kind} is ${kind === "nothing" ? "nothing" : "changes"}`, () => {
      expect(outcomeOf(plan)).to.equal(kind === "nothing" ? "nothing" : "changes");
    });
  }
});
