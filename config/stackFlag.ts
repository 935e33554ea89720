/** What Pulumi and this program's commands take for the name of a stack. */
const STACK = /^[\w.-]+(\/[\w.-]+){0,2}$/;
/** Up to the next command on the line. */
const WITHOUT_FLAG = String.raw`(?!(?:(?!\bpulumi |\bnpm run )[^\n])* --stack)`;
const PULUMI = new RegExp(
  String.raw`\bpulumi (?:up|preview|refresh|destroy|cancel|config (?:set|rm|get)|stack (?:output|export))\b${WITHOUT_FLAG}`,
  "g",
);
const OWN = new RegExp(String.raw`\bnpm run (?:plan|upgrade|verify|history)\b(?: --(?= ))?${WITHOUT_FLAG}`, "g");

/** The stack that a command line names by `--stack NAME`, `--stack=NAME`, `-s NAME` or `-s=NAME`. */
export function stackFlag(args: readonly string[]): string | undefined {
  const at = args.findIndex((arg) => /^(--stack|-s)(=|$)/.test(arg));
  const [, joined] = /=(.*)/.exec(args[at] ?? "") ?? [];
  const stack = joined ?? (at < 0 ? undefined : args[at + 1]);
  return stack !== undefined && STACK.test(stack) ? stack : undefined;
}

/**
 * A message whose commands name the stack, as the command did that it answers: without the flag they would be about the stack
 * that is selected, which may be another one.
 *
 * @param stack undefined: nobody named one, and the message stays as it is
 */
export function withStackFlag(text: string, stack: string | undefined): string {
  if (stack === undefined) return text;
  return text
    .replace(PULUMI, (command) => `${command} --stack ${stack}`)
    .replace(OWN, (command) => `${command.replace(/ --$/, "")} -- --stack ${stack}`);
}
