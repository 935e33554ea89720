import type { Findings } from "./section";

export interface BenchContext {
  /** One line of progress at a time. */
  readonly log: (line: string) => void;
  /** Once instead of often, and small: shows that it works, and no more. */
  readonly quick: boolean;
  /** One scene of a part that has several, and none of the others. */
  readonly scene?: string;
  /** Told which kubernetes provider was used. */
  readonly usedProvider: (description: string) => void;
}

/** A part of the benchmark that can be run by itself. */
export interface Part {
  readonly name: string;
  readonly title: string;
  /** Names of what can be measured by itself; missing: the part is one. */
  readonly scenes?: readonly string[];
  run(context: BenchContext): Promise<Findings>;
}
