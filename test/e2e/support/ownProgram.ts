/** A program of one's own with a `MilvusCluster` for each entry, as people write one; as a process it is one `pulumi up` of it. */
import { readFileSync } from "node:fs";
import path from "node:path";
import type { PulumiFn } from "@pulumi/pulumi/automation";
import { MilvusCluster, type MilvusClusterArgs } from "../../../library";
import { type EngineStack, openStack } from "../../../sandbox/engine";
import { openSandbox, type Sandbox } from "../../../sandbox/sandbox";

export const OWN_PROJECT = path.join(__dirname, "..", "..", "fixtures", "ownProgram", "Pulumi.yaml");

export interface OwnCluster {
  /** Of the component. */
  readonly name: string;
  readonly args: MilvusClusterArgs;
  /** Name of the component that it depends on. */
  readonly after?: string;
  /** A name that the component had. */
  readonly formerName?: string;
}

/** @param clusters asked anew in each run, so that a test may change them between two */
function ownProgram(clusters: () => readonly OwnCluster[]): PulumiFn {
  return () => {
    const made = new Map<string, MilvusCluster>();
    for (const { name, args, after, formerName } of clusters()) {
      const first = after === undefined ? undefined : made.get(after);
      const options = {
        ...(first && { dependsOn: [first] }),
        ...(formerName !== undefined && { aliases: [{ name: formerName }] }),
      };
      made.set(name, new MilvusCluster(name, args, options));
    }
    const outputs = [...made].flatMap(([name, { version, verification, plan, backupClaim }]) =>
      Object.entries({ version, verification, plan: plan.title, backupClaim }).map(([key, value]) => [
        `${name}-${key}`,
        value,
      ]),
    );
    return Promise.resolve(Object.fromEntries(outputs) as Record<string, unknown>);
  };
}

/** A stack of {@link ownProgram}. */
export function openOwnStack(
  sandbox: Sandbox,
  clusters: () => readonly OwnCluster[],
  stackName?: string,
): Promise<EngineStack> {
  const program = ownProgram(clusters);
  return openStack({ sandbox, projectFile: OWN_PROJECT, program, ...(stackName !== undefined && { stackName }) });
}

/** @param file JSON with the clusters */
async function up([sandboxName = "", stackName = "", file = ""]: readonly string[]): Promise<void> {
  const clusters = JSON.parse(readFileSync(file, "utf8")) as OwnCluster[];
  const stack = await openOwnStack(await openSandbox(sandboxName), () => clusters, stackName);
  const canceler = new AbortController();
  process.on("SIGINT", () => canceler.abort());
  await stack.up({ onOutput: (text) => void process.stdout.write(text), signal: canceler.signal });
}

if (require.main === module) {
  up(process.argv.slice(2)).then(
    () => process.exit(0),
    (error: unknown) => {
      process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
      process.exit(255);
    },
  );
}
