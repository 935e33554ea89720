import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import { PULUMI_VARIABLE } from "../../../../cli/pulumi/stackConfig";
import { pulumiUp } from "../../../../cli/pulumi/up";
import type { NextRun } from "../../../../cli/walk/walk";
import { parseConfig } from "../../../../config/parseConfig";
import { EVENTS_VARIABLE, type RunEvent } from "../../../../upgrade/progress/events";
import { OTHER_RUN_RULE } from "../../../../upgrade/words/lock";
import { pulumiStandIn } from "../../../support/pulumiStandIn";

const CONFIG = parseConfig({ config: { "milvus:version": "2.2.16", "milvus:namespace": "milvus" } });
const NEXT = { move: { kind: "verify", request: "2.2.16", left: [] }, report: {}, number: 1, total: 1 };

describe("one pulumi up of a walk", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "milvus-up-"));
  const before = { pulumi: process.env[PULUMI_VARIABLE], state: process.env.XDG_STATE_HOME };
  beforeEach(() => {
    // Where it keeps in mind which runs it has started.
    process.env.XDG_STATE_HOME = path.join(folder, "state");
  });
  afterEach(() => {
    process.env[PULUMI_VARIABLE] = before.pulumi ?? "";
    process.env.XDG_STATE_HOME = before.state ?? "";
  });

  /** A run that tells this of itself, and fails. */
  async function failing(event: object, output: "kept" | 2) {
    pulumiStandIn(`printf '%s\\n' '${JSON.stringify(event)}' >> "$${EVENTS_VARIABLE}"; exit 255`);
    const heard: RunEvent[] = [];
    const request = {
      project: { folder, name: "milvus", defaults: {} },
      stack: "dev",
      settings: { config: CONFIG, secrets: [] },
      unlock: false,
      say: () => undefined,
      output,
      hear: (told: RunEvent) => void heard.push(told),
    } as const;
    return { end: await pulumiUp(request, NEXT as unknown as NextRun), heard };
  }
  const refused = (rule: string) => ({ event: "refused", rule, text: "another run is at work: jane@laptop." });

  for (const output of ["kept", 2] as const) {
    it(`was not begun where another run has the release's lock, its display ${output === 2 ? "shown" : "kept"}`, async () => {
      const { end, heard } = await failing(refused(OTHER_RUN_RULE), output);
      expect(end).to.deep.equal({
        kind: "busy",
        who: "a run of another stack or checkout",
        why: "pulumi up was refused: another run is at work: jane@laptop.",
      });
      expect(heard.map(({ event }) => event)).to.deep.equal(["refused"]);
    });
  }

  it("has failed where another rule refused it", async () => {
    const { end } = await failing(refused("downgrade"), "kept");
    expect(end.kind).to.equal("failed");
  });
});
