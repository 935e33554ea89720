import { expect } from "chai";
import type { Step, StepKind } from "../../../../upgrade/model";
import { factsOf, METADATA_STEPS, outlookOf, runsAsJob, STEPS, stepName } from "../../../../upgrade/steps/steps";
import { declare, PLANS, plannedRun, RESUMES, SETTINGS, STEP } from "../../../support/plans";
import { record } from "../../../support/recordingMonitor";

const KINDS = Object.keys(STEPS) as StepKind[];
const stepOf = (kind: StepKind): Step =>
  [...Object.values(STEP), ...RESUMES].find((step) => step.kind === kind) ?? expect.fail(`no step ${kind}`);

interface Container {
  readonly image: string;
}
interface JobInputs {
  readonly spec: {
    readonly template: {
      readonly spec: { readonly initContainers?: readonly Container[]; readonly containers: readonly Container[] };
    };
  };
}

describe("the table of steps", () => {
  for (const kind of KINDS) {
    it(`${kind}: says what a person reads, and how far it can be undone`, () => {
      const step = stepOf(kind);
      const { why, source } = outlookOf(step, PLANS.migration);
      for (const text of [factsOf(step).title(step), stepName(step), why, source]) expect(text).to.not.equal("");
    });
  }

  for (const kind of KINDS.filter((it) => runsAsJob(stepOf(it)))) {
    it(`${kind}: its Job runs exactly the images of the table`, async () => {
      const plan = { ...PLANS.migration, steps: [stepOf(kind), STEP.release] };
      const { registered } = await record(() => declare(plannedRun(plan)));
      const jobs = registered.filter(({ type }) => type === "kubernetes:batch/v1:Job");
      expect(jobs).to.have.length(1);
      const images = jobs.flatMap(({ inputs }) => {
        const { initContainers = [], containers } = (inputs as unknown as JobInputs).spec.template.spec;
        return [...initContainers, ...containers].map(({ image }) => image);
      });
      const expected = factsOf(stepOf(kind)).images.map((key) => SETTINGS[key]);
      expect([...new Set(images)]).to.have.members(expected);
    });
  }

  it("names the labels of the Jobs that work on the metadata", () => {
    expect(METADATA_STEPS).to.deep.equal(["probe", "backup", "migrate", "restore", "rollback"]);
  });
});
