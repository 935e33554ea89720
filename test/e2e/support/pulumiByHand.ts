/**
 * `pulumi preview` and `pulumi up` where Pulumi's Node language host cannot be had: the same engine, project, stack and
 * config, with the program run by this process. Arguments as for pulumi; the sandbox's name is in MILVUS_SANDBOX.
 */
import path from "node:path";
import { parseArgs } from "node:util";
import { openStack } from "../../../sandbox/engine";
import { run } from "../../../sandbox/run";
import { openSandbox } from "../../../sandbox/sandbox";

const OPTIONS = {
  stack: { type: "string", short: "s" },
  yes: { type: "boolean", short: "y" },
  "non-interactive": { type: "boolean" },
  "suppress-progress": { type: "boolean" },
  "policy-pack": { type: "string", multiple: true },
} as const;

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({ options: OPTIONS, allowPositionals: true });
  const [operation] = positionals;
  if (operation !== "preview" && operation !== "up") throw new Error(`not here: pulumi ${operation ?? ""}`);
  const sandbox = await openSandbox(process.env.MILVUS_SANDBOX ?? "");
  const project = process.cwd();
  const selected = () => run(sandbox.tools.pulumi, ["stack", "--show-name"], { timeoutSeconds: 60 });
  const stackName = values.stack ?? (await selected()).trim();
  const stack = await openStack({ sandbox, stackName, stateFolder: path.dirname(project) });
  try {
    const policyPacks = (values["policy-pack"] ?? []).map((folder) => path.resolve(project, folder));
    await stack[operation]({ onOutput: (text) => void process.stdout.write(text), policyPacks });
  } finally {
    stack.close();
  }
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`error: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(255);
  },
);
