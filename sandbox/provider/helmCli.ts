import { CommandError, type RunOptions, type RunResult, run, tryRun } from "../run";
import type { ClusterAccess } from "./handler";
import type { Properties } from "./values";

/** What the release record says, without the chart. */
export interface LiveRelease {
  readonly chart: string;
  readonly chartVersion: string;
  readonly appVersion: string;
  readonly revision: number;
  readonly status: string;
  /** The values the user gave. */
  readonly config: Properties;
  readonly manifest: string;
}

/** The Helm CLI against one cluster. Values go in by stdin: they may hold passwords and must not lie on the disk. */
export class HelmCli {
  constructor(private readonly access: ClusterAccess) {}

  /** Undefined: no such release. */
  async find(namespace: string, name: string): Promise<LiveRelease | undefined> {
    const status = await this.tryHelm(["status", name, "--namespace", namespace, "--output", "json"], 60);
    if (status.exitCode !== 0) {
      if (status.stderr.includes("release: not found")) {
        return undefined;
      }
      throw new CommandError(`helm status ${name}`, status);
    }
    const release = JSON.parse(status.stdout) as {
      info: { status: string };
      config?: Properties;
      manifest?: string;
      version: number;
    };
    // The chart is not in `helm status`; it is asked for that very revision, since another may come in between.
    const metadata = JSON.parse(
      await this.helm(
        ["get", "metadata", name, "--namespace", namespace, "--revision", `${release.version}`, "--output", "json"],
        60,
      ),
    ) as { chart: string; version: string; appVersion: string };
    return {
      chart: metadata.chart,
      chartVersion: metadata.version,
      appVersion: metadata.appVersion,
      revision: release.version,
      status: release.info.status,
      config: release.config ?? {},
      manifest: release.manifest ?? "",
    };
  }

  /** The version that a chart reference resolves to. */
  async chartVersion(args: readonly string[]): Promise<string> {
    const result = await this.tryHelm(["show", "chart", ...args], 120);
    if (result.exitCode !== 0) {
      throw new Error(messageOf(result));
    }
    return /^version:\s*"?([^"\s]+)"?\s*$/m.exec(result.stdout)?.[1] ?? "";
  }

  /** Install, upgrade and uninstall; a bad exit is a result. */
  change(args: readonly string[], timeoutSeconds: number, values?: Properties): Promise<RunResult> {
    // Helm's own time limit comes first; ours is only for a Helm that hangs.
    return this.tryHelm(args, timeoutSeconds + 120, values);
  }

  private helm(args: readonly string[], timeoutSeconds: number): Promise<string> {
    return run("helm", this.arguments(args), this.options(timeoutSeconds));
  }

  private tryHelm(args: readonly string[], timeoutSeconds: number, values?: Properties): Promise<RunResult> {
    return tryRun("helm", this.arguments(args), {
      ...this.options(timeoutSeconds),
      ...(values === undefined ? {} : { input: JSON.stringify(values) }),
    });
  }

  private arguments(args: readonly string[]): string[] {
    return [...args, "--kubeconfig", this.access.kubeconfig];
  }

  private options(timeoutSeconds: number): RunOptions {
    return {
      timeoutSeconds,
      signal: this.access.signal,
      // Asked to stop, Helm marks the release as failed; killed, it would leave it pending.
      stopSignal: "SIGTERM",
      // It dies with the provider, as the official provider's built-in Helm does.
      sameGroup: true,
    };
  }
}

/** Helm's own message, without the words around it. */
export function messageOf(result: RunResult): string {
  const said = result.stderr
    .split("\n")
    .filter((line) => !/^(WARNING|coalesce\.go|walk\.go|[IW]\d{4} )/.test(line))
    .join("\n")
    .trim();
  return said.replace(/^Error: (?:INSTALLATION FAILED: |UPGRADE FAILED: )?/m, "") || "helm gave no reason";
}

/** `Kind/version` → `namespace/name` of everything a manifest holds, in its order. */
export function resourceNames(manifest: string): Record<string, string[]> {
  const names: Record<string, string[]> = {};
  for (const document of manifest.split(/^---\s*$/m)) {
    const field = (pattern: RegExp) => pattern.exec(document)?.[1]?.replace(/["']/g, "");
    const [apiVersion, kind] = [field(/^apiVersion:\s*(\S+)/m), field(/^kind:\s*(\S+)/m)];
    const metadata = /^metadata:\s*\n((?:[ \t]+.*\n?|\n)*)/m.exec(document)?.[1] ?? "";
    const inner = (key: string) => new RegExp(`^ {2}${key}:\\s*(\\S+)`, "m").exec(metadata)?.[1]?.replace(/["']/g, "");
    const name = inner("name");
    if (apiVersion !== undefined && kind !== undefined && name !== undefined) {
      const namespace = inner("namespace");
      const list = names[`${kind}/${apiVersion}`] ?? [];
      list.push(namespace === undefined ? name : `${namespace}/${name}`);
      names[`${kind}/${apiVersion}`] = list;
    }
  }
  return names;
}
