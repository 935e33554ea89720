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

/** All that could be a text of a program, for a first look: with values left out, and without escapes. */
function roughly(content: string): string {
  let text = content.replace(/\\[a-z]/g, " ");
  for (let before = ""; before !== text; ) {
    before = text;
    text = text.replace(/\$?\{[^{}]*\}/g, (braces) => (braces.startsWith("$") ? "…" : ` ${braces.slice(1, -1)} `));
  }
  return text;
}

interface Text {
  readonly line: number;
  readonly text: string;
}

function contentOf(file: string): string {
  return readFileSync(path.join(root, file), "utf8");
}

/** Those that have one of the patterns. To parse all programs takes a second; hardly one of them needs it. */
function textsWith(patterns: readonly RegExp[], file: string, content: string): readonly Text[] {
  const has = (text: string) => patterns.some((pattern) => pattern.test(text));
  return has(roughly(content)) ? texts(file, content).filter(({ text }) => has(text)) : [];
}

/** A file's texts: of a program its strings with what stands for a value, else its lines. */
function texts(file: string, content: string): readonly Text[] {
  if (!file.endsWith(".ts")) return content.split("\n").map((text, index) => ({ line: index + 1, text }));
  const source = ts.createSourceFile(file, content, ts.ScriptTarget.Latest);
  const found: Text[] = [];
  const add = (node: ts.Node, text: string) =>
    found.push({ line: source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1, text });
  const visit = (node: ts.Node): void => {
    if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) add(node, node.text);
    else if (ts.isTemplateExpression(node)) {
      add(node, node.head.text + node.templateSpans.map((span) => `…${span.literal.text}`).join(""));
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

  function wrongIn(file: string, content = contentOf(file)): string[] {
    const patterns = forbidden.map(({ pattern }) => pattern);
    return textsWith(patterns, file, content).flatMap(({ line, text }) =>
      forbidden
        .filter(({ pattern }) => pattern.test(text))
        .map(({ pattern, instead }) => `${file}:${line}: ${pattern.exec(text)?.[0] ?? ""}: write ${instead}`),
    );
  }

  it("are found in strings of programs, around values and after line ends, and not in comments", () => {
    const program = [
      "// mend",
      'say("a\\nmend b");',
      // biome-ignore lint/suspicious/noTemplateCurlyInString: a program
      "say(`take ${all.map((it) => `${it.name}, ${{ a: 1 }.a} and as long as that`).join()} off it`);",
    ].join("\n");
    expect(wrongIn("a.ts", program).map((it) => it.split(": write")[0])).to.deep.equal([
      "a.ts:2: mend",
      "a.ts:3: take … off it",
    ]);
  });

  it("are plain", () => {
    expect(files().flatMap((file) => wrongIn(file))).to.deep.equal([]);
  });

  it("name no file of this program's code, which a user does not have", () => {
    const named = files()
      .filter((file) => file.endsWith(".ts"))
      .flatMap((file) => textsWith([/\w\.ts\b/], file, contentOf(file)).map((text) => ({ file, ...text })));
    expect(named).to.deep.equal([]);
  });

  it("rule names say what is wrong, or what holds", () => {
    const names = Object.values(ruleNames).flatMap((list) => (Array.isArray(list) ? (list as readonly string[]) : []));
    expect(names.length).to.be.greaterThan(60);
    expect(names.filter((name) => /_(is|are)_(said|named|noted)$|_unasked$/.test(name))).to.deep.equal([]);
  });
});
