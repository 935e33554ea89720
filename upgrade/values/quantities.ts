import type { HelmValue } from "../model";

/** Factors of the suffixes of a Kubernetes quantity (Kubernetes documentation, Quantity). */
const FACTORS: Readonly<Record<string, number>> = {
  m: 1e-3,
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

interface Quantity {
  readonly amount: number;
  readonly suffix: string;
}

/** `500m`, `1.5Gi` or a number; undefined for what is none, and for an exponent, which nobody writes. */
function parseQuantity(value: HelmValue | undefined): Quantity | undefined {
  if (typeof value !== "string" && typeof value !== "number") return undefined;
  const match = /^(\d+(?:\.\d+)?)([a-zA-Z]{0,2})$/.exec(String(value));
  const suffix = match?.[2] ?? "";
  return match && Object.hasOwn(FACTORS, suffix) ? { amount: Number(match[1]), suffix } : undefined;
}

function size({ amount, suffix }: Quantity): number {
  return amount * (FACTORS[suffix] ?? 1);
}

/** In whole ones: bytes, cores; undefined for what is no quantity. */
export function sizeOf(value: HelmValue | undefined): number | undefined {
  const quantity = parseQuantity(value);
  return quantity && size(quantity);
}

/** In their own unit where all have the same, else in thousandths or whole ones. Undefined where one is no quantity. */
export function sumOfQuantities(values: readonly HelmValue[]): string | undefined {
  const all = values.map(parseQuantity).filter((it) => it !== undefined);
  if (all.length !== values.length || all.length === 0) return undefined;
  const suffix = all[0]?.suffix ?? "";
  if (all.every((it) => it.suffix === suffix)) {
    return `${rounded(all.reduce((sum, { amount }) => sum + amount, 0))}${suffix}`;
  }
  const total = rounded(all.reduce((sum, it) => sum + size(it), 0));
  return Number.isInteger(total) ? String(total) : `${Math.round(total * 1000)}m`;
}

/** The largest as it is written. Undefined where one is no quantity. */
export function largestQuantity(values: readonly HelmValue[]): HelmValue | undefined {
  const all = values.flatMap((value) => {
    const quantity = parseQuantity(value);
    return quantity ? [{ value, size: size(quantity) }] : [];
  });
  if (all.length !== values.length) return undefined;
  return all.toSorted((a, b) => b.size - a.size)[0]?.value;
}

/** Sums of decimals have a tail in binary. */
function rounded(amount: number): number {
  return Number(amount.toFixed(6));
}
