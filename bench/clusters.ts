/** Milvus clusters that the measurements run on. */

import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { PulumiFn } from "@pulumi/pulumi/automation";
import { chartsFolder } from "../sandbox/charts";
import { type EngineStack, openStack, type StackConfig } from "../sandbox/engine";
import { type Sandbox, startSandbox } from "../sandbox/sandbox";
import type { BenchContext } from "./part";

/** A sandbox with charts, for as long as one measurement takes. */
export interface Bed {
  readonly sandbox: Sandbox;
  chart(version: string): string;
  /** A stack of this program, or of another one. Stacks of one project have their `stateFolder` in common. */
  stack(name: string, config: StackConfig, program?: PulumiFn, stateFolder?: string): Promise<EngineStack>;
}

export async function withBed<T>(context: BenchContext, work: (bed: Bed) => Promise<T>): Promise<T> {
  const { log } = context;
  const sandbox = await startSandbox({ log });
  const charts = chartsFolder(mkdtempSync(path.join(tmpdir(), "bench-charts-")));
  try {
    return await work({
      sandbox,
      chart: (version) => path.join(charts, `milvus-${version}`),
      async stack(name, config, program, stateFolder) {
        const stack = await openStack({
          sandbox,
          stackName: name,
          ...(stateFolder !== undefined && { stateFolder }),
          config: {
            "milvus:release": "my-release",
            "milvus:chartSource": { folder: charts },
            ...config,
          },
          ...(program && { program, projectFile: path.join(__dirname, "bareProject.yaml") }),
        });
        context.usedProvider(stack.provider.description);
        return stack;
      },
    });
  } finally {
    await sandbox.stop();
  }
}

const none = { enabled: false };

/** A standalone, small, so that fifty of them find room, and each with its own part of the sandbox's one etcd. */
export function standaloneValues(index: number) {
  return {
    cluster: none,
    pulsar: none,
    etcd: { replicaCount: 1 },
    minio: { replicas: 1 },
    extraConfigFiles: { "user.yaml": `etcd:\n  rootPath: fleet-${index}\n` },
  };
}
