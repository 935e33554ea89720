import { expect } from "chai";
import { PLAN_KINDS } from "../../../../upgrade/model";
import { jobRights } from "../../../../upgrade/steps/jobRights";
import { PLANS } from "../../../support/plans";

const DEPLOYMENTS = ["my-release-milvus-proxy", "my-release-milvus-querynode", "my-release-milvus-rootcoord"];
const READING = ["get", "list", "watch"];

const apps = (resource: string, verbs: string[]) => ({
  apiGroups: ["apps"],
  resources: [resource],
  verbs,
  resourceNames: DEPLOYMENTS,
});
const core = (resource: string, verbs: string[], ...resourceNames: string[]) => ({
  apiGroups: [""],
  resources: [resource],
  verbs,
  resourceNames,
});
const CLAIM = core("persistentvolumeclaims", ["get", "patch"], "my-release-meta-2.1.4-to-2.2.9-r7");
const PODS = { apiGroups: [""], resources: ["pods"], verbs: READING };

describe("the rights of the upgrade's Jobs", () => {
  const stopped = [apps("deployments", ["get", "patch"]), apps("deployments/scale", ["get", "patch", "update"]), PODS];
  const rows = [
    { plan: PLANS.install, rules: [] },
    { plan: PLANS.nothing, rules: [] },
    { plan: PLANS.helm, rules: [] },
    {
      plan: PLANS.rolling,
      rules: [
        apps("deployments", ["get", "patch"]),
        apps("deployments", ["list", "watch"]),
        { apiGroups: ["apps"], resources: ["statefulsets"], verbs: READING },
      ],
    },
    {
      plan: PLANS.migration,
      rules: [...stopped, core("secrets", ["delete"], "sh.helm.release.v1.my-release.v8"), CLAIM],
    },
    { plan: PLANS.giveUp, rules: [...stopped, CLAIM] },
    { plan: PLANS.rollback, rules: [...stopped, CLAIM] },
  ];
  for (const { plan, rules } of rows) {
    it(`${plan.kind}: exactly what its steps need`, () => {
      expect(jobRights(plan)).to.have.deep.members(rules);
    });
  }

  it("rolling away from an older version: pods may be read as well, to see the old ones go", () => {
    const steps = PLANS.rolling.steps.map((step) =>
      step.kind === "resume" ? { ...step, oldPods: { hashes: ["5f"], graceSeconds: 30 } } : step,
    );
    expect(jobRights({ ...PLANS.rolling, steps })).to.have.deep.members([...jobRights(PLANS.rolling), PODS]);
  });

  for (const kind of PLAN_KINDS) {
    it(`${kind}: nothing can be changed that is not named, nor any Secret read`, () => {
      for (const { resources, verbs, resourceNames } of jobRights(PLANS[kind]) as {
        resources: string[];
        verbs: string[];
        resourceNames?: string[];
      }[]) {
        expect(verbs).to.not.include("*");
        expect(resources).to.not.include("*");
        if (verbs.some((verb) => !READING.includes(verb))) {
          expect(resourceNames, `${resources.join()} ${verbs.join()}`).to.be.an("array").that.is.not.empty;
        }
        if (resources.includes("secrets")) {
          expect(verbs).to.deep.equal(["delete"]);
        }
      }
    });
  }
});
