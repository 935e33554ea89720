import { expect } from "chai";
import type { Step } from "../../../../upgrade/model";
import { terminalLine } from "../../../../upgrade/progress/terminalLine";

describe("the line of a step on a terminal", () => {
  const resume: Step = { kind: "resume", component: "querynode", deployment: "my-release-milvus-querynode" };
  const release: Step = { kind: "release", awaitReady: true };
  const steps: readonly Step[] = [{ kind: "prepull", image: "milvusdb/milvus:v2.4.6" }, release, resume];

  for (const { step, text, line } of [
    {
      step: release,
      text: "13 of 14 workloads are ready; 11 s",
      line: "2/3 release: 13 of 14 workloads are ready; 11 s",
    },
    { step: resume, text: "querynode: 1 of 3 pods at 2.4.6", line: "3/3 querynode: 1 of 3 pods at 2.4.6" },
    { step: resume, text: "begins", line: "3/3 querynode: begins" },
  ]) {
    it(`says each word once, and what changes first: ${line}`, () => {
      expect(terminalLine({ steps }, step, text)).to.equal(line);
    });
  }
});
