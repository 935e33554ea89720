import { writeFile } from "node:fs/promises";
import { Command } from "commander";
import { EngineFailure, type EngineStack, openStack, type RunOptions } from "./engine";
import { kubernetesProvider } from "./kubernetesProvider";
import { OnceEach } from "./repeats";
import { changes, describeSteps, type EngineReport } from "./report";
import { listSandboxes, openSandbox, type Sandbox, startSandbox } from "./sandbox";
import { ensureTools } from "./tools";

interface StackFlags {
  readonly sandbox?: string;
  readonly stack: string;
  readonly report?: string;
}

interface JsonFlag {
  readonly json?: boolean;
}

const say = (line: string) => void process.stdout.write(`${line}\n`);
const note = (line: string) => void process.stderr.write(`${line}\n`);

function sayAll(asJson: boolean, content: unknown, lines: readonly string[]): void {
  if (asJson) say(JSON.stringify(content, null, 2));
  else for (const line of lines) say(line);
}

/** `sandbox`: sandboxes by hand, and the program on one of them. */
export function sandboxCommand(): Command {
  const program = new Command("sandbox")
    .description("Runs a Kubernetes control plane of local processes, with Milvus stand-ins")
    .showHelpAfterError("(--help shows what there is)");

  program
    .command("tools")
    .description("get the tools and the plugin for Kubernetes, and stop there")
    .option("--json", "print them as JSON")
    .action(async ({ json = false }: JsonFlag) => {
      const tools = await ensureTools({ log: note });
      note(`kubernetes provider: ${(await kubernetesProvider(note)).description}`);
      sayAll(
        json,
        tools,
        Object.entries(tools).map(([name, file]) => `${name} ${file}`),
      );
    });

  program
    .command("start")
    .argument("[name]", "default: sandbox- and four random characters")
    .option("--real-milvus", "standalone pods run the real Milvus of their version, fetched when it is first needed")
    .description("start a sandbox that stays up until it is stopped")
    .action(async (name: string | undefined, { realMilvus = false }: { realMilvus?: boolean }) => {
      const sandbox = await startSandbox({
        ...(name === undefined ? {} : { name }),
        realMilvus,
        keep: true,
        log: note,
      });
      say(`kubectl, helm and pulumi of it: eval "$(npm run -s sandbox -- env ${sandbox.name})"`);
      say(`to end it: npm run -s sandbox -- stop ${sandbox.name}`);
    });

  program
    .command("list")
    .description("sandboxes that are up")
    .option("--json", "print them as JSON")
    .action(async ({ json = false }: JsonFlag) => {
      const up = (await listSandboxes()).map(({ name, createdAt, folder }) => ({ name, createdAt, folder }));
      sayAll(
        json,
        up,
        up.map(({ name, createdAt, folder }) => `${name}  since ${createdAt}  ${folder}`),
      );
    });

  program
    .command("stop")
    .argument("[names...]")
    .option("--all", "every sandbox of this user")
    .description("end every process of a sandbox and remove its folder")
    .action(async (names: string[], { all }: { all?: boolean }) => {
      if (names.length === 0 && all !== true) {
        throw new Error("say which: stop NAME, or stop --all");
      }
      const sandboxes = all === true ? await listSandboxes() : await Promise.all(names.map(openSandbox));
      for (const sandbox of sandboxes) {
        await sandbox.stop();
        note(`stopped ${sandbox.name}`);
      }
    });

  program
    .command("env")
    .argument("[name]")
    .description('variables for a shell: eval "$(npm run -s sandbox -- env)"')
    .action(async (name: string | undefined) => say(exports(await pick(name))));

  stackCommand(program, "preview", "what up would do").action((flags: StackFlags) =>
    engineRun(flags, (stack, live) => stack.preview(live)),
  );
  stackCommand(program, "up", "bring the cluster to what the stack config says").action((flags: StackFlags) =>
    engineRun(flags, (stack, live) => stack.up(live)),
  );
  stackCommand(program, "refresh", "read the state anew from the cluster").action((flags: StackFlags) =>
    engineRun(flags, (stack, live) => stack.refresh(live)),
  );
  stackCommand(program, "destroy", "remove everything of the stack").action((flags: StackFlags) =>
    engineRun(flags, (stack, live) => stack.destroy(live)),
  );
  stackCommand(program, "cancel", "take away the lock of a run that was killed").action((flags: StackFlags) =>
    withStack(flags, (stack) => stack.cancel()),
  );
  stackCommand(program, "outputs", "outputs of the last up, secret ones hidden")
    .option("--json", "print them as JSON")
    .action((flags: StackFlags & JsonFlag) =>
      withStack(flags, async (stack) => {
        const outputs = Object.entries(await stack.outputs()).map(([key, { value, secret }]): [string, unknown] => [
          key,
          secret ? "[secret]" : value,
        ]);
        sayAll(
          flags.json === true,
          Object.fromEntries(outputs),
          outputs.map(([key, value]) => `${key}: ${JSON.stringify(value)}`),
        );
      }),
    );
  stackCommand(program, "config", "set a key of the stack config; without a value, remove it")
    .argument("<key>", "with its namespace, e.g. milvus:version")
    .argument("[value]")
    .action((key: string, value: string | undefined, flags: StackFlags) =>
      withStack(flags, (stack) => (value === undefined ? stack.removeConfig(key) : stack.setConfig({ [key]: value }))),
    );

  return program;
}

function stackCommand(program: Command, name: string, description: string): Command {
  return program
    .command(name)
    .description(description)
    .option("--sandbox <name>", "default: the one that is up")
    .option("--stack <name>", "name of the stack", "dev")
    .option("--report <file>", "write what the engine did as JSON");
}

async function withStack(flags: StackFlags, work: (stack: EngineStack) => Promise<void>): Promise<void> {
  const sandbox = await pick(flags.sandbox);
  const stack = await openStack({ sandbox, stackName: flags.stack, log: note });
  await work(stack);
}

/** The engine's run that is under way and has not been asked to stop. */
let underWay: AbortController | undefined;

/**
 * Asks the engine to stop: the program of a stack runs in this process, and would else be gone before it has given its lock back. On a terminal Ctrl-C reaches the
 * engine by itself, and a second signal would end it at once.
 *
 * @returns false where no run is under way, or it has been asked before
 */
export function interruptRun(isOnTerminal = process.stdin.isTTY): boolean {
  const asked = underWay;
  underWay = undefined;
  if (!isOnTerminal) asked?.abort();
  return asked !== undefined;
}

function engineRun(
  flags: StackFlags,
  run: (stack: EngineStack, live: Pick<RunOptions, "onOutput" | "signal">) => Promise<EngineReport>,
): Promise<void> {
  return withStack(flags, async (stack) => {
    const display = new OnceEach((text) => void process.stdout.write(text));
    const canceler = new AbortController();
    underWay = canceler;
    const live = { onOutput: (text: string) => display.add(text), signal: canceler.signal };
    const running = run(stack, live).finally(() => {
      underWay = undefined;
      display.end();
    });
    const report = await running.catch(async (error: unknown) => {
      if (!(error instanceof EngineFailure)) throw error;
      await writeReport(flags, error.report);
      throw new Error(error.isShown ? `pulumi ${error.report.operation} failed, see above` : error.message);
    });
    await writeReport(flags, report);
    say(describeSteps(changes(report)).join("\n"));
  });
}

async function writeReport({ report: file }: StackFlags, report: EngineReport): Promise<void> {
  if (file !== undefined) {
    await writeFile(file, JSON.stringify(report, null, 2));
  }
}

async function pick(name: string | undefined): Promise<Sandbox> {
  if (name !== undefined) {
    return openSandbox(name);
  }
  const sandboxes = await listSandboxes();
  const [only] = sandboxes;
  if (!only || sandboxes.length > 1) {
    const up = sandboxes.map((sandbox) => sandbox.name).join(", ");
    throw new Error(only ? `several sandboxes are up, say which: ${up}` : "no sandbox is up: npm run sandbox -- start");
  }
  return only;
}

function exports(sandbox: Sandbox): string {
  return Object.entries(sandbox.variables)
    .map(([key, value]) => `export ${key}='${value.replaceAll("'", "'\\''")}'`)
    .join("\n");
}
