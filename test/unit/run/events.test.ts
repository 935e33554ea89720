import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { expect } from "chai";
import { eventLines, hearRun } from "../../../cli/walk/runEvents";
import { eventSink, tellLine, tellRefused } from "../../../run/events";
import { EVENT, EVENT_SCHEMA_FILE, eventSchema } from "../../../scripts/eventSchema";
import { EVENTS_VARIABLE, type RunEvent } from "../../../upgrade/progress/events";
import { PLANS } from "../../support/plans";

const ADDRESS = { releaseName: "my-release", namespace: "milvus" };
const STEP = { step: "stop", title: "stop 3 Deployments", number: 2, of: 6 } as const;

describe("the events of a run", () => {
  let folder: string;
  const before = process.env[EVENTS_VARIABLE];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "milvus-events-"));
  });
  afterEach(() => {
    if (before === undefined) Reflect.deleteProperty(process.env, EVENTS_VARIABLE);
    else process.env[EVENTS_VARIABLE] = before;
    rmSync(folder, { recursive: true, force: true });
  });

  const tellAll = () => {
    const events = eventSink(ADDRESS, PLANS.migration);
    tellLine(ADDRESS, "lock: it was silent for 60 s\n\u001b[31mso it is taken over");
    events.tell({ event: "planned", hash: "abc", lines: ["upgrade with metadata migration"] });
    events.tell({ event: "stepStarted", ...STEP });
    events.tell({ event: "stepProgress", ...STEP, text: "3 pods still there" });
    events.tell({ event: "stepStuck", ...STEP, text: "pod x: it does not end" });
    events.tell({ event: "stepEnded", ...STEP, seconds: 12.3, result: "done" });
    tellRefused(ADDRESS, "another_run_is_active", "jane is at work");
    events.tell({ event: "finished", seconds: 60, verification: "passed", lines: ["done in 60 s:", "  stop  12.1 s"] });
  };

  it("are lines of JSON in the file that the environment names, as the schema says, each on one line", () => {
    process.env[EVENTS_VARIABLE] = join(folder, "events.jsonl");
    tellAll();
    const lines = readFileSync(join(folder, "events.jsonl"), "utf8").trimEnd().split("\n");
    expect(lines).to.have.length(8);
    for (const line of lines) EVENT.parse(JSON.parse(line));
    expect(lines.join("")).to.not.include("\u001b");
    expect(JSON.parse(lines[5] ?? "")).to.deep.include({
      release: "milvus/my-release",
      plan: "migration",
      from: "2.1.4",
      to: "2.2.9",
      event: "stepEnded",
      result: "done",
    });
  });

  it("are told to nobody where none is named", () => {
    Reflect.deleteProperty(process.env, EVENTS_VARIABLE);
    expect(tellAll).to.not.throw();
  });

  it("are heard by the command that has started the run, also the last ones, and the file goes", () => {
    const heard: RunEvent[] = [];
    const run = hearRun((event) => void heard.push(event));
    process.env[EVENTS_VARIABLE] = run.file;
    tellAll();
    run.end();
    expect(heard.map(({ event }) => event)).to.deep.equal([
      "said",
      "planned",
      "stepStarted",
      "stepProgress",
      "stepStuck",
      "stepEnded",
      "refused",
      "finished",
    ]);
    expect(() => readFileSync(run.file)).to.throw();
    const shown = stripVTControlCharacters(heard.flatMap((event) => eventLines(event, "abc")).join("\n"));
    expect(shown).to.include("2/6 stop 3 Deployments").and.to.include("stuck: pod x");
    // One total: that of the walk, which comes after it.
    expect(shown).to.include("the steps of this run:\n    stop  12.1 s").and.not.to.include("done in 60 s");
    expect(shown).to.not.include("another plan");
    expect(heard.flatMap((event) => eventLines(event, "other"))[1]).to.include("another plan than was shown");
  });

  it("have a schema in the documents", () => {
    expect(readFileSync(EVENT_SCHEMA_FILE, "utf8")).to.equal(eventSchema());
  });
});
