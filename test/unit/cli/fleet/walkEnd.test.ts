import { expect } from "chai";
import type { StackEnd } from "../../../../cli/fleet/model";
import { type ProcessEnd, walkEnd } from "../../../../cli/fleet/walkEnd";
import { heading, readHeading } from "../../../../cli/format/way";
import type { WalkEnd } from "../../../../cli/walk/walk";

const json = (end: WalkEnd, done: readonly string[] = [], waitedFor?: string) =>
  JSON.stringify({ stack: "prod-a", hops: [], end, done, waitedFor });

/** As pulumi prints a failed run, with the words of the program's error hook among it. */
const LOG = `
\u001b[1mRun 1 of 1: Helm upgrade\u001b[0m
Diagnostics:
  milvus-upgrade:index:MilvusCluster (milvus):
    error: pod my-release-querynode-0 cannot be placed: 0/3 nodes have 64Gi free\u0007
  pulumi:pulumi:Stack (milvus-prod-a):
    error: update failed
    error: pod my-release-querynode-0 cannot be placed: 0/3 nodes have 64Gi free\u0007
stopped: pulumi up ended
`;

const TABLE: readonly {
  readonly when: string;
  readonly end: Partial<ProcessEnd>;
  readonly is: Partial<StackEnd>;
}[] = [
  {
    when: "it arrived",
    end: { exitCode: 0, stdout: json({ kind: "arrived", version: "2.6.15" }, ["a hop"]) },
    is: { outcome: "arrived", version: "2.6.15", done: ["a hop"], why: [] },
  },
  {
    when: "it arrived by another run, which it has waited for",
    end: { exitCode: 0, stdout: json({ kind: "arrived", version: "2.6.15" }, [], "jane@laptop") },
    is: { outcome: "arrived", version: "2.6.15", done: [], why: ["waited for another run: jane@laptop"] },
  },
  {
    when: "somebody else has the stack",
    end: { stdout: json({ kind: "busy", why: "the stack is locked by jane" }) },
    is: { outcome: "locked", done: [], why: ["the stack is locked by jane"] },
  },
  {
    when: "it was refused before it was begun",
    end: {
      stdout: JSON.stringify({ hops: [], refusal: { kind: "refused", rule: "a_rule", reason: "no", remedy: "yes" } }),
    },
    is: { outcome: "refused", done: [], why: ["refused (a_rule): no", "what to do: yes"] },
  },
  {
    when: "a run failed: with its errors, once each, and nothing that a terminal obeys",
    end: {
      stdout: json({ kind: "failed", why: "pulumi up ended with exit code 255 after 40 s; what it said is above." }),
      log: LOG,
    },
    is: {
      outcome: "failed",
      why: [
        "pulumi up ended with exit code 255 after 40 s; its last errors follow.",
        "pod my-release-querynode-0 cannot be placed: 0/3 nodes have 64Gi free\\u{7}",
      ],
    },
  },
  {
    when: "it was refused when its turn came",
    end: {
      stdout: json({
        kind: "refused",
        refusal: { kind: "refused", rule: "no_downgrade_without_rollback", reason: "no", remedy: "yes" },
      }),
    },
    is: { outcome: "refused", why: ["refused (no_downgrade_without_rollback): no", "what to do: yes"] },
  },
  {
    when: "its plan is not approved: how to approve it",
    end: { stdout: json({ kind: "unapproved", hash: "abc", request: "2.6.15" }) },
    is: {
      outcome: "failed",
      why: [
        "milvus:approvedPlan does not approve this run, whose hash is abc.",
        "To approve it: pulumi config set milvus:approvedPlan abc --stack prod-a",
      ],
    },
  },
  {
    when: "it was interrupted in a run",
    end: { exitCode: 130, stdout: json({ kind: "interrupted" }, ["a hop"]) },
    is: { outcome: "interrupted", done: ["a hop"] },
  },
  { when: "it was interrupted between two runs", end: { exitCode: 130 }, is: { outcome: "interrupted" } },
  {
    when: "it was interrupted before it listened",
    end: { exitCode: null, signal: "SIGINT" },
    is: { outcome: "interrupted" },
  },
  {
    when: "it could not be opened",
    end: { log: "looking\nerror: pulumi config could not show the encrypted values\nLog in (pulumi login).\n" },
    is: { outcome: "failed", why: ["pulumi config could not show the encrypted values", "Log in (pulumi login)."] },
  },
  {
    when: "it was killed and said nothing",
    end: { exitCode: null, signal: "SIGKILL" },
    is: { outcome: "failed", why: ["Its process ended by signal SIGKILL and gave no reason."] },
  },
  {
    when: "it printed half a report",
    end: { exitCode: 1, stdout: '{"end": {"kind": "arr' },
    is: { outcome: "failed", why: ["Its process ended by exit code 1 and gave no reason."] },
  },
  {
    when: "it did not end in time",
    end: { exitCode: 130, stdout: json({ kind: "interrupted" }), isTimedOut: true },
    is: { outcome: "failed", why: ["It did not end within the limits of its steps, and was interrupted."] },
  },
];

describe("how the walk of a stack ended", () => {
  for (const { when, end, is } of TABLE) {
    it(when, () => {
      const given: ProcessEnd = { exitCode: 1, signal: null, stdout: "", log: "", isTimedOut: false, ...end };
      expect(walkEnd("prod-a", given)).to.include.deep.property("outcome", is.outcome);
      expect(walkEnd("prod-a", given)).to.deep.include(is);
    });
  }
});

describe("the heading of a run", () => {
  it("is found again in what a walk has said", () => {
    expect(readHeading(heading({ number: 2, total: 3 }, "Helm upgrade"))).to.equal("run 2 of 3: Helm upgrade");
    expect(readHeading("what it says of Run 2 of 3: no")).to.equal(undefined);
  });
});
