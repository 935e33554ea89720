import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect } from "chai";
import ts from "typescript";
import * as ruleNames from "../../../upgrade/ruleNames";

const root = path.join(__dirname, "..", "..", "..");
const contributing = path.join("docs", "contributing.md");
/** Rooms whose texts a user reads. */
const ROOMS = ["cli", "cluster", "components", "config", "manifests", "policy", "process", "run", "upgrade", "verify"];
/** Quotations, and what was in earlier versions, keep their words. */
const EXEMPT = [contributing, path.join("upgrade", "formerRuleNames.ts")];

/** The words of docs/contributing.md that are not used, each with what to write. */
function words(): { readonly pattern: RegExp; readonly instead: string }[] {
  const table = readFileSync(path.join(root, contributing), "utf8").split("<!-- words:")[1] ?? "";
  return [...table.matchAll(/^\| `(.+)` \| (.+) \|$/gm)].map(([, pattern = "", instead = ""]) => ({
    pattern: new RegExp(`(?<![\\w])(?:${pattern})`, "i"),
    instead,
  }));
}

/** A file's texts: of a program its strings with what stands for a value, else its lines. */
function texts(file: string): { readonly line: number; readonly text: string }[] {
  const content = readFileSync(path.join(root, file), "utf8");
  if (!file.endsWith(".ts")) return content.split("\n").map((text, index) => ({ line: index + 1, text }));
  const source = ts.createSourceFile(file, content, ts.ScriptTarget.Latest, true);
  const found: { line: number; text: string }[] = [];
  const visit = (node: ts.Node): void => {
    const line = source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1;
    if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) found.push({ line, text: node.text });
    else if (ts.isTemplateExpression(node)) {
      found.push({ line, text: node.head.text + node.templateSpans.map((span) => `…${span.literal.text}`).join("") });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

function files(): string[] {
  const programs = ROOMS.flatMap((room) =>
    readdirSync(path.join(root, room), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".ts") && !name.includes("node_modules"))
      .map((name) => path.join(room, name)),
  );
  const documents = readdirSync(path.join(root, "docs")).filter((name) => name.endsWith(".md"));
  return [
    ...programs,
    ...documents.map((name) => path.join("docs", name)),
    "README.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "sandbox/README.md",
    "Pulumi.yaml",
  ].filter((file) => !EXEMPT.includes(file));
}

describe("the words of messages and documents", () => {
  const forbidden = words();

  it("the list is read", () => {
    expect(forbidden.length).to.be.greaterThan(15);
    const sentences = [
      "Mend that. To go on in spite of it, lower the check by name",
      "The install was gone on from",
      "Milvus does not tell its version",
      "a_gap_is_said",
    ];
    for (const sentence of sentences) {
      expect(
        forbidden.some(
          ({ pattern }) => pattern.test(sentence) || pattern.test(sentence.slice(sentence.indexOf("_is"))),
        ),
        sentence,
      ).to.equal(true);
    }
  });

  it("are plain", () => {
    const wrong = files().flatMap((file) =>
      texts(file).flatMap(({ line, text }) =>
        forbidden
          .filter(({ pattern }) => pattern.test(text))
          .map(({ pattern, instead }) => `${file}:${line}: ${pattern.exec(text)?.[0] ?? ""}: write ${instead}`),
      ),
    );
    expect(wrong).to.deep.equal([]);
  });

  it("name no file of this program's code, which a user does not have", () => {
    const named = files()
      .filter((file) => file.endsWith(".ts"))
      .flatMap((file) => texts(file).map(({ line, text }) => ({ place: `${file}:${line}`, text })))
      .filter(({ text }) => /\w\.ts\b/.test(text));
    expect(named).to.deep.equal([]);
  });

  it("rule names say what is wrong, or what holds", () => {
    const names = Object.values(ruleNames).flatMap((list) => (Array.isArray(list) ? (list as readonly string[]) : []));
    expect(names.length).to.be.greaterThan(60);
    expect(names.filter((name) => /_(is|are)_(said|named|noted)$|_unasked$/.test(name))).to.deep.equal([]);
  });
});
