import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import fc from "fast-check";
import { inArguments } from "../../../config/arguments";
import { approvalLines, refusalOfUnapproved } from "../../../upgrade/approval";
import { planUpgrade } from "../../../upgrade/plan/plan";
import { describePlan } from "../../../upgrade/words/describe";
import { describeFailed } from "../../../verify/describe";
import { examples } from "../../support/examples";
import { plausible, requests, states } from "../upgrade/anyState";
import { planned, running, wanted } from "../upgrade/support";

/** What only somebody with a stack config can set or type. */
const OF_THE_STACK = /(?<![\w/-])milvus:[a-z]\w*|kubernetes:(?:kubeconfig|context|cluster)\b|pulumi config|npm run/;
/** A sentence that has lost its verb or its object, or has one of them twice, or ends without an end. */
const BROKEN =
  /\b(?:to|set|take|out of) in the program|in the program (?:to\b|[A-Z])|\b(?:run|set) (?:run|set|take|a newer)\b|\. a newer/;

function readable(text: string): void {
  const worded = inArguments(text);
  expect(worded).to.not.match(OF_THE_STACK);
  expect(worded).to.not.match(BROKEN);
}

const ROOT = join(__dirname, "..", "..", "..");
const ROOMS = ["upgrade", "cluster", "run", "verify", "components"];

/** The lines of a file that can be a part of a message: not comments, nor explanations, which only the documents have. */
function messageLines(file: string): string[] {
  const lines = readFileSync(join(ROOT, file), "utf8").split("\n");
  return lines.filter((line, index) => {
    const isComment = /^\s*(\/\/|\/?\*)/.test(line);
    const isExplanation = [line, lines[index - 1] ?? ""].some((it) => /^\s*explanation:/.test(it));
    return !isComment && !isExplanation && !line.includes("export const WALK_COMMAND");
  });
}

describe("a message for a program of one's own", () => {
  const files = ROOMS.flatMap((room) =>
    readdirSync(join(ROOT, room), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".ts"))
      .map((name) => join(room, name)),
  );

  it("names no key of the stack config and no command beside it, whatever line of the program it comes from", () => {
    const left = files.flatMap((file) =>
      messageLines(file)
        .filter((line) => OF_THE_STACK.test(inArguments(line)))
        .map((line) => `${file}: ${line.trim()}`),
    );
    // Lines that put a key into the text by themselves: the plans below have them.
    const composed = /`(?:pulumi config set (?:--path ')?milvus:|milvus:)\$\{|milvus:values\.\$\{/;
    expect(left.filter((line) => !composed.test(line) && !line.includes("OLD_TYPE"))).to.deep.equal([]);
  });

  it("names none in any plan or refusal", function () {
    this.timeout(60_000);
    fc.assert(
      fc.property(requests, states, (request, state) => readable(describePlan(planUpgrade(request, state)).join("\n"))),
      examples(100),
    );
    fc.assert(
      fc.property(plausible, ({ request, state }) => readable(describePlan(planUpgrade(request, state)).join("\n"))),
      examples(100),
    );
  });

  it("names none where an approval or a verification fails", () => {
    const plan = planned(wanted("2.2.16"), running("4.0.31", "2.2.9"));
    const refusal = refusalOfUnapproved("a.b.c.d.e", "1.2.3.4.5", plan);
    readable([...approvalLines("a.b.c.d.e", "1.2.3.4.5"), ...describePlan(refusal ?? expect.fail())].join("\n"));
    for (const reversibility of ["reversible", "restore only", "one way"] as const) {
      const differences = [{ kind: "no answer", subject: "films", message: "films does not answer" }] as const;
      const result = { status: "failed", problems: ["a"], differences, configMap: "m" } as const;
      readable(describeFailed(result, { from: "2.2.9", to: "2.2.16", reversibility }));
    }
  });
});
