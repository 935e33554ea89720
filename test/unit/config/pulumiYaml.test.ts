import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { parse } from "yaml";
import { CONFIG_KEYS, type KeyDescription } from "../../../config/keys";
import { parseConfig } from "../../../config/parseConfig";
import { configTable, withConfigTable } from "../../../config/table";

const root = join(__dirname, "..", "..", "..");
const read = (name: string) => parse(readFileSync(join(root, name), "utf8")) as Record<string, unknown>;
const project = read("Pulumi.yaml");
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

  it("declares no key: the program checks them, and pulumi config lists what is set and nothing else", () => {
    expect(project).to.not.have.property("config");
  });
});

describe("the keys of a stack config", () => {
  it("have defaults but the version", () => {
    const required = Object.entries(described).filter(([, { default: byDefault }]) => byDefault === undefined);
    expect(required.map(([key]) => key)).to.deep.equal(["version"]);
  });

  // A project's own Pulumi.yaml may declare them, and then Pulumi sets each.
  it("give the same config set to their defaults as left out", () => {
    const withDefaults = Object.fromEntries(
      Object.entries(described).flatMap(([key, { default: byDefault }]) =>
        byDefault === undefined ? [] : [[`milvus:${key}`, asText(byDefault)]],
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
