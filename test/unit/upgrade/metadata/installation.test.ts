import { expect } from "chai";
import { installationAnnotations, isForeign } from "../../../../upgrade/metadata/installation";

const HERE = { firstDeployedAt: "2026-03-01T10:00:00.123456789Z", namespaceUid: "u-1" };
const marks = (over: Partial<typeof HERE> = {}) => installationAnnotations({ ...HERE, ...over });
const LATER = "2026-05-01T00:00:00Z";

describe("what belongs to an installation", () => {
  for (const { title, annotations, createdAt = LATER, here = HERE, foreign } of [
    { title: "its own marks", annotations: marks(), foreign: false },
    { title: "another first deployment: a reinstall", annotations: marks({ firstDeployedAt: LATER }), foreign: true },
    {
      title: "another namespace: a copy in another cluster",
      annotations: marks({ namespaceUid: "u-2" }),
      foreign: true,
    },
    {
      title: "another namespace, where this one may not be read",
      annotations: marks({ namespaceUid: "u-2" }),
      here: { firstDeployedAt: HERE.firstDeployedAt },
      foreign: false,
    },
    { title: "no marks, younger than the release: made by version 0.1", annotations: {}, foreign: false },
    { title: "no marks, older than the release", annotations: {}, createdAt: "2026-02-01T00:00:00Z", foreign: true },
    {
      title: "no marks, older by less than clocks differ",
      annotations: {},
      createdAt: "2026-03-01T09:55:00Z",
      foreign: false,
    },
    {
      title: "no marks, where no release is there",
      annotations: {},
      here: {},
      createdAt: "2020-01-01T00:00:00Z",
      foreign: false,
    },
  ] as readonly Row[]) {
    it(`${title}: ${foreign ? "foreign" : "own"}`, () => {
      expect(isForeign({ annotations, createdAt }, here)).to.equal(foreign);
    });
  }
});

interface Row {
  readonly title: string;
  readonly annotations: Record<string, string>;
  readonly createdAt?: string;
  readonly here?: Partial<typeof HERE>;
  readonly foreign: boolean;
}
