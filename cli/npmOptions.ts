/** Options of these commands that npm has no use for, so whoever sees them in npm's environment has meant the command. */
const OPTIONS = ["release", "namespace", "stack", "stacks", "to", "context", "currentVersion"] as const;

/**
 * `npm run adopt --release my-release` gives the option to npm, which keeps it to itself in the environment. What to type
 * instead; undefined where no option was lost.
 *
 * @param env of the process
 * @param args of the command line, without node and the script
 */
export function lostToNpm(env: NodeJS.ProcessEnv, args: readonly string[]): string | undefined {
  const command = env.npm_lifecycle_event;
  if (command === undefined) return undefined;
  // Of an option and its value npm takes the option, and leaves the value to the command as a word of its own.
  const words = args.filter((word) => !word.startsWith("-") && word !== command);
  const lost = OPTIONS.flatMap((name) => {
    const flag = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    const value = env[`npm_config_${flag.replaceAll("-", "_")}`];
    if (value === undefined || value === "") return [];
    return [{ flag, value: value === "true" ? undefined : value }];
  });
  if (lost.length === 0) return undefined;
  // Which word is whose is known for one option alone.
  const missing = lost.filter(({ value }) => value === undefined).length;
  const shown = lost.map(({ flag, value = missing === 1 ? (words[0] ?? "VALUE") : "VALUE" }) => `--${flag} ${value}`);
  const what = lost.length === 1 ? "the option" : "the options";
  return `npm has kept ${what} to itself, and perhaps others. Put two dashes behind npm run ${command}, and keep the rest as you typed it, such as: npm run ${command} -- ${shown.join(" ")}`;
}
