/** One thing that is wrong with the stack config. */
export interface ConfigProblem {
  /** Full key with its path: `milvus:timeouts.stop`. */
  readonly key: string;
  /** The value as it may be shown; missing when nothing was given or the value may hold a secret. */
  readonly shown?: string;
  /** What is wrong, and what is allowed. */
  readonly message: string;
}

/** Everything that is wrong with the stack config, at once: a user should not have to fix it one run at a time. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[]) {
    const count = problems.length === 1 ? "one problem" : `${problems.length} problems`;
    super(
      [
        `The stack config has ${count}; nothing was read from or changed in the cluster.`,
        ...problems.map((problem) => `  - ${describeProblem(problem)}`),
        "Every key is described in Pulumi.yaml.",
      ].join("\n"),
    );
    this.problems = problems;
  }
}

function describeProblem({ key, shown, message }: ConfigProblem): string {
  return shown === undefined ? `${key}: ${message}` : `${key} = ${shown}: ${message}`;
}
