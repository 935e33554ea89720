import type { Outlook, Progress, StackEnd } from "./model";
import type { StackProcess } from "./stackProcess";
import { type FleetLimits, type Halt, nextUp } from "./waves";

export interface FleetEvents {
  begun(progress: Progress): void;
  /** A `pulumi up` of it has begun. */
  run(progress: Progress): void;
  ended(progress: Progress): void;
  halted(halt: Halt): void;
}

/** Starts the walk of one stack; `onRun` is told the title of each of its runs. */
export type StartStack = (outlook: Outlook, onRun: (title: string) => void) => StackProcess;

/** Goes through a fleet, wave by wave. It knows no more than what was seen at its start and how each stack has ended. */
export class FleetRun {
  readonly fleet: Progress[];
  isInterrupted = false;
  halt: Halt | undefined;
  private readonly processes = new Map<string, StackProcess>();

  constructor(
    outlooks: readonly Outlook[],
    private readonly limits: FleetLimits,
    private readonly start: StartStack,
    private readonly events: FleetEvents,
  ) {
    this.fleet = beforehand(outlooks, limits);
  }

  /** Ends once no stack is under way and no other one may be begun. */
  async toEnd(): Promise<void> {
    const underWay = new Map<string, Promise<void>>();
    for (;;) {
      const { begin, halt } = this.isInterrupted ? { begin: [] } : nextUp(this.fleet.map(placeOf), this.limits);
      if (halt !== undefined && this.halt === undefined) {
        this.halt = halt;
        this.events.halted(halt);
      }
      for (const progress of this.fleet.filter(({ outlook }) => begin.includes(outlook.stack))) {
        const { stack } = progress.outlook;
        underWay.set(
          stack,
          this.toEndOf(progress).then(() => void underWay.delete(stack)),
        );
      }
      if (underWay.size === 0) return;
      await Promise.race(underWay.values());
    }
  }

  /** No other stack is begun; those under way are interrupted, each time once more. */
  interrupt(): void {
    this.isInterrupted = true;
    for (const process of this.processes.values()) process.interrupt();
  }

  private async toEndOf(progress: Progress): Promise<void> {
    const { outlook } = progress;
    progress.place = "running";
    progress.startedAt = Date.now();
    this.events.begun(progress);
    const end = await this.walk(progress);
    this.processes.delete(outlook.stack);
    progress.end = end;
    progress.place = end.outcome === "arrived" ? "done" : end.outcome === "locked" ? "locked" : "failed";
    progress.seconds = Math.round((Date.now() - progress.startedAt) / 1000);
    this.events.ended(progress);
  }

  private async walk(progress: Progress): Promise<StackEnd> {
    const { outlook } = progress;
    try {
      const process = this.start(outlook, (title) => {
        progress.run = title;
        this.events.run(progress);
      });
      this.processes.set(outlook.stack, process);
      return await process.end;
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      return { outcome: "failed", done: [], why: [`Its process could not be started: ${why}`] };
    }
  }
}

/** What has nothing to do is done; what is refused, or cannot be opened, has failed before it was begun. */
export function beforehand(outlooks: readonly Outlook[], { canary }: FleetLimits): Progress[] {
  const places = { nothing: "done", hops: "waiting", refused: "failed", unreadable: "failed" } as const;
  return outlooks.map((outlook, index) => ({ outlook, isCanary: index < canary, place: places[outlook.kind] }));
}

export function placeOf({ outlook, place }: Progress): { readonly stack: string; readonly place: Progress["place"] } {
  return { stack: outlook.stack, place };
}
