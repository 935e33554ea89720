import type { EngineEvent, StepEventMetadata } from "@pulumi/pulumi/automation";

/** What the engine did, or in a preview would do, with one resource. */
export interface ResourceStep {
  /** create, update, same, delete, replace, import, … as the engine names it. */
  readonly op: string;
  /** Type token, e.g. `kubernetes:batch/v1:Job`. */
  readonly type: string;
  /** Name in the URN. */
  readonly name: string;
  readonly urn: string;
  /** Top-level properties that differ. */
  readonly diffs: readonly string[];
  /** Paths of the properties that differ. */
  readonly paths: readonly string[];
  readonly outcome: "planned" | "running" | "done" | "failed";
}

export interface Diagnostic {
  readonly severity: string;
  readonly message: string;
  readonly urn?: string;
}

/** One run of the engine, from its own events. */
export interface EngineReport {
  readonly operation: "preview" | "up" | "refresh" | "destroy";
  readonly succeeded: boolean;
  readonly steps: readonly ResourceStep[];
  readonly diagnostics: readonly Diagnostic[];
  readonly seconds: number;
  /** What `pulumi` would have shown. */
  readonly output: string;
}

/** Collects the engine's events; in their order, one step for each resource and operation. */
export class EventCollector {
  private readonly steps = new Map<string, ResourceStep>();
  private readonly diagnostics: Diagnostic[] = [];

  add(event: EngineEvent): void {
    if (event.resourcePreEvent) {
      this.set(event.resourcePreEvent.metadata, event.resourcePreEvent.planning === true ? "planned" : "running");
    } else if (event.resOutputsEvent) {
      this.set(event.resOutputsEvent.metadata, event.resOutputsEvent.planning === true ? "planned" : "done");
    } else if (event.resOpFailedEvent) {
      this.set(event.resOpFailedEvent.metadata, "failed");
    } else if (event.diagnosticEvent && event.diagnosticEvent.ephemeral !== true) {
      const { severity, message, urn } = event.diagnosticEvent;
      this.diagnostics.push({ severity, message: withoutColour(message), ...(urn ? { urn } : {}) });
    }
  }

  report(rest: Pick<EngineReport, "operation" | "succeeded" | "seconds" | "output">): EngineReport {
    return { ...rest, steps: [...this.steps.values()], diagnostics: this.diagnostics };
  }

  private set(metadata: StepEventMetadata, outcome: ResourceStep["outcome"]): void {
    const key = `${metadata.op} ${metadata.urn}`;
    const before = this.steps.get(key);
    const paths = Object.keys(metadata.detailedDiff ?? {});
    this.steps.set(key, {
      op: metadata.op,
      type: metadata.type,
      name: metadata.urn.split("::").slice(3).join("::"),
      urn: metadata.urn,
      diffs: metadata.diffs ?? before?.diffs ?? [],
      paths: paths.length > 0 ? paths : (before?.paths ?? []),
      outcome,
    });
  }
}

/** Steps that change something; the stack and the provider itself left out. */
export function changes(report: EngineReport): readonly ResourceStep[] {
  return report.steps.filter(
    ({ op, type }) => !["same", "read", "refresh"].includes(op) && !type.startsWith("pulumi:"),
  );
}

/** Lines such as `update kubernetes:helm.sh/v3:Release my-release [chart, values, version]`. */
export function describeSteps(steps: readonly ResourceStep[]): string[] {
  return steps.map(({ op, type, name, diffs, outcome }) => {
    const what = diffs.length > 0 ? ` [${diffs.join(", ")}]` : "";
    return `${op} ${type} ${name}${what}${outcome === "failed" ? " FAILED" : ""}`;
  });
}

/** The errors of a run, one text each, and each once. */
export function errors(report: EngineReport): string[] {
  const messages = report.diagnostics
    .filter(({ severity }) => severity === "error")
    .map(({ message }) => message.trim());
  return [...new Set(messages)].filter((message) => message !== "");
}

function withoutColour(message: string): string {
  return message.replace(/<\{%[^%]*%\}>/g, "");
}
