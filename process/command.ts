import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { resolve as absolute } from "node:path";

export interface CommandOptions {
  readonly cwd?: string;
  /** Written to stdin. */
  readonly input?: string;
  readonly timeoutSeconds: number;
  /** Beside those of this process. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface CommandResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A program that is not there. */
export class MissingProgram extends Error {}

/**
 * Runs a program without a shell; a bad exit is a result.
 *
 * @throws MissingProgram; Error when it does not end in time
 */
export function runCommand(program: string, args: readonly string[], options: CommandOptions): Promise<CommandResult> {
  const { cwd, input = "", timeoutSeconds, env } = options;
  return new Promise((resolve, reject) => {
    // Looked for first: to find that out by starting it would copy this process.
    if (program.includes("/") && !existsSync(absolute(cwd ?? "", program))) throw missing(program);
    const child = spawn(program, args, {
      ...(cwd !== undefined && { cwd }),
      ...(env && { env: { ...process.env, ...env } }),
      stdio: "pipe",
    });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    const name = `${program.split("/").at(-1) ?? program} ${args[0] ?? ""}`.trim();
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      reject(new Error(`${name} did not end within ${timeoutSeconds} s and was killed.`));
    }, timeoutSeconds * 1000);
    child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => err.push(chunk));
    // A program that does not read its input is no error of ours.
    child.stdin.on("error", () => undefined);
    child.stdin.end(input);
    child.once("error", (error: NodeJS.ErrnoException) => {
      clearTimeout(timer);
      reject(error.code === "ENOENT" ? missing(program) : error);
    });
    child.once("close", (code) => {
      clearTimeout(timer);
      const text = (chunks: Buffer[]) => Buffer.concat(chunks).toString("utf8");
      resolve({ exitCode: code ?? 1, stdout: text(out), stderr: text(err) });
    });
  });
}

function missing(program: string): MissingProgram {
  return new MissingProgram(`${program} is not there`);
}
