import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import ts from "typescript";
import {
  DependencyImages,
  type MilvusClusterArgs,
  UpgradeStrategy,
  VerifyMode,
  VerifyRows,
} from "../../../components/args";
import { ARGUMENT_OF } from "../../../config/arguments";
import { CONFIG_KEYS, type KeyDescription } from "../../../config/keys";
import { SCHEMA_FILE } from "../../../plugin/schema";
import { COMPONENT_DOCUMENT, componentDocument } from "../../../scripts/componentDocument";
import type { DependencyImages as ImageChoice, Strategy } from "../../../upgrade/model";
import type { VerifyMode as Mode, RowRule } from "../../../upgrade/verification";

interface Property {
  readonly description?: string;
  readonly type?: string;
  readonly plain?: boolean;
  readonly $ref?: string;
  readonly additionalProperties?: Property;
}

interface Schema {
  readonly name: string;
  readonly version: string;
  readonly types: Record<
    string,
    {
      readonly properties?: Record<string, Property>;
      readonly required?: readonly string[];
      readonly enum?: readonly { readonly value: string }[];
    }
  >;
  readonly resources: Record<
    string,
    {
      readonly isComponent: boolean;
      readonly inputProperties: Record<string, Property>;
      readonly requiredInputs: readonly string[];
      readonly properties: Record<string, Property>;
    }
  >;
}

const TOKEN = "milvus-upgrade:index:";
const text = readFileSync(SCHEMA_FILE, "utf8");
const schema = JSON.parse(text) as Schema;
const component = schema.resources[`${TOKEN}MilvusCluster`];
const inputs = component?.inputProperties ?? {};

interface Written {
  readonly property: string;
  readonly description: string | undefined;
  readonly isOptional: boolean;
}

/** The properties of each interface in components/, as they are written there. */
function interfaces(): Map<string, readonly Written[]> {
  const folder = join(__dirname, "..", "..", "..", "components");
  const found = new Map<string, readonly Written[]>();
  for (const file of readdirSync(folder).filter((name) => name.endsWith(".ts"))) {
    const source = ts.createSourceFile(file, readFileSync(join(folder, file), "utf8"), ts.ScriptTarget.Latest, true);
    for (const statement of source.statements) {
      if (!ts.isInterfaceDeclaration(statement)) continue;
      const members = statement.members.filter(ts.isPropertySignature).map((member) => ({
        property: member.name.getText(source),
        description: ts.getTextOfJSDocComment(ts.getJSDocCommentsAndTags(member).find(ts.isJSDoc)?.comment),
        isOptional: member.questionToken !== undefined,
      }));
      found.set(statement.name.text, members);
    }
  }
  return found;
}
const sources = interfaces();

/** By path, such as `upgrade.strategy`. */
function argument(path: string): Property | undefined {
  const [first = "", second] = path.split(".");
  const top = inputs[first];
  return second === undefined ? top : schema.types[top?.$ref?.replace("#/types/", "") ?? ""]?.properties?.[second];
}

// The sets of the arguments are those of the planner, member for member; a difference does not compile.
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : never) : never;
const SETS: readonly [string, object, true][] = [
  ["UpgradeStrategy", UpgradeStrategy, true satisfies Same<UpgradeStrategy, Strategy>],
  ["DependencyImages", DependencyImages, true satisfies Same<DependencyImages, ImageChoice>],
  ["VerifyMode", VerifyMode, true satisfies Same<VerifyMode, Mode>],
  ["VerifyRows", VerifyRows, true satisfies Same<VerifyRows, RowRule>],
];

describe("the schema of the package", () => {
  for (const [name, { properties, required = [] }] of [
    ...Object.entries(schema.types),
    ["MilvusClusterArgs", { properties: inputs, required: component?.requiredInputs ?? [] }] as const,
  ]) {
    if (properties === undefined) continue;
    it(`has the properties of ${name} as the sources have them: npm run docs:component`, () => {
      // What their types are takes a compiler seconds: test/scripts/packageSchema.test.ts.
      const written = sources.get(name.replace(TOKEN, "")) ?? sources.get(`${name.replace(TOKEN, "")}Args`);
      expect(
        Object.entries(properties).map(([property, { description }]) => ({ property, description })),
      ).to.deep.equal(written?.map(({ property, description }) => ({ property, description })));
      expect([...required].sort()).to.deep.equal(
        written
          ?.filter(({ isOptional }) => !isOptional)
          .map(({ property }) => property)
          .sort(),
      );
    });
  }

  it("has its tables in docs/component.md: npm run docs:component", () => {
    const document = readFileSync(COMPONENT_DOCUMENT, "utf8");
    expect(document).to.equal(componentDocument(document));
    expect(document).to.contain("| `upgrade.strategy` | UpgradeStrategy | auto, rolling");
    expect(() => componentDocument("no marks")).to.throw("no place for the tables");
  });

  it("has the component, its version a must and everything else optional", () => {
    expect(Object.keys(schema.resources)).to.deep.equal([`${TOKEN}MilvusCluster`]);
    expect(component?.isComponent).to.equal(true);
    expect(component?.requiredInputs).to.deep.equal(["version"]);
  });

  for (const [path, properties] of [
    ["", inputs],
    ["output ", component?.properties ?? {}],
    ...Object.entries(schema.types).map(([name, { properties = {} }]) => [`${name.slice(TOKEN.length)}.`, properties]),
  ] as [string, Record<string, Property>][]) {
    for (const [name, { description }] of Object.entries(properties)) {
      it(`describes ${path}${name}`, () => {
        expect(description).to.match(/^\S.{5,}\.$/s);
      });
    }
  }

  it("says the default of every argument that may be left out", () => {
    const groups = Object.entries(schema.types).filter(
      ([name]) => !/(Output|LastUpgrade|StepDuration|:Receipt\w+)$/.test(name),
    );
    const silent = [["", inputs] as const, ...groups.map(([name, it]) => [name, it.properties ?? {}] as const)].flatMap(
      ([group, properties]) =>
        Object.entries(properties)
          .filter(([name, { description = "" }]) => !/Default: |^Default/.test(description) && name !== "version")
          .map(([name]) => `${group}.${name}`),
    );
    expect(silent).to.deep.equal([`${TOKEN}VerifyQuery.collection`, `${TOKEN}EtcdTls.secret`]);
  });

  for (const [key, { default: value }] of Object.entries(CONFIG_KEYS as Record<string, KeyDescription>)) {
    const path = (ARGUMENT_OF as Partial<Record<string, string>>)[key];
    if (path === undefined || (typeof value !== "string" && typeof value !== "boolean") || value === "") continue;
    it(`says the same default of ${path} as the stack config`, () => {
      expect(argument(path)?.description).to.match(new RegExp(`Default: ${String(value).replaceAll(".", "\\.")}\\.$`));
    });
  }

  for (const [part, value] of Object.entries(CONFIG_KEYS.timeouts.default as Record<string, string>)) {
    it(`says the same default of timeouts.${part} as the stack config`, () => {
      expect(argument(`timeouts.${part}`)?.description).to.match(new RegExp(`Default: ${value}\\.$`));
    });
  }

  for (const [name, members] of SETS) {
    it(`has ${name} as a closed set`, () => {
      expect(schema.types[`${TOKEN}${name}`]?.enum?.map(({ value }) => value)).to.have.members(Object.values(members));
    });
  }

  it("takes any map as values, with Outputs in it; what decides the plan is plain", () => {
    expect(inputs.values).to.deep.include({
      type: "object",
      additionalProperties: { $ref: "pulumi.json#/Any" },
    });
    const later = Object.keys(inputs).filter((name) => inputs[name]?.plain !== true) as (keyof MilvusClusterArgs)[];
    expect(later).to.have.members(["values", "kubeconfig", "context", "cluster"]);
  });

  it("has no default that looks like a secret, and nothing of the machine it was made on", () => {
    expect(text).not.to.match(/"default"|BEGIN |eyJ|node_modules|file:/);
    expect(text).not.to.contain(join(__dirname, "..", "..", ".."));
  });

  it("has the version of the package", () => {
    const manifest = JSON.parse(readFileSync(join(__dirname, "..", "..", "..", "package.json"), "utf8")) as object;
    expect(manifest).to.include({ name: schema.name, version: schema.version });
  });
});
