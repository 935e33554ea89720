import type { Findings } from "./section";

export interface BenchContext {
  /** One line of progress at a time. */
  readonly log: (line: string) => void;
  /** Once instead of often, and small: shows that it works, and no more. */
  readonly quick: boolean;
  /** Told which kubernetes provider was used. */
  readonly usedProvider: (description: string) => void;
}

/** A part of the benchmark that can be run by itself. */
export interface Part {
  readonly name: string;
  readonly title: string;
  run(context: BenchContext): Promise<Findings>;
}
