/** How a fleet goes forward: pure, asked again after each change. */

export interface FleetLimits {
  /** How many stacks, from the first on, go before all others. */
  readonly canary: number;
  readonly maxParallel: number;
  /** Once so many stacks have failed, no other one is begun. */
  readonly maxFailures: number;
}

/** `failed` is also a stack that is refused, cannot be opened, or was interrupted; `locked`: somebody else holds it, and nothing was begun. */
export type Place = "waiting" | "running" | "done" | "failed" | "locked";

export interface Member {
  readonly stack: string;
  readonly place: Place;
}

/** Why no other stack is begun, though some wait. */
export type Halt =
  | { readonly kind: "canary"; readonly stacks: readonly string[] }
  | { readonly kind: "failures"; readonly count: number };

export interface NextUp {
  readonly begin: readonly string[];
  readonly halt?: Halt;
}

/** What to begin now. The canaries come first, and the others only when all of those are done. */
export function nextUp(fleet: readonly Member[], limits: FleetLimits): NextUp {
  const { canary, maxParallel } = limits;
  if (!fleet.some(({ place }) => place === "waiting")) return { begin: [] };
  const halt = haltOf(fleet, limits);
  if (halt !== undefined) return { begin: [], halt };
  const canaries = fleet.slice(0, canary);
  const wave = canaries.every(({ place }) => place === "done") ? fleet : canaries;
  const running = fleet.filter(({ place }) => place === "running").length;
  const waiting = wave.filter(({ place }) => place === "waiting").map(({ stack }) => stack);
  return { begin: waiting.slice(0, Math.max(0, maxParallel - running)) };
}

function haltOf(fleet: readonly Member[], { canary, maxFailures }: FleetLimits): Halt | undefined {
  const canaries = fleet.slice(0, canary).filter(({ place }) => place === "failed" || place === "locked");
  if (canaries.length > 0) return { kind: "canary", stacks: canaries.map(({ stack }) => stack) };
  const { length: count } = fleet.filter(({ place }) => place === "failed");
  return count >= maxFailures ? { kind: "failures", count } : undefined;
}
