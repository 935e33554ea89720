import { Argument, Command } from "commander";
import { adoptCommand } from "./adoptCommand";
import { planCommand } from "./planCommand";
import { findProject, stackNames } from "./project";
import { upgradeCommand } from "./upgradeCommand";
import { verifyCommand } from "./verifyCommand";

/** The commands around `pulumi preview` and `pulumi up`. */
export function milvusUpgrade(): Command {
  const program = new Command("milvus-upgrade")
    .description("Upgrades a Helm-installed Milvus with Pulumi: commands around `pulumi preview` and `pulumi up`")
    .showHelpAfterError("(--help shows what there is)")
    .addCommand(planCommand())
    .addCommand(adoptCommand())
    .addCommand(upgradeCommand())
    .addCommand(verifyCommand());
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
export function completion(program: Command, isZsh: boolean): string {
  const name = program.name();
  const flags = program.commands.map((command) => {
    const words = command.options.flatMap(({ long }) => long ?? []).join(" ");
    return `      ${command.name()}) words="${words}" ;;`;
  });
  const names = program.commands.map((command) => command.name()).join(" ");
  return [
    ...(isZsh ? ["autoload -U +X bashcompinit && bashcompinit"] : []),
    "_milvus_upgrade() {",
    '  local words=""',
    '  if [ "$3" = --stack ] || [ "$3" = -s ]; then',
    `    words="$(${name} stacks 2>/dev/null)"`,
    '  elif [ "$COMP_CWORD" -eq 1 ]; then',
    `    words="${names}"`,
    "  else",
    `    case "\${COMP_WORDS[1]}" in`,
    ...flags,
    "    esac",
    "  fi",
    '  COMPREPLY=($(compgen -W "$words" -- "$2"))',
    "}",
    `complete -F _milvus_upgrade ${name}`,
  ].join("\n");
}
