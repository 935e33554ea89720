import { isDeepStrictEqual } from "node:util";
import { isMap, parseDocument, stringify, type Tags } from "yaml";
import { parseYaml } from "./helmValues";

/**
 * Reads a stack's file (Pulumi.STACK.yaml) as Pulumi does, whose YAML library is neither 1.1 nor 1.2: `1_000` is a number,
 * 0777 is octal, `<<` merges, `yes` is text, and a date becomes a time. Compared with Pulumi 3.259 (go-yaml 3).
 *
 * @throws when it is not YAML; the message never quotes the contents.
 */
export function parseStackFile(contents: string): unknown {
  return parseYaml(contents, { merge: true, customTags: asPulumi });
}

/**
 * A stack's file with these keys under `config`; what else is in it stays, comments too. Texts that any YAML takes for
 * something else are in quotes.
 *
 * @param before the file as it is; undefined or empty: there is none
 */
export function withConfig(before: string | undefined, config: Readonly<Record<string, unknown>>): string {
  const { config: known } = (parseStackFile(before ?? "") ?? {}) as {
    readonly config?: Readonly<Record<string, unknown>>;
  };
  const news = Object.entries(config).filter(([key, value]) => !isDeepStrictEqual(known?.[key], value));
  if (news.length === 0) return before ?? "";
  // Without a schema nothing in it is understood, and so nothing is written in another way than it was.
  const document = parseDocument(before ?? "", { schema: "failsafe" });
  if (document.has("config") && !isMap(document.get("config"))) document.delete("config");
  for (const [key, value] of news) {
    const text = stringify(value, { compat: "yaml-1.1", aliasDuplicateObjects: false, lineWidth: 0 });
    document.setIn(["config", key], parseDocument(text, { schema: "failsafe" }).contents);
  }
  const written = document.get("config");
  // A line for each key, also where the file had an empty {}.
  if (isMap(written)) written.flow = false;
  return document.toString({ lineWidth: 0 });
}

/** How Go writes a time: what Pulumi makes of an unquoted date. */
const GO_TIME = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)? [+-]\d{4} \S+$/;

/** Paths of the texts in a tree that were dates without quotes; the empty path for the tree itself. */
export function datesTakenForTimes(tree: unknown): string[][] {
  if (typeof tree === "string") return GO_TIME.test(tree) ? [[]] : [];
  if (typeof tree !== "object" || tree === null) return [];
  return Object.entries(tree).flatMap(([key, below]) => datesTakenForTimes(below).map((path) => [key, ...path]));
}

function asPulumi(tags: Tags): Tags {
  const integer = {
    tag: "tag:yaml.org,2002:int",
    default: true,
    test: /^[-+]?(0b_*[01][01_]*|0o_*[0-7][0-7_]*|0x_*[0-9a-fA-F][0-9a-fA-F_]*|[0-9][0-9_]*)$/,
    resolve: goInteger,
  };
  const float = {
    tag: "tag:yaml.org,2002:float",
    default: true,
    test: /^[-+]?(\._*[0-9][0-9_]*|[0-9][0-9_]*(\.[0-9_]*)?)([eE][-+]?[0-9_]*[0-9][0-9_]*)?$/,
    resolve: (text: string) => Number(text.replaceAll("_", "")),
  };
  const time = {
    tag: "tag:yaml.org,2002:timestamp",
    default: true,
    // With T it needs a zone, and without has none.
    test: /^\d{4}-\d\d?-\d\d?([Tt]\d\d?:\d\d?:\d\d?(\.\d+)?(Z|[+-]\d\d:\d\d)| +\d\d?:\d\d?:\d\d?(\.\d+)?)?$/,
    resolve: goTime,
  };
  return [time, integer, float, ...tags];
}

/** At the end of a time; the group is missing for Z. */
const ZONE = /(?:Z|(?<=:[\d.]+)([+-]\d\d:\d\d))$/;

/** A leading 0 is octal, unless a digit says otherwise. */
function goInteger(text: string): number {
  const [, sign = "", digits = ""] = /^([-+]?)(.*)$/.exec(text.replaceAll("_", "")) ?? [];
  const octal = /^0[0-7]+$/.test(digits) ? `0o${digits.slice(1)}` : digits;
  return Number(octal) * (sign === "-" ? -1 : 1);
}

function goTime(text: string): string {
  const [date = "", clock = "0:0:0"] = text.replace(ZONE, "").split(/[Tt]| +/);
  const zone = ZONE.exec(text)?.[1]?.replace(":", "");
  const two = (parts: string, between: string) =>
    parts
      .split(between)
      .map((part) => part.padStart(2, "0"))
      .join(between);
  const [day, time] = [two(date, "-"), two(clock, ":").replace(/\.?0*$/, (end) => (clock.includes(".") ? "" : end))];
  // A date that does not exist is text.
  const moment = new Date(`${day}T${time}Z`);
  if (Number.isNaN(moment.getTime()) || !moment.toISOString().startsWith(day)) return text;
  return `${day} ${time} ${zone === undefined ? "+0000 UTC" : `${zone} ${zone}`}`;
}
