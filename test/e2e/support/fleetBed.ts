import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, readFileSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { parse } from "yaml";
import type { FleetReport } from "../../../cli/fleet/model";
import { installMilvus } from "../../../sandbox/milvusRelease";
import { valuesOfRootPath } from "../../../sandbox/milvusValues";
import { tsxCommand } from "../../../sandbox/tsx";
import { startTestBed, type TestBed } from "./testBed";

export const FLEET = ["prod-a", "prod-b", "prod-c"] as const;
export const FLEET_VERSION = "2.4.16";

/** A command at work. */
export interface FleetCommand {
  readonly child: ChildProcess;
  readonly end: Promise<number | null>;
  isOver(): boolean;
  output(): string;
  report(): FleetReport;
}

/** Three clusters, each with a stack of one project. */
export interface FleetBed extends Pick<TestBed, "sandbox" | "faults" | "stop"> {
  /** With the project and its state in it. */
  readonly home: string;
  /** Another checkout of the project, as on another machine, with the same state. */
  elsewhere(): string;
  /** `upgrade` with these words, in a checkout. */
  upgrade(words: readonly string[], folder?: string): FleetCommand;
  /** `upgrade --stacks 'prod-*' --to`, with a report. */
  fleet(to: string, flags: readonly string[], folder?: string): FleetCommand;
  versionOf(stack: string): Promise<string>;
  versions(): Promise<string[]>;
  /** Helm's newest revision of each. */
  revisions(): Promise<number[]>;
  /** milvus:version as it is written in a checkout. */
  configOf(stack: string, folder?: string): string | undefined;
}

export async function startFleetBed(timeouts: Readonly<Record<string, string>>): Promise<FleetBed> {
  const bed = await startTestBed();
  const { sandbox } = bed;
  const home = mkdtempSync(path.join(tmpdir(), "milvus-fleet-test-"));
  await Promise.all(
    FLEET.map((stack) =>
      installMilvus(sandbox, { name: "my-release", namespace: stack }, path.join(bed.charts, "milvus-4.2.20"), {
        ...valuesOf(stack),
        image: { all: { tag: `v${FLEET_VERSION}` } },
      }),
    ),
  );
  for (const stack of FLEET) {
    await bed.stack(
      {
        "milvus:namespace": stack,
        "milvus:values": valuesOf(stack),
        "milvus:version": FLEET_VERSION,
        "milvus:verify": "health",
        "milvus:timeouts": timeouts,
      },
      stack,
      home,
    );
  }
  const versionOf = async (stack: string) =>
    (
      await sandbox.kubectl([
        ...["get", "deployment", "my-release-milvus-standalone", `--namespace=${stack}`],
        "--output=jsonpath={.spec.template.spec.containers[0].image}",
      ])
    ).replace(/^.*:v/, "");
  const upgrade = (words: readonly string[], folder = home): FleetCommand => {
    const [command, script] = tsxCommand(path.join(__dirname, "..", "..", "..", "cli", "main.ts"), [
      "upgrade",
      ...words,
    ]);
    const child = spawn(command, script, {
      cwd: path.join(folder, "project"),
      env: { ...sandbox.env, NO_COLOR: "1", XDG_STATE_HOME: path.join(folder, "own") },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let [stdout, all] = ["", ""];
    child.stdout.on("data", (chunk: Buffer) => {
      stdout += chunk.toString();
    });
    child.stderr.on("data", (chunk: Buffer) => {
      all += chunk.toString();
    });
    const end = once(child, "close").then(([code]) => code as number | null);
    return {
      child,
      end,
      isOver: () => child.exitCode !== null,
      output: () => all,
      report: () => JSON.parse(stdout) as FleetReport,
    };
  };
  return {
    sandbox,
    home,
    faults: (faults) => bed.faults(faults),
    stop: () => bed.stop(),
    elsewhere() {
      const folder = mkdtempSync(path.join(tmpdir(), "milvus-fleet-test-"));
      // One backend for both.
      symlinkSync(path.join(home, "state"), path.join(folder, "state"));
      cpSync(path.join(home, "project"), path.join(folder, "project"), { recursive: true, verbatimSymlinks: true });
      return folder;
    },
    upgrade,
    fleet: (to, flags, folder) => upgrade(["--stacks", "prod-*", "--to", to, "--format", "json", ...flags], folder),
    versionOf,
    versions: () => Promise.all(FLEET.map(versionOf)),
    revisions: () =>
      Promise.all(
        FLEET.map(async (stack) => {
          const text = await sandbox.helm(["history", "my-release", `--namespace=${stack}`, "--output=json"]);
          const history = JSON.parse(text) as readonly { readonly revision: number }[];
          return Math.max(...history.map(({ revision }) => revision));
        }),
      ),
    configOf: (stack, folder = home) =>
      (
        parse(readFileSync(path.join(folder, "project", `Pulumi.${stack}.yaml`), "utf8")) as {
          config: Record<string, string>;
        }
      ).config["milvus:version"],
  };
}

/** Small, and each with its own part of the sandbox's one etcd. */
function valuesOf(stack: string) {
  return {
    cluster: { enabled: false },
    pulsar: { enabled: false },
    etcd: { replicaCount: 1 },
    minio: { replicas: 1 },
    ...valuesOfRootPath(stack),
  };
}

/** `prod-a arrived`. */
export function outcomes({ stacks }: FleetReport): string[] {
  return stacks.map(({ stack, outcome }) => `${stack} ${outcome}`);
}
