import * as k8s from "@pulumi/kubernetes";
import { expect } from "chai";
import { StepGate } from "../../../../components/engine/stepGate";
import { PLANS, plannedRun, STEP } from "../../../support/plans";
import { record } from "../../../support/recordingMonitor";

const RUN = "1a2b3c4d-0000-4000-8000-000000000000";

/** What the gate says to a step that comes after this Job. */
async function openAfter(
  name: string,
  leftOut: readonly string[] = [],
  guard?: { check(): Promise<void>; release(): Promise<void> },
): Promise<string> {
  let answer = "";
  await record(
    async () => {
      const gate = new StepGate({ ...plannedRun(PLANS.migration), ...(guard && { guard }) }, RUN);
      const job = new k8s.batch.v1.Job("stop", { metadata: { name } });
      answer = await Promise.resolve(gate.open([job])).then(
        () => "open",
        (error: unknown) => (error as Error).message,
      );
    },
    { leftOut },
  );
  return answer;
}

describe("the gate before a step", () => {
  it("opens once the Job before it was made in this run", async () => {
    expect(await openAfter("my-release-stop-1a2b3c4d")).to.equal("open");
  });

  it("stays closed after a Job that the engine left out: the state has that of an earlier run, or none", async () => {
    const refusal =
      /^refused \(no_step_is_left_out\): the step stop has not been done.*--target, --exclude.*Run pulumi up without/s;
    expect(await openAfter("my-release-stop-99999999")).to.match(refusal);
    expect(await openAfter("my-release-stop-1a2b3c4d", ["stop"])).to.match(refusal);
  });

  for (const { title, name, leftOut, answer } of [
    { title: "opens once the record of a dead install is marked", name: STEP.markFailed.recordName, answer: /^open$/ },
    { title: "stays closed after a mark of another revision", name: "other.v2", answer: /no_step_is_left_out/ },
    {
      title: "stays closed after a mark that the engine left out",
      name: STEP.markFailed.recordName,
      leftOut: ["failed-record"],
      answer: /no_step_is_left_out/,
    },
  ]) {
    it(title, async () => {
      let said = "";
      await record(
        async () => {
          const gate = new StepGate(plannedRun({ ...PLANS.install, steps: [STEP.markFailed, STEP.release] }), RUN);
          const secret = new k8s.core.v1.Secret("failed-record", { metadata: { name } });
          said = await Promise.resolve(gate.open([secret])).then(
            () => "open",
            (error: unknown) => (error as Error).message,
          );
        },
        { leftOut: leftOut ?? [] },
      );
      expect(said).to.match(answer);
    });
  }

  it("stays closed for a run that has lost its lock, before the engine deletes anything for a replacement", async () => {
    const guard = { check: () => Promise.reject(new Error("taken over")), release: () => Promise.resolve() };
    expect(await openAfter("my-release-stop-1a2b3c4d", [], guard)).to.equal("taken over");
  });

  it("is open in a preview, which does nothing", async () => {
    let opened: unknown;
    await record(
      () => {
        opened = new StepGate(plannedRun(PLANS.migration), RUN).open([]);
      },
      { preview: true },
    );
    expect(opened).to.deep.equal([]);
  });
});
