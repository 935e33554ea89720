import { join } from "node:path";
import { Argument, Command } from "commander";
import { version } from "../package.json";
import { adoptCommand } from "./commands/adopt";
import { historyCommand } from "./commands/history";
import { planCommand } from "./commands/plan";
import { upgradeCommand } from "./commands/upgrade";
import { verifyCommand } from "./commands/verify";
import { findProject, stackNames } from "./pulumi/project";

/**
 * The commands around `pulumi preview` and `pulumi up`. Each loads what it needs when it is run: completion starts the
 * program at every tab.
 */
export function milvusUpgrade(): Command {
  const program = new Command("milvus-upgrade")
    .version(version, "-V, --version")
    .description("Upgrades a Helm-installed Milvus with Pulumi: commands around `pulumi preview` and `pulumi up`")
    .showHelpAfterError("(--help shows what there is)")
    .addCommand(planCommand())
    .addCommand(adoptCommand())
    .addCommand(upgradeCommand())
    .addCommand(verifyCommand())
    .addCommand(historyCommand());
  program
    .command("stacks")
    .description("names of the stacks of the project, one on each line")
    .option("-C, --cwd <folder>", "folder of the Pulumi project", ".")
    .action(({ cwd }: { readonly cwd: string }) => say(stackNames(findProject(cwd)).join("\n")));
  program
    .command("completion")
    .description('completion of commands, flags and stack names: eval "$(milvus-upgrade completion bash)"')
    .addArgument(new Argument("<shell>").choices(["bash", "zsh"]))
    .action((shell: string) => say(completion(program, shell === "zsh")));
  return program;
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** A shell function that asks this program for the stacks. */
export function completion(program: Command, isZsh: boolean, script = process.argv[1] ?? ""): string {
  const name = program.name();
  return [
    ...(isZsh ? ["autoload -U +X bashcompinit && bashcompinit"] : []),
    // Run from its sources, the program is on no PATH.
    ...(script.endsWith(".ts") ? [fromSources(name, script)] : []),
    "_milvus_upgrade() {",
    '  local words=""',
    '  if [ "$3" = --stack ] || [ "$3" = -s ] || [ "$3" = --stacks ]; then',
    `    words="$(${name} stacks 2>/dev/null)"`,
    '  elif [ "$COMP_CWORD" -eq 1 ]; then',
    `    words="${namesOf(program)}"`,
    "  else",
    `    case "\${COMP_WORDS[1]}" in`,
    ...program.commands.map((command) => `      ${command.name()}) words="${flagsOf(command)}" ;;`),
    "    esac",
    "  fi",
    '  COMPREPLY=($(compgen -W "$words" -- "$2"))',
    "}",
    `complete -F _milvus_upgrade ${name}`,
  ].join("\n");
}

function fromSources(name: string, script: string): string {
  const tsx = join(script, "..", "..", "node_modules", ".bin", "tsx");
  return `${name}() { ${quoted(tsx)} ${quoted(script)} "$@"; }`;
}

function namesOf(command: Command): string {
  return command.commands.map((inner) => inner.name()).join(" ");
}

function flagsOf(command: Command): string {
  return command.options.flatMap(({ long }) => long ?? []).join(" ");
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
