/** One thing that is wrong with the stack config, or with the component's arguments. */
export interface ConfigProblem {
  /** Full key with its path: `milvus:timeouts.stop`, or `timeouts.stop`. */
  readonly key: string;
  /** The value as it may be shown; missing when nothing was given or the value may hold a secret. */
  readonly shown?: string;
  /** What is wrong, and what is allowed. */
  readonly message: string;
}

/** Everything that is wrong with what was asked for, at once: a user should not have to fix it one run at a time. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly problems: readonly ConfigProblem[];

  /**
   * @param subject what has the problems, with its verb's number: default the stack config
   * @param reference where everything that is allowed is described
   */
  constructor(
    problems: readonly ConfigProblem[],
    subject = "The stack config has",
    reference = "Every key is described in docs/configuration.md.",
  ) {
    const count = problems.length === 1 ? "one problem" : `${problems.length} problems`;
    super(
      [
        `${subject} ${count}; nothing was read from or changed in the cluster.`,
        ...problems.map((problem) => `  - ${describeProblem(problem)}`),
        reference,
      ].join("\n"),
    );
    this.problems = problems;
  }
}

function describeProblem({ key, shown, message }: ConfigProblem): string {
  return shown === undefined ? `${key}: ${message}` : `${key} = ${shown}: ${message}`;
}
