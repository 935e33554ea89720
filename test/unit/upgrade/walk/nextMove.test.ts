import { expect } from "chai";
import type { ClusterState, VerificationState } from "../../../../upgrade/model";
import { forecastWay, type Move, nextMove } from "../../../../upgrade/walk/nextMove";
import { describeStanding } from "../../../../upgrade/words/standing";
import { attempt, cluster, component, DOWN, planned, running, SEPARATE, wanted } from "../support";

const SEPARATE_VALUES = {
  mixCoordinator: { enabled: false },
  rootCoordinator: { enabled: true },
  dataCoordinator: { enabled: true },
  queryCoordinator: { enabled: true },
  indexCoordinator: { enabled: true },
};
/** As the program leaves it: the image tag of the wanted version is in the record. */
const tagged = (version: string) => ({ image: { all: { tag: `v${version}` } } });

function verification(status: VerificationState["status"], from: string, to: string): VerificationState {
  return {
    configMap: "my-release-verify",
    attempt: { from, to, revision: 7, ordinal: 1 },
    status,
    summary: "books is gone",
  };
}

/** A cluster that has everything that the plan for its version asks for. */
function settled(chart: string, version: string, over: Parameters<typeof running>[2] = {}, given = {}): ClusterState {
  const { values } = planned(wanted(version, { values: given }), running(chart, version, over));
  return running(chart, version, { ...over, values });
}

/** Half of the components at a newer version, the record pending. */
function half(from: string, to: string, over: { readonly status?: "pending-upgrade" | "failed" } = {}): ClusterState {
  const state = running("4.0.34", from, {
    release: { status: over.status ?? "failed", userValues: tagged(to), lastDeployed: lastDeployed(from) },
  });
  const components = state.components.map((it, index) =>
    index < 3 ? component(it.component, to, { podImages: [`milvusdb/milvus:v${to}`] }) : it,
  );
  return { ...state, components };
}
/** Begun, and not at its end. */
const OPEN = { from: "2.2.9", to: "2.2.14", startedAt: "2026-05-01T11:00:00Z", runs: 1 };
const lastDeployed = (appVersion: string) => ({ revision: 6, chartVersion: "4.0.34", appVersion });

function short(move: Move): string {
  switch (move.kind) {
    case "hop":
      return `hop ${move.plan.kind} to ${move.request}${move.isBegun ? ", begun" : ""}`;
    case "verify":
      return `verify ${move.request}`;
    case "arrived":
      return `arrived at ${move.version}`;
    default:
      return `${move.kind} by ${move.refusal.rule}`;
  }
}

describe("the next move of a walk", () => {
  const rows: readonly { what: string; to: string; state: ClusterState; move: string; over?: object }[] = [
    {
      what: "takes the next hop of the way",
      to: "2.6",
      state: running("3.2.18", "2.1.4"),
      move: "hop migration to 2.2.14",
    },
    {
      what: "takes the last hop with the version as it was asked for",
      to: "2.6",
      state: running("4.2.58", "2.5.16", {
        names: ["mixcoord", "indexnode", "datanode", "querynode", "proxy"],
        values: { mixCoordinator: { enabled: true } },
      }),
      move: "hop rolling to 2.6",
    },
    {
      what: "skips no minor, though one hop may",
      to: "2.4",
      state: running("4.0.34", "2.2.14"),
      move: "hop rolling to 2.3.13",
    },
    {
      what: "has arrived where the version runs with these values",
      to: "2.2.14",
      state: settled("4.0.34", "2.2.14"),
      move: "arrived at 2.2.14",
    },
    {
      what: "runs what is left of runAfter",
      to: "2.2.14",
      over: { runAfter: ["smoke"] },
      state: { ...settled("4.0.34", "2.2.14"), openUpgrade: OPEN },
      move: "verify 2.2.14",
    },
    {
      what: "has arrived where all of runAfter has run",
      to: "2.2.14",
      over: { runAfter: ["smoke"] },
      state: { ...settled("4.0.34", "2.2.14"), openUpgrade: { ...OPEN, ranAfter: ["smoke"] } },
      move: "arrived at 2.2.14",
    },
    {
      what: "finishes a roll that was begun to a version between",
      to: "2.6",
      state: half("2.2.14", "2.3.5"),
      move: "hop rolling to 2.3.5, begun",
    },
    {
      what: "does not go past the version asked for to finish what was begun",
      to: "2.2.16",
      state: half("2.2.14", "2.3.5"),
      move: "refused by no_way_back_from_2_3",
    },
    {
      what: "goes on with the migration that the backup claim names",
      to: "2.6",
      state: running("3.2.18", "2.1.4", {
        component: DOWN,
        state: { attempts: [attempt("migrating", { to: "2.2.9" })] },
      }),
      move: "hop migration to 2.2.9, begun",
    },
    {
      what: "sends a release that failed before any pod came up once more",
      to: "2.5",
      state: running("4.0.34", "2.2.14", {
        release: { status: "failed", userValues: tagged("2.3.5"), lastDeployed: lastDeployed("2.2.14") },
      }),
      move: "hop rolling to 2.3.5, begun",
    },
    {
      what: "waits while somebody may be at work on the release",
      to: "2.6",
      state: running("4.0.34", "2.2.14", {
        release: { status: "pending-upgrade", updatedAt: "2026-05-01T11:59:00Z", lastDeployed: lastDeployed("2.2.14") },
      }),
      move: "wait by another_helm_run_may_be_active",
    },
    {
      what: "looks again at what did not pass its verification",
      to: "2.6",
      state: running("4.0.34", "2.2.14", { state: { verification: verification("failed", "2.1.4", "2.2.14") } }),
      move: "verify 2.2.14",
    },
    {
      what: "leaves it to a person where the snapshot is damaged, which no run can pass",
      to: "2.6",
      state: running("4.0.34", "2.2.14", {
        state: { verification: { ...verification("failed", "2.1.4", "2.2.14"), damaged: "it is cut off" } },
      }),
      move: "refused by a_failed_verification_blocks_the_next_hop",
    },
    {
      what: "looks at what was never verified, also at the end of the way",
      to: "2.2.14",
      state: { ...settled("4.0.34", "2.2.14"), verification: verification("pending", "2.1.4", "2.2.14") },
      move: "verify 2.2.14",
    },
    {
      what: "goes on after a verification that passed",
      to: "2.3.5",
      state: running("4.0.34", "2.2.14", { state: { verification: verification("passed", "2.1.4", "2.2.14") } }),
      move: "hop rolling to 2.3.5",
    },
    {
      what: "makes the mixcoord first where nobody asks for separate coordinators",
      to: "2.6",
      state: running("4.2.58", "2.5.16", { names: SEPARATE }),
      move: "hop helm to 2.5.16",
    },
    {
      what: "stops where the user's values ask for separate coordinators",
      to: "2.6",
      state: settled("4.2.58", "2.5.16", { names: SEPARATE, values: SEPARATE_VALUES }, SEPARATE_VALUES),
      over: { values: SEPARATE_VALUES },
      move: "refused by 2_6_needs_mixcoord_first",
    },
    {
      what: "refuses a way down",
      to: "2.3.13",
      state: running("4.2.20", "2.4.16"),
      move: "refused by no_way_back_from_2_4",
    },
    {
      what: "refuses a hop that costs more than is allowed",
      to: "2.6",
      state: running("3.2.18", "2.1.4"),
      over: { maxDowntimeSeconds: 30 },
      move: "refused by no_more_downtime_than_allowed",
    },
  ];
  for (const { what, to, state, over, move } of rows) {
    it(what, () => expect(short(nextMove(wanted(to, over), state))).to.equal(move));
  }
});

describe("the forecast of a way", () => {
  it("has every hop with chart and kind, up to the version asked for", () => {
    const { hops, end } = forecastWay(wanted("2.6"), running("3.2.18", "2.1.4"));
    expect(
      hops.map(({ request, plan }) => `${plan.from ?? ""} ${plan.kind} ${request} ${plan.chart.version}`),
    ).to.deep.equal([
      "2.1.4 migration 2.2.14 4.0.34",
      "2.2.14 rolling 2.3.13 4.1.28",
      "2.3.13 rolling 2.4.16 4.2.20",
      "2.4.16 rolling 2.5.16 4.2.58",
      "2.5.16 rolling 2.6 5.0.19",
    ]);
    expect(end).to.deep.equal({ kind: "arrived", version: "2.6.15" });
  });

  it("shows from the start what will be in the way of a later hop", () => {
    const { hops, end } = forecastWay(wanted("2.6", { values: SEPARATE_VALUES_FROM_2_1 }), running("3.2.18", "2.1.4"));
    expect(hops.at(-1)?.plan.to).to.equal("2.5.16");
    expect(short(end)).to.equal("refused by 2_6_needs_mixcoord_first");
  });

  it("of a walk that was killed begins with what was begun", () => {
    const { hops } = forecastWay(wanted("2.4.16"), half("2.2.14", "2.3.5"));
    expect(hops.map(({ request, isBegun }) => `${request} ${String(isBegun)}`)).to.deep.equal([
      "2.3.5 true",
      "2.4.16 false",
    ]);
  });
});

const SEPARATE_VALUES_FROM_2_1 = {
  rootCoordinator: { enabled: true },
  dataCoordinator: { enabled: true },
  queryCoordinator: { enabled: true },
  indexCoordinator: { enabled: true },
};

describe("where a cluster stands", () => {
  it("is said of one in the middle of a migration", () => {
    const state = running("3.2.18", "2.1.4", {
      component: DOWN,
      state: { attempts: [attempt("migrating", { to: "2.2.9" })] },
    });
    expect(describeStanding(wanted("2.6"), state)).to.deep.equal([
      "Milvus 2.1.4, stopped",
      "all components are at 0",
      "Helm release my-release: revision 7, deployed, chart 3.2.18",
      "metadata migration 2.1.4-to-2.2.9-r7: the metadata is half migrated, backup on claim claim-7-1",
    ]);
  });

  it("is said of one in the middle of a roll, with what failed its verification", () => {
    const state = half("2.2.14", "2.3.5");
    const components = state.components.map((it) =>
      it.component === "proxy"
        ? { ...it, paused: true }
        : it.component === "datanode"
          ? { ...it, rolledOut: false }
          : it,
    );
    const found = describeStanding(wanted("2.6"), {
      ...state,
      components,
      verification: verification("failed", "2.1.4", "2.2.14"),
    });
    expect(found).to.deep.equal([
      "Milvus 2.2.14 and 2.3.5 (on the newer one: rootcoord, datacoord, indexcoord)",
      "paused: proxy",
      "not rolled out: datanode",
      "Helm release my-release: revision 7, failed, chart 4.0.34",
      "verification of 2.1.4-to-2.2.14-r7: books is gone",
    ]);
  });

  it("is said of one that is not there", () => {
    expect(describeStanding(wanted("2.6"), cluster())).to.deep.equal([
      "no Helm release my-release in namespace milvus",
    ]);
  });
});
