import { createHash } from "node:crypto";
import { closeSync, constants, lstatSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { pulumiUp } from "./operation";

/** Milliseconds. Whoever thinks about the question for longer reads the lines once more. */
const FRESH = 3_600_000;

export interface ShownLinesOptions {
  /** Number of the process of the `pulumi up` above this program. */
  readonly up?: number | undefined;
  readonly folder?: string;
}

/**
 * What the preview of a `pulumi up` has said, for the update that follows it in the same pulumi: both are processes of their own, one after the
 * other. Pulumi shows what a program says in its end, so that a plan that is said twice stands between the user and how the run ended.
 * A file of digests in the temporary folder; where it cannot be written or is not this user's, the lines are said again.
 */
export class ShownLines {
  readonly #up: number | undefined;
  readonly #file: string;

  constructor(stack: string, { up = pulumiUp(), folder = tmpdir() }: ShownLinesOptions = {}) {
    this.#up = up;
    this.#file = path.join(folder, `milvus-upgrade-shown-${digest(stack).slice(0, 16)}`);
  }

  /** In the preview. */
  keep(lines: readonly string[]): void {
    if (this.#up === undefined) return;
    const { O_WRONLY, O_CREAT, O_TRUNC, O_NOFOLLOW } = constants;
    try {
      const file = openSync(this.#file, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0o600);
      writeFileSync(file, [this.#up, ...lines.map(digest)].join("\n"));
      closeSync(file);
    } catch {
      // They are said again, and no more.
    }
  }

  /** In the update: which of these its preview has not said. Forgets what it has. */
  unsaid(lines: readonly string[]): readonly string[] {
    const said = this.#up === undefined ? [] : this.#take(this.#up);
    return lines.filter((line) => !said.includes(digest(line)));
  }

  #take(up: number): readonly string[] {
    try {
      const { uid, mtimeMs } = lstatSync(this.#file);
      const isMine = uid === process.getuid?.() && Date.now() - mtimeMs < FRESH;
      const [of, ...said] = isMine ? readFileSync(this.#file, "utf8").split("\n") : [];
      rmSync(this.#file);
      return of === String(up) ? said : [];
    } catch {
      return [];
    }
  }
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
