import { clearScreenDown, cursorTo, moveCursor } from "node:readline";
import { stripVTControlCharacters } from "node:util";
import pc from "picocolors";
import { duration } from "../../upgrade/plan/interruption";
import { list } from "../../upgrade/refusal";
import { oneLine } from "../../upgrade/words/visible";
import { table } from "../format/table";
import { describeHalt } from "./fleetReport";
import type { FleetEvents } from "./fleetRun";
import type { Progress } from "./model";

/** Where a fleet is shown while it runs: a table that is drawn anew on a terminal, a line for each change elsewhere. */
export interface BoardOptions {
  readonly stream: NodeJS.WriteStream;
  readonly maxFailures: number;
  readonly now?: () => number;
}

const DRAW_MS = 1000;
/** Elsewhere: so long without a change, and a line says what is under way. */
const QUIET_MS = 60_000;
const DEFAULT_SIZE = { columns: 100, rows: 30 } as const;

export class Board implements FleetEvents {
  private fleet: readonly Progress[] = [];
  private height = 0;
  private lastLine = 0;
  private timer: NodeJS.Timeout | undefined;
  private readonly isLive: boolean;
  private readonly now: () => number;

  constructor(private readonly options: BoardOptions) {
    this.isLive = options.stream.isTTY && process.env.TERM !== "dumb" && !process.env.CI;
    this.now = options.now ?? Date.now;
  }

  open(fleet: readonly Progress[]): void {
    this.fleet = fleet;
    this.lastLine = this.now();
    this.timer = setInterval(() => this.tick(), DRAW_MS);
  }

  close(): void {
    clearInterval(this.timer);
    this.wipe();
  }

  /** A line that stays. */
  say(line: string): void {
    this.wipe();
    this.options.stream.write(`${line}\n`);
    this.lastLine = this.now();
    if (this.isLive && this.timer !== undefined) this.draw();
  }

  begun({ outlook: { stack, way, from }, isCanary }: Progress): void {
    const versions = [from, ...(way?.hops ?? []).map(({ to }) => to)].filter((it) => it !== undefined).join(" → ");
    this.say(`${stack}: begins${isCanary ? " as canary" : ""}${versions === "" ? "" : `, Milvus ${versions}`}`);
  }

  run({ outlook: { stack }, run }: Progress): void {
    // On a terminal the table has it.
    if (!this.isLive) this.say(`${stack}: ${oneLine(run ?? "")}`);
  }

  ended({ outlook: { stack }, end, seconds = 0 }: Progress): void {
    const isThere = end?.outcome === "arrived";
    const what = isThere ? pc.green(`arrived at ${end.version ?? ""}`) : pc.red(end?.outcome ?? "");
    const [first] = end?.why ?? [];
    const why = first === undefined ? "" : `: ${oneLine(first)}`;
    this.say(`${stack}: ${what} after ${duration(seconds)}${why}`);
  }

  halted(halt: Parameters<FleetEvents["halted"]>[0]): void {
    const underWay = this.underWay();
    const waits =
      underWay.length === 0 ? "" : `; ${list(underWay.map(({ outlook }) => outlook.stack))} go on to their end`;
    this.say(`${pc.yellow("stopping")}: ${describeHalt(halt, this.options.maxFailures)}${waits}`);
  }

  private underWay(): Progress[] {
    return this.fleet.filter(({ place }) => place === "running");
  }

  private tick(): void {
    if (this.isLive) {
      this.wipe();
      this.draw();
      return;
    }
    const quiet = this.now() - this.lastLine >= QUIET_MS;
    if (quiet)
      this.say(
        `${this.counts()}: ${this.underWay()
          .map((it) => this.shortly(it))
          .join("; ")}`,
      );
  }

  private shortly(progress: Progress): string {
    return `${progress.outlook.stack} (${this.sinceOf(progress)}${progress.run === undefined ? "" : `, ${oneLine(progress.run)}`})`;
  }

  private sinceOf({ startedAt }: Progress): string {
    return duration(Math.round((this.now() - (startedAt ?? this.now())) / 1000));
  }

  private counts(): string {
    const count = (place: Progress["place"]) => this.fleet.filter((it) => it.place === place).length;
    const locked = count("locked") === 0 ? "" : `${count("locked")} locked, `;
    return `${count("done")} there, ${count("failed")} failed, ${locked}${count("running")} under way, ${count("waiting")} wait`;
  }

  private draw(): void {
    const { stream } = this.options;
    const { columns, rows } = stream.columns > 0 ? stream : DEFAULT_SIZE;
    const lines = [
      this.counts(),
      ...table(
        this.underWay().map((it) => [it.outlook.stack, this.sinceOf(it), oneLine(it.run ?? "looks at the cluster")]),
      ),
    ]
      .slice(0, Math.max(1, rows - 2))
      .map((line) => fitting(line, columns - 1));
    stream.write(`${lines.join("\n")}\n`);
    this.height = lines.length;
  }

  private wipe(): void {
    if (this.height === 0) return;
    const { stream } = this.options;
    moveCursor(stream, 0, -this.height);
    cursorTo(stream, 0);
    clearScreenDown(stream);
    this.height = 0;
  }
}

/** A line that wraps would be two for the cursor. */
function fitting(line: string, columns: number): string {
  return stripVTControlCharacters(line).slice(0, Math.max(1, columns));
}
