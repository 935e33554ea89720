import { type Project, stackFile, stackNames } from "./project";
import { runPulumi } from "./stackConfig";

/**
 * The stack of a command and its config file: the one that was named, the only one there is, or the one that is selected
 * (`pulumi stack select`, `pulumi stack init`), as for pulumi's own commands.
 *
 * @throws UsageError
 */
export async function chosenStack(
  project: Project,
  named: string | undefined,
): Promise<{ readonly stack: string; readonly file: string }> {
  if (named !== undefined || stackNames(project).length < 2) return stackFile(project, named);
  return stackFile(project, await selectedStack(project));
}

/** Undefined where none is selected, or Pulumi cannot say. */
async function selectedStack(project: Project): Promise<string | undefined> {
  const why = "it knows which stack is selected; or name one with --stack";
  const { exitCode, stdout } = await runPulumi(project, ["stack", "--show-name", "--non-interactive"], why);
  const name = stdout.trim();
  return exitCode === 0 && stackNames(project).includes(name.split("/").at(-1) ?? name) ? name : undefined;
}
