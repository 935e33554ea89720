import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { SCHEMA_FILE } from "../plugin/schema";

export const COMPONENT_DOCUMENT = join(__dirname, "..", "docs", "component.md");
const MARKS = [
  "<!-- from plugin/schema.json: npm run docs:component -->",
  "<!-- end of what the schema says -->",
] as const;
const TOKEN = "#/types/milvus-upgrade:index:";

interface Property {
  readonly type?: string;
  readonly description?: string;
  readonly plain?: boolean;
  readonly $ref?: string;
  readonly items?: Property;
  readonly additionalProperties?: Property;
}

interface Schema {
  readonly resources: Record<
    string,
    { readonly inputProperties: Record<string, Property>; readonly properties: Record<string, Property> }
  >;
  readonly types: Record<string, { readonly properties?: Record<string, Property> }>;
}

type Row = readonly [name: string, property: Property];

/** The document with the tables of arguments and outputs as the package's schema has them. */
export function componentDocument(text: string): string {
  const [start, end] = MARKS.map((mark) => text.indexOf(mark));
  if (start === undefined || end === undefined || start < 0 || end < start) {
    throw new Error(`docs/component.md has no place for the tables: it needs ${MARKS.join(" and ")}`);
  }
  return `${text.slice(0, start)}${MARKS[0]}\n\n${tables().join("\n")}\n\n${text.slice(end)}`;
}

function tables(): string[] {
  const { resources, types } = JSON.parse(readFileSync(SCHEMA_FILE, "utf8")) as Schema;
  const [component] = Object.values(resources);
  const inputs = Object.entries(component?.inputProperties ?? {});
  const below = (path: string, property: Property): Row[] =>
    Object.entries(types[typeOf(property) ?? ""]?.properties ?? {}).flatMap(([name, it]): Row[] => [
      [`${path}.${name}`, it],
      ...below(`${path}.${name}`, it),
    ]);
  const groups = inputs.flatMap(([name, property]) => {
    const rows = below(name, property);
    return rows.length === 0 ? [] : ["", `### ${name}`, "", ...table("argument", rows)];
  });
  const outputs = Object.entries(component?.properties ?? {}).flatMap(([name, property]): Row[] => [
    [name, property],
    ...below(name, property),
  ]);
  return [
    "## Arguments",
    "",
    ...table("argument", inputs),
    ...groups,
    "",
    "## Outputs",
    "",
    ...table("output", outputs),
  ];
}

function table(head: string, rows: readonly Row[]): string[] {
  return [
    `| ${head} | type | what it says |`,
    "|---|---|---|",
    ...rows.map(([name, property]) => {
      const { description = "" } = property;
      return `| \`${name}\` | ${typeName(property)} | ${description.replaceAll("\n", " ").replaceAll("|", "\\|")} |`;
    }),
  ];
}

/** Key of the type's description, where the property or its items have one of their own. */
function typeOf({ $ref, items }: Property): string | undefined {
  const ref = $ref ?? items?.$ref;
  return ref?.startsWith(TOKEN) === true ? ref.slice("#/types/".length) : undefined;
}

function typeName({ $ref, type, items, additionalProperties }: Property): string {
  if ($ref !== undefined) return $ref.startsWith(TOKEN) ? $ref.slice(TOKEN.length) : "any";
  if (items !== undefined) return `list of ${typeName(items)}`;
  if (additionalProperties !== undefined) return `map of ${typeName(additionalProperties)}`;
  return type ?? "any";
}

if (require.main === module) {
  writeFileSync(COMPONENT_DOCUMENT, componentDocument(readFileSync(COMPONENT_DOCUMENT, "utf8")));
}
