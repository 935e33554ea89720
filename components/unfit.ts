import * as pulumi from "@pulumi/pulumi";
import type { ConfigProblem } from "../config/configError";
import type { MilvusClusterArgs } from "./args";
import { isLater } from "./engine/resolve";

const PLAIN = "give text, a number, true, false, a list or a map";

/**
 * What is no plain data where the types ask for it. JavaScript and casts let it through, and the schema would say of a Date that
 * it is a map, or say nothing.
 */
export function unfitArguments(args: MilvusClusterArgs): ConfigProblem[] {
  const values = args.values as unknown;
  const problems = [...unfitValues(args, [])];
  const isWrong = values !== undefined && values !== null && !isTree(values) && !isLater(values);
  return isWrong ? [...problems, { key: "values", message: "must be a map of Helm values" }] : problems;
}

/**
 * @param path of the value
 * @param above the maps and lists that hold it
 */
function* unfitValues(
  value: unknown,
  path: readonly string[],
  above: readonly unknown[] = [],
): Generator<ConfigProblem> {
  const key = path.join(".");
  // What it becomes is looked at once it is resolved.
  if (isLater(value)) return;
  const what = above.includes(value) ? "holds itself" : unfit(value);
  if (what !== undefined) {
    yield { key, message: `${what}: ${PLAIN}` };
    return;
  }
  if (typeof value !== "object" || value === null) return;
  for (const [name, below] of Object.entries(value)) yield* unfitValues(below, [...path, name], [...above, value]);
}

/** Why a value is no data; undefined for what is. */
function unfit(value: unknown): string | undefined {
  if (typeof value === "number") return Number.isFinite(value) ? undefined : `is ${value}`;
  if (["function", "symbol", "bigint"].includes(typeof value)) return `is a ${typeof value}`;
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  if (pulumi.Resource.isInstance(value)) return "is a resource, of which an output may be meant";
  if (pulumi.asset.Asset.isInstance(value) || pulumi.asset.Archive.isInstance(value)) return "is an asset";
  return isTree(value) ? undefined : `is a ${kindOf(value)}`;
}

/** A map, of whatever class it is. */
export function isTree(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && kindOf(value) === "Object";
}

/** `Date`, `Map`; `Object` also for what has a class of the program's own. */
function kindOf(value: unknown): string {
  return Object.prototype.toString.call(value).slice("[object ".length, -1);
}
