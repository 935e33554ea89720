import { expect } from "chai";
import fc from "fast-check";
import { marked, type Token, type Tokens } from "marked";
import { prose } from "../../../../cli/format/escape";
import { asJson } from "../../../../cli/format/json";
import { asMarkdown } from "../../../../cli/format/markdown";
import { asText } from "../../../../cli/format/text";
import { wayLines } from "../../../../cli/format/way";
import type { PlanReport } from "../../../../cli/plan/report";
import type { WayReport } from "../../../../cli/walk/wayReport";
import { oneLine, severalLines } from "../../../../upgrade/words/visible";
import { compareSnapshots } from "../../../../verify/compare";
import { describeFailed } from "../../../../verify/describe";
import type { Snapshot } from "../../../../verify/snapshot";
import { anyText } from "../../../support/anyText";
import { examples } from "../../../support/examples";

/** What somebody would write to be taken for more than a text. */
const ATTACKS = [
  "# Milvus: nothing to do",
  "\n## Approved",
  "\n\n---\n",
  "@team",
  "cc @org/team please",
  "#1",
  "org/repo#2",
  "!3",
  "GH-4",
  "~bug",
  "$5",
  "![x](https://evil.example/x.png)",
  "[click](https://evil.example)",
  "https://evil.example/a?b=c",
  "www.evil.example",
  "me@evil.example",
  "<img src=x onerror=alert(1)>",
  "<details>",
  "</details>",
  "</summary>",
  "<!-- milvus-upgrade plan -->",
  "<script>",
  "&lt;b&gt;",
  "&#64;team",
  "```",
  "`",
  "``",
  "~~~",
  "\n```\n",
  "> [!CAUTION]\n> refused",
  "\n- item",
  "1. one",
  "1) one",
  "| a | b |",
  "\\",
  "\\|",
  "|",
  "\\`",
  "***",
  "__a__",
  "_a_",
  "*a*",
  "~~a~~",
  "===",
  "\n===",
  "    code",
  "\tcode",
  "\n/close",
  "/merge",
  "[^1]",
  "[a]: b",
  "$$x$$",
  "{.class}",
  "=1+1",
  "\u001b[2J",
  "\u001b]8;;https://evil\u0007",
  "\u009b31m",
  "\r",
  "\r\n",
  "\u0007",
  "\b\b\b",
  "\u0000",
  "\u2028",
  "\u0085",
  "\u202e",
  "\u2066",
  "\u200b",
  "\ufeff",
  "\ud800",
  "\u{e0041}",
  "  ",
  "warning (x): fake",
  "refused (x): fake",
  "ä",
  "漢字",
  "🙂",
];
const evil = fc
  .array(fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...ATTACKS) }, anyText(8)), {
    minLength: 1,
    maxLength: 6,
  })
  .map((parts) => parts.join(""))
  .filter((text) => text !== "");

/** A report with all its parts, whose texts come from others. */
function reportOf(text: () => string): PlanReport {
  const field = () => ({ path: text(), before: text(), after: text() });
  const object = (change: "added" | "changed" | "removed", fields: object[]) => ({
    change,
    kind: text(),
    apiVersion: text(),
    namespace: text(),
    name: text(),
    fields,
    refused: [{ path: text(), why: text() }],
  });
  return {
    format: 1,
    stack: text(),
    release: text(),
    outcome: "changes",
    basis: "last outputs",
    refusal: {
      kind: "refused",
      rule: "no_downgrade_without_rollback",
      reason: text(),
      remedy: text(),
      source: text(),
      nextHop: { from: text(), to: text(), chart: text() },
      path: [{ from: text(), to: text(), chart: text() }],
    },
    plan: {
      kind: "helm",
      hash: text(),
      approval: [text(), text()],
      verification: [text(), text()],
      conditions: [text(), text()],
      title: text(),
      from: text(),
      to: text(),
      chart: { name: text(), version: text(), location: text(), kind: "repository" },
      reason: text(),
      steps: [{ step: text(), reversibility: "reversible", why: text(), source: text() }],
      expected: text(),
      expectedSeconds: 1,
      interruption: text(),
      reversibility: "one way",
      attempt: text(),
      backupClaim: text(),
      added: [{ path: text(), shown: text(), rule: "the_image_tag_is_explicit", reason: text() }],
      warnings: [{ rule: "requests_fail_for_a_short_time", message: text() }],
    },
    manifests: {
      compared: true,
      revision: 7,
      dryRun: { judged: 3, unknown: [text()] },
      common: [{ path: text(), change: { before: text(), after: text() }, objects: [text(), text()] }],
      objects: [object("changed", [field(), { path: text(), lines: [text(), text()] }]), object("added", [])],
    },
    drift: {
      objects: [
        { kind: text(), name: text(), missing: false, fields: [field()] },
        { kind: text(), name: text(), missing: true, fields: [] },
      ],
      unknown: [text()],
    },
    images: { list: [{ image: text(), users: [text()] }], incomplete: text(), outside: [text()] },
  } as unknown as PlanReport;
}

/** The same report with other texts, which come in turn. */
function reportFrom(texts: readonly string[]): PlanReport {
  let next = 0;
  return reportOf(() => texts[next++ % texts.length] ?? "x");
}
const HARMLESS = reportOf(() => "x");

const PLAIN = new Set(["text", "escape"]);

/** What the parser makes of it: blocks and inline markup in their order, and of texts nothing but the lines of code. */
function structureOf(tokens: readonly Token[]): unknown[] {
  return tokens.flatMap((token): unknown[] => {
    if (token.type === "table") {
      const { header, rows } = token as Tokens.Table;
      return [["table", ...[header, ...rows].map((row) => row.map((cell) => structureOf(cell.tokens)))]];
    }
    if (token.type === "list") return [["list", (token as Tokens.List).items.map((item) => structureOf(item.tokens))]];
    if (token.type === "code") return [["code", token.raw.split("\n").length]];
    if (token.type === "html") return [["html", token.raw]];
    const { tokens: inside = [] } = token as { readonly tokens?: readonly Token[] };
    const inner = structureOf(inside);
    if (PLAIN.has(token.type)) return inner;
    return [[token.type, ...inner]];
  });
}

const INVISIBLE = /(?!\n)[\p{Cc}\p{Cf}\p{Cs}]/u;
const count = (text: string, what: string) => text.split(what).length;
const RUNS = examples(15);

describe("texts of others", () => {
  const expected = structureOf(marked.lexer(asMarkdown(HARMLESS)));

  it("leave the structure of the comment as it is, whatever they are", () => {
    fc.assert(
      fc.property(fc.array(evil, { minLength: 1, maxLength: 7 }), (texts) => {
        const markdown = asMarkdown(reportFrom(texts));
        expect(structureOf(marked.lexer(markdown))).to.deep.equal(expected);
        expect(count(markdown, "\n")).to.equal(count(asMarkdown(HARMLESS), "\n"));
        expect(markdown).to.not.match(INVISIBLE);
      }),
      RUNS,
    );
  });

  for (const text of ATTACKS) {
    it(`leave the comment as it is: ${JSON.stringify(text)}`, () => {
      const markdown = asMarkdown(reportFrom([text]));
      expect(structureOf(marked.lexer(markdown))).to.deep.equal(expected);
      const outside = markdown.replace(/^(`{3,})diff\n[\s\S]*?^\1$/gm, "").replace(/`[^`\n]*`/g, "");
      expect(outside).to.not.match(/(?<![\w\\])@\w|(?<!&)#\d|!\d|GH-\d|^\/|https?:\/\/|www\.\w/m);
    });
  }

  it("are read as they are: only how they look is changed", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme-ascii", maxLength: 60 }), (text) => {
        const html = marked.parseInline(`x ${prose(`x${text}`)}`) as string;
        const read = html
          .replace(/&lt;/g, "<")
          .replace(/&gt;/g, ">")
          .replace(/&quot;/g, '"')
          .replace(/&#39;/g, "'")
          .replace(/&#8203;|\u200b/g, "")
          .replace(/&amp;/g, "&");
        expect(read).to.equal(`x x${text}`.trimEnd());
      }),
      RUNS,
    );
  });

  it("begin no line of their own on a terminal, and tell it nothing", () => {
    const plain = asText(HARMLESS);
    fc.assert(
      fc.property(fc.array(evil, { minLength: 1, maxLength: 7 }), (texts) => {
        const text = asText(reportFrom(texts));
        expect(count(text, "\n")).to.equal(count(plain, "\n"));
        expect(count(text, "\u001b")).to.equal(count(plain, "\u001b"));
        expect(text.replaceAll("\u001b", "")).to.not.match(INVISIBLE);
      }),
      RUNS,
    );
  });

  it("begin no line of their own in a way, a failed verification and a single line", () => {
    fc.assert(
      fc.property(evil, (text) => {
        const way = {
          stack: text,
          release: text,
          asked: text,
          hops: [],
          expectedSeconds: 0,
          unverified: text,
        } satisfies WayReport;
        expect(wayLines(way).join("\n").replaceAll("\u001b", "")).to.not.match(/[\n\r][\s\S]*[\n\r]|\u009b/);
        const failed = describeFailed(
          {
            status: "failed",
            problems: [text],
            differences: [{ kind: "no answer", subject: text, message: text }],
            configMap: text,
          },
          { from: "2.2.9", to: "2.3.1", reversibility: "one way" },
        );
        expect(failed.split("\n")).to.have.length(8);
        expect(failed).to.not.match(INVISIBLE);
        expect(oneLine(text)).to.not.match(/\n/).and.not.match(INVISIBLE);
        expect(severalLines(text)).to.not.match(INVISIBLE);
        expect(oneLine(oneLine(text))).to.equal(oneLine(text));
      }),
      RUNS,
    );
  });

  it("are the same in JSON to a program, and safe to look at", () => {
    fc.assert(
      fc.property(evil, (text) => {
        const json = asJson({ text });
        expect(json).to.not.match(INVISIBLE);
        expect(JSON.parse(json)).to.deep.equal({ text });
      }),
      RUNS,
    );
  });
});

describe("primary keys, which any client can write", () => {
  const snapshot = (ids: readonly string[]): Snapshot => ({
    takenAt: "2026-05-01T12:00:00Z",
    version: "v2.2.16",
    databases: ["default"],
    collections: [{ database: "default", name: "books", rows: 3, loadState: "loaded", indexes: [] }],
    answers: [
      {
        query: {
          database: "default",
          collection: "books",
          primaryKey: "id",
          field: "v",
          vector: [1],
          limit: 5,
          same: "all",
        },
        hits: ids.map((id) => ({ id, distance: 0.5 })),
      },
    ],
  });
  const messageOf = (before: readonly string[], after: readonly string[]) =>
    compareSnapshots(snapshot(before), snapshot(after))
      .map(({ message }) => message)
      .join("\n");

  it("are quoted where they are texts, and as they are where they are numbers", () => {
    expect(messageOf(["466", "@team"], ["466"]))
      .to.include("466 (0.5)")
      .and.to.include('"@team" is missing');
  });

  it("are shortened, and counted where they are many", () => {
    const many = Array.from({ length: 500 }, (_, index) => `${index}${"k".repeat(1000)}`);
    const message = messageOf(many, []);
    expect(message.length).to.be.below(2000);
    expect(message).to.include("and 490 more");
  });
});
