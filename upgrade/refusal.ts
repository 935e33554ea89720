import type { Hop, Refusal, Warning } from "./model";

/** Thrown inside the planner and turned into a plan by `planUpgrade`: a refusal ends the planning wherever it is found. */
export class RefusalError extends Error {
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    super(refusal.reason);
    this.refusal = refusal;
  }
}

export function refuse(refusal: Omit<Refusal, "kind">): never {
  throw new RefusalError({ kind: "refused", ...refusal });
}

/** What a person reads of it, wherever it is said. */
export function describeRefusal({ rule, reason, remedy, source, nextHop, path = [] }: Refusal): string[] {
  return [
    `refused (${rule}): ${reason}`,
    ...(nextHop ? [`next: Milvus ${nextHop.to} on chart ${nextHop.chart}`] : []),
    ...(path.length > 0 ? [`the whole way: ${describeWay(path)}`] : []),
    `what to do: ${remedy}`,
    ...(source ? [`source: ${source}`] : []),
  ];
}

/** `2.1.4 → 2.2.14 (chart 4.0.34) → 2.3.13 (chart 4.1.28)`. */
export function describeWay(path: readonly Hop[]): string {
  return [path[0]?.from ?? "", ...path.map(({ to, chart }) => `${to} (chart ${chart})`)].join(" → ");
}

export function describeWarning({ rule, message }: Warning): string {
  return `warning (${rule}): ${message}`;
}

/** The command that takes every hop of a way, one after the other. */
export const WALK_COMMAND = "npm run upgrade --";

/** `pulumi config set milvus:version 2.2.16`, the line a user types; with `--stack NAME` where one is given. */
export function configLine(key: string, value: string, stack?: string): string {
  return `pulumi config set milvus:${key} ${value}${stack === undefined ? "" : ` --stack ${stack}`}`;
}

/** `pulumi config set --path 'milvus:values.pulsarv3.enabled' false`. */
export function valueLine(path: string, value: string): string {
  return `pulumi config set --path 'milvus:values.${path}' ${value}`;
}

/** `a`, `a and b`, `a, b and c`. */
export function list(items: readonly string[]): string {
  if (items.length < 2) return items.join("");
  return `${items.slice(0, -1).join(", ")} and ${items.at(-1) ?? ""}`;
}
