import { expect } from "chai";
import type { PlannedRun } from "../../../../components/declare/context";
import { NO_EARLIER_RUN } from "../../../../components/engine/earlierRun";
import { releaseValues } from "../../../../components/values";
import { PLAN_KINDS, type UpgradePlan } from "../../../../upgrade/model";
import { PLANS, recordPlan, state } from "../../../support/plans";
import { isSecret, plain, type Registered } from "../../../support/recordingMonitor";

async function release(plan: UpgradePlan, changes: Partial<PlannedRun> = {}): Promise<Registered> {
  const { registered } = await recordPlan(plan, changes);
  const found = registered.find(({ type }) => type === "kubernetes:helm.sh/v3:Release");
  return found ?? expect.fail("no Release is declared");
}

describe("the Release", () => {
  for (const kind of PLAN_KINDS) {
    it(`${kind}: is protected`, async () => {
      expect((await release(PLANS[kind])).protect).to.equal(true);
    });
  }

  it("has a Pulumi name that does not change with its own, so that a changed one is a replacement, which is refused", async () => {
    expect((await release(PLANS.helm, { releaseName: "other", namespace: "elsewhere" })).name).to.equal(
      "milvus-release",
    );
  });

  it("gets complete values: nothing of the last revision's is reused, nothing is rolled back behind Pulumi's back", async () => {
    const { inputs } = await release(PLANS.helm);
    expect(plain(inputs.values)).to.deep.equal(PLANS.helm.values);
    expect(inputs).to.not.have.any.keys("reuseValues", "resetValues", "atomic", "forceUpdate");
  });

  describe("takes the chart from", () => {
    const { chart } = PLANS.helm;
    const rows = [
      {
        from: { ...chart, kind: "repository", location: "https://charts.example.com" },
        expected: { chart: "milvus", version: "4.0.31", repositoryOpts: { repo: "https://charts.example.com" } },
      },
      {
        from: { ...chart, kind: "oci", location: "oci://registry.example.com/charts/milvus" },
        expected: { chart: "oci://registry.example.com/charts/milvus", version: "4.0.31", repositoryOpts: undefined },
      },
      {
        from: { ...chart, kind: "folder", location: "charts/milvus-4.0.31" },
        expected: { chart: "charts/milvus-4.0.31", version: "4.0.31", repositoryOpts: undefined },
      },
    ] as const;
    for (const { from, expected } of rows) {
      it(`${from.kind}: ${from.location}`, async () => {
        const { inputs } = await release({ ...PLANS.helm, chart: from });
        const { chart: name, version, repositoryOpts } = inputs;
        expect({ chart: name, version, repositoryOpts }).to.deep.equal(expected);
      });
    }
  });

  it("is imported when it lives in the cluster already, and only then", async () => {
    expect((await release(PLANS.helm)).importId).to.equal("milvus/my-release");
    expect((await release(PLANS.install)).importId).to.equal("");
  });

  it("creates the namespace only when there is none, which later runs do not see as a change", async () => {
    const installed = await release(PLANS.install);
    expect(installed.inputs.createNamespace).to.equal(true);
    expect(installed.ignoreChanges).to.include("createNamespace");
    expect((await release(PLANS.install, { state: state() })).inputs.createNamespace).to.equal(false);
  });

  describe("the inputs that tell of the plan", () => {
    it("are not looked at when there is nothing to do, so that the Release is unchanged", async () => {
      const earlier = { ...NO_EARLIER_RUN, hasRelease: true };
      const { ignoreChanges } = await release(PLANS.nothing, { earlier });
      expect(ignoreChanges).to.include.members(["description", "skipAwait", "timeout"]);
    });

    for (const kind of PLAN_KINDS.filter((it) => it !== "nothing")) {
      it(`${kind}: are sent`, async () => {
        expect((await release(PLANS[kind])).ignoreChanges).to.not.include.any.members([
          "description",
          "skipAwait",
          "timeout",
        ]);
      });
    }

    it("name the revision they start from: a second try is an update, which also starts a stopped cluster", async () => {
      const first = await release(PLANS.migration);
      const { release: found } = state();
      const second = await release(PLANS.migration, {
        state: state(found && { release: { ...found, revision: 8 } }),
      });
      expect(first.inputs.description).to.match(/^milvus-upgrade: migration 2\.1\.4 to 2\.2\.9 from revision 7;/);
      expect(second.inputs.description).to.match(/^milvus-upgrade: migration 2\.1\.4 to 2\.2\.9 from revision 8;/);
    });

    it("tell the plan's steps to whoever reads helm history afterwards", async () => {
      expect((await release(PLANS.migration)).inputs.description).to.match(
        /; steps: .*stop \d+ Deployments, backup metadata, migrate metadata, release$/,
      );
    });

    it("let Helm wait, except where a paused Deployment holds back what is waited for", async () => {
      expect((await release(PLANS.helm)).inputs).to.include({ skipAwait: false, timeout: 1800 });
      expect((await release(PLANS.rolling)).inputs).to.include({ skipAwait: true });
    });
  });

  describe("secrets in the values", () => {
    it("all values are secret when the config has them encrypted", async () => {
      const { inputs } = await release(PLANS.helm, { values: releaseValues(PLANS.helm.values, [], true) });
      expect(isSecret(inputs.values)).to.equal(true);
    });

    it("what looks like a password or key is secret wherever it came from, the rest stays readable", async () => {
      const values = {
        minio: { accessKey: "minioadmin", secretKey: "s3cret", mode: "distributed" },
        externalKafka: { sasl: { username: "milvus", password: "pw" } },
        users: [{ name: "root", token: "t" }],
        password: { min: 3 },
        emptyPassword: "",
      };
      const { inputs } = await release({ ...PLANS.helm, values });
      expect(plain(inputs.values)).to.deep.equal(values);
      expect(secretPaths(inputs.values)).to.have.members([
        "minio.accessKey",
        "minio.secretKey",
        "externalKafka.sasl.password",
        "users.0.token",
      ]);
    });
  });
});

function secretPaths(value: unknown, path: readonly string[] = []): string[] {
  if (isSecret(value)) {
    return [path.join(".")];
  }
  return typeof value === "object" && value !== null
    ? Object.entries(value).flatMap(([key, inner]) => secretPaths(inner, [...path, key]))
    : [];
}
