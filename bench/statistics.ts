/** Middle of the values; of an even number the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length / 2;
  const upper = sorted[Math.floor(half)];
  const lower = sorted[Math.ceil(half) - 1];
  if (upper === undefined || lower === undefined) throw new Error("the median of nothing");
  return (lower + upper) / 2;
}

/** Several measurements of one thing, in seconds. */
export interface Sample {
  readonly median: number;
  readonly least: number;
  readonly most: number;
  readonly count: number;
}

export function sampleOf(values: readonly number[]): Sample {
  return { median: median(values), least: Math.min(...values), most: Math.max(...values), count: values.length };
}

/** `4.2 s (3.9 to 5.1)`. */
export function describeSample({ median: middle, least, most, count }: Sample): string {
  return count === 1 ? seconds(middle) : `${seconds(middle)} (${number(least)} to ${number(most)})`;
}

/** `74 s`, `9.8 s`, `0.42 s`. */
export function seconds(value: number): string {
  return `${number(value)} s`;
}

/** With as many places as say something. */
export function number(value: number): string {
  return value.toFixed(value >= 20 ? 0 : value >= 2 ? 1 : 2);
}

/** `1.25 ×`: how many times the second the first is. */
export function ratio(value: number, base: number): string {
  return base === 0 ? "-" : `${(value / base).toFixed(2)} ×`;
}

/** What a ratio was meant to be, and whether it is. */
export interface Target {
  readonly atMost: number;
  /** Why it is missed, in words; shown when it is. */
  readonly reason: string;
}

/** `at most 1.25 ×: met`, or missed with the reason. */
export function judge(value: number, base: number, { atMost, reason }: Target): string {
  const verdict = value <= base * atMost ? "met" : `missed: ${reason}`;
  return `at most ${atMost} ×: ${verdict}`;
}
