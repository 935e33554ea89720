import { expect } from "chai";
import type { AttemptPhase, AttemptState, ClusterState } from "../../../../upgrade/model";
import { describeOpen } from "../../../../upgrade/words/openUpgrade";
import { component, release, running, SEPARATE, wanted } from "../support";

const DOWN = { replicas: 0, readyReplicas: 0, updatedReplicas: 0, pods: 0, rememberedReplicas: 1 };
const CLAIM = "my-release-meta-2.1.4-to-2.2.14-r7";

function attempt(phase: AttemptPhase): AttemptState {
  const id = { from: "2.1.4", to: "2.2.14", revision: 7, ordinal: 1 };
  return { id, claimName: CLAIM, phase, createdAt: "2026-05-01T11:00:00Z" };
}

function stopped(phase: AttemptPhase, over: Partial<ClusterState> = {}): ClusterState {
  const components = SEPARATE.map((name) => component(name, "2.1.4", { ...DOWN, stoppedAt: "2026-05-01T20:36:13Z" }));
  return { ...running("3.2.18", "2.1.4"), components, attempts: [attempt(phase)], ...over };
}

describe("an upgrade that is not finished", () => {
  it("is said with since when Milvus is down, how to go on and how to give up", () => {
    expect(describeOpen(wanted("2.2.14"), stopped("backedUp"))).to.deep.equal([
      `an upgrade is not finished: Milvus 2.1.4 → 2.2.14; Milvus is down since 2026-05-01 20:36:13 UTC; its backup is written (2.1.4-to-2.2.14-r7, claim ${CLAIM})`,
      "go on: pulumi up",
      "give up: pulumi config set milvus:version 2.1.4, then pulumi up",
    ]);
  });

  it("is the earlier time where a run has written when it began to stop", () => {
    const openUpgrade = {
      from: "2.1.4",
      to: "2.2.14",
      startedAt: "2026-05-01T20:30:00Z",
      stoppedAt: "2026-05-01T20:35:00Z",
      runs: 2,
    };
    expect(describeOpen(wanted("2.2.14"), stopped("backedUp", { openUpgrade }))[0]).to.include(
      "since 2026-05-01 20:35:00 UTC",
    );
  });

  it("says the way back that the planner takes, from the middle of the migration too", () => {
    const [, go, back] = describeOpen(wanted("2.1.4"), stopped("migrating"));
    expect(go).to.equal("go on: pulumi config set milvus:version 2.2.14, then pulumi up");
    expect(back).to.equal("give up: pulumi up");
  });

  it("is a roll that stopped half way; back over a minor it names the loss or why not", () => {
    const state: ClusterState = {
      ...running("4.1.28", "2.3.13"),
      components: [
        component("mixcoord", "2.4.16"),
        component("querynode", "2.4.16", { podImages: ["milvusdb/milvus:v2.3.13"], rolledOut: false, paused: true }),
        component("proxy", "2.4.16", { podImages: ["milvusdb/milvus:v2.3.13"], rolledOut: false, paused: true }),
      ],
    };
    const [what, go, back] = describeOpen(wanted("2.4.16"), state);
    expect(what).to.equal("an upgrade is not finished: Milvus 2.3.13 → 2.4.16; paused: querynode and proxy");
    expect(go).to.equal("go on: pulumi up");
    expect(back).to.equal(
      "give up: not supported: Milvus 2.3.13 may not start on what the newer one has written. Better go on. Only with a backup of the data of your own: pulumi config set milvus:version 2.3.13, then pulumi config set milvus:rollback true, then pulumi up",
    );
  });

  const quiet: readonly (readonly [string, string, ClusterState])[] = [
    ["a healthy cluster", "2.2.14", running("4.0.34", "2.2.14")],
    [
      "a finished migration, whose attempt still binds",
      "2.2.14",
      {
        ...running("4.0.34", "2.2.14"),
        release: release("4.0.34", "2.2.14", { revision: 8 }),
        attempts: [attempt("migrated")],
      },
    ],
    [
      "a later version over an old attempt",
      "2.4.16",
      { ...running("4.2.20", "2.4.16"), attempts: [attempt("migrated")] },
    ],
    ["a migration that was given up", "2.1.4", { ...running("3.2.18", "2.1.4"), attempts: [attempt("restored")] }],
    [
      "a backup after which Milvus was started by hand",
      "2.1.4",
      { ...running("3.2.18", "2.1.4"), attempts: [attempt("backedUp")] },
    ],
    [
      "a cluster that somebody scaled to 0 long after an upgrade",
      "2.4.16",
      { ...running("4.2.20", "2.4.16"), components: [component("proxy", "2.4.16", DOWN)] },
    ],
  ];
  for (const [what, version, state] of quiet) {
    it(`is not ${what}`, () => expect(describeOpen(wanted(version), state)).to.deep.equal([]));
  }
});
