import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { parse } from "yaml";
import { CONFIG_KEYS, type KeyDescription } from "../../../config/keys";
import { parseConfig } from "../../../config/parseConfig";
import { configTable, withConfigTable } from "../../../config/table";

interface ProjectKey {
  readonly type: string;
  readonly description: string;
  readonly default?: unknown;
  readonly items?: { readonly type: string };
}

const root = join(__dirname, "..", "..", "..");
const read = (name: string) => parse(readFileSync(join(root, name), "utf8")) as Record<string, unknown>;
const project = read("Pulumi.yaml");
const declared = project.config as Record<string, ProjectKey>;
const described = CONFIG_KEYS as Record<string, KeyDescription>;

/** As the engine hands them to the program. */
const asText = (value: unknown) => (typeof value === "string" ? value : JSON.stringify(value));

describe("Pulumi.yaml", () => {
  it("names the program, whatever of the package has been built, and starts it without checking types", () => {
    const { main, runtime } = project as { main: string; runtime: { options: { tsconfig: string } } };
    expect(existsSync(join(root, main))).to.equal(true);
    // Pulumi reads these two options from this very file, past `extends`.
    const { compilerOptions } = read(runtime.options.tsconfig) as { compilerOptions: object };
    expect(compilerOptions).to.deep.equal({ rootDir: ".", noCheck: true });
  });

  it("declares the keys of the schema, in the same order", () => {
    expect(Object.keys(declared)).to.deep.equal(Object.keys(described));
  });

  for (const [key, description] of Object.entries(described)) {
    it(`says of milvus:${key} what the schema says`, () => {
      const { type, items, description: text, default: byDefault } = declared[key] as ProjectKey;
      expect({ type, items: items?.type, text, byDefault }).to.deep.equal({
        type: description.type,
        items: description.items,
        text: description.description,
        byDefault: description.default,
      });
    });
  }

  it("leaves no key without a default but the version: Pulumi takes a key without one as required", () => {
    expect(Object.keys(declared).filter((key) => declared[key]?.default === undefined)).to.deep.equal(["version"]);
  });

  it("has defaults that give the same config as leaving everything out", () => {
    const withDefaults = Object.fromEntries(
      Object.entries(declared).flatMap(([key, it]) =>
        it.default === undefined ? [] : [[`milvus:${key}`, asText(it.default)]],
      ),
    );
    expect(parseConfig({ config: { ...withDefaults, "milvus:version": "2.2.9" } })).to.deep.equal(
      parseConfig({ config: { "milvus:version": "2.2.9" } }),
    );
  });
});

describe("Pulumi.dev.yaml", () => {
  it("is a config that the schema accepts", () => {
    const config = read("Pulumi.dev.yaml").config as Record<string, unknown>;
    const texts = Object.fromEntries(Object.entries(config).map(([key, value]) => [key, asText(value)]));
    expect(parseConfig({ config: texts }).wanted).to.include({ version: "2.2.9", namespace: "milvus" });
  });
});

describe("the config table", () => {
  it("has a row for every key, with its default", () => {
    const rows = configTable().split("\n").slice(2);
    expect(rows).to.have.length(Object.keys(described).length);
    expect(rows[0]).to.include("`milvus:version`").and.to.include("(required)");
    expect(rows.at(-1)).to.include("stop: 10m, sessions: 3m");
  });

  it("replaces what is between its marks and nothing else", () => {
    const marks = ["<!-- config table: npm run docs:config -->", "<!-- end of config table -->"] as const;
    const document = withConfigTable(`before\n${marks[0]}\nstale row\n${marks[1]}\nafter\n`);
    expect(document)
      .to.match(/^before\n/)
      .and.to.match(/\nafter\n$/)
      .and.to.not.include("stale row");
    expect(withConfigTable(document)).to.equal(document);
    expect(() => withConfigTable("no marks")).to.throw("no place for the config table");
  });
});
