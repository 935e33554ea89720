import { CONFIG_KEY_NAMES, CONFIG_KEYS, type KeyDescription } from "./keys";

const BEGIN = "<!-- config table: npm run docs:config -->";
const END = "<!-- end of config table -->";

/** All config keys as a Markdown table. */
export function configTable(): string {
  const rows = CONFIG_KEY_NAMES.map((key) => {
    const { type, default: byDefault, description }: KeyDescription = CONFIG_KEYS[key];
    return `| \`milvus:${key}\` | ${type} | ${shownDefault(byDefault)} | ${description} |`;
  });
  return ["| Key | Type | Default | Meaning |", "|---|---|---|---|", ...rows].join("\n");
}

/**
 * The document with its config table written anew between the two marks.
 * @throws when the marks are missing
 */
export function withConfigTable(document: string): string {
  const begin = document.indexOf(BEGIN);
  const end = document.indexOf(END);
  if (begin < 0 || end < begin) {
    throw new Error(`The document has no place for the config table: a line ${BEGIN} and after it a line ${END}.`);
  }
  return `${document.slice(0, begin)}${BEGIN}\n${configTable()}\n${document.slice(end)}`;
}

function shownDefault(value: unknown): string {
  if (value === undefined) {
    return "(required)";
  }
  const shown =
    typeof value === "object" && value !== null
      ? Object.entries(value)
          .map(([name, inner]) => `${name}: ${inner as string}`)
          .join(", ")
      : typeof value === "string"
        ? value
        : JSON.stringify(value);
  return shown === "" ? "" : `\`${shown}\``;
}
