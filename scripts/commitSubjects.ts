/**
 * `npm run lint:commits` looks at the commits since the rule began, `npm run lint:commits -- RANGE` at others, such as
 * `origin/main..HEAD`. A subject has at most 72 characters; a merge's is git's own.
 */
import { spawnSync } from "node:child_process";
import path from "node:path";

export const LONGEST_SUBJECT = 72;
/** Earlier commits had the reason in the subject as well. */
const RULE_BEGAN = "2026-11-29T12:00:00Z";

/** Commits as `hash subject`, a line each; what is wrong with them. */
export function wrongSubjects(log: string): readonly string[] {
  return log
    .split("\n")
    .filter((line) => line !== "")
    .flatMap((line) => {
      const [hash = "", ...words] = line.split(" ");
      const subject = words.join(" ");
      const length = Array.from(subject).length;
      if (length > LONGEST_SUBJECT) {
        return [`${hash}: the subject has ${length} characters, at most ${LONGEST_SUBJECT} are allowed: ${subject}`];
      }
      return /^(wip|fixup!|squash!)/i.test(subject) ? [`${hash}: say what changes: ${subject}`] : [];
    });
}

function main(range: string | undefined): number {
  const which = range === undefined ? [`--since=${RULE_BEGAN}`, "HEAD"] : [range];
  const cwd = path.join(__dirname, "..");
  const args = ["log", "--no-merges", "--format=%h %s", ...which, "--"];
  const { status, stdout, stderr } = spawnSync("git", args, { cwd, encoding: "utf8", timeout: 60_000 });
  if (status !== 0) {
    process.stderr.write(`The commits cannot be read: ${stderr}`);
    return 1;
  }
  const wrong = wrongSubjects(stdout);
  for (const line of wrong) process.stderr.write(`${line}\n`);
  return wrong.length === 0 ? 0 : 1;
}

if (require.main === module) process.exitCode = main(process.argv[2]);
