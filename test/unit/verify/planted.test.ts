import { expect } from "chai";
import fc from "fast-check";
import type { HelmValues, UpgradePlan } from "../../../upgrade/model";
import { describeFailed } from "../../../verify/describe";
import { type VerifySettings, verifyUpgrade } from "../../../verify/verify";
import { fakeClient } from "../../support/fakeClient";
import { FakeMilvus } from "../../support/fakeMilvus";
import { deployment, record } from "../cluster/objects";

const PLAN = { from: "2.1.4", to: "2.2.9" } as UpgradePlan;
const SETTINGS: VerifySettings = {
  mode: "health",
  queries: [],
  rows: "exact",
  reload: false,
  // It looks once.
  timeouts: { settle: 0, verify: -1, answers: 1, writes: 1 },
};
const target = (client: ReturnType<typeof fakeClient>) => ({ client, releaseName: "my-release", namespace: "milvus" });

function proxy(version: string) {
  const { spec, ...rest } = deployment("proxy");
  return {
    ...rest,
    spec: { ...spec, template: { spec: { containers: [{ name: "proxy", image: `milvusdb/milvus:v${version}` }] } } },
  };
}

function helmRecord(config: HelmValues) {
  return {
    name: "my-release",
    namespace: "milvus",
    version: 1,
    info: {
      status: "deployed",
      first_deployed: "2026-01-01T00:00:00Z",
      last_deployed: "2026-01-01T00:00:00Z",
      description: "",
    },
    chart: { metadata: { name: "milvus", version: "4.0.31", appVersion: "2.2.9" }, values: {} },
    config,
    manifest: "",
  };
}

describe("a secret planted in the credentials or the values", () => {
  const secrets = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9,!_+ -]{9,24}[a-z]$/).map((text) => `Zz${text}`);

  it("is in no ConfigMap, line or result of a verification, also where the server repeats what it was sent", async () => {
    const milvus = new FakeMilvus("v2.2.9", true);
    const address = await milvus.start(false);
    try {
      await fc.assert(
        fc.asyncProperty(secrets, fc.boolean(), async (secret, isToken) => {
          const credentials = isToken ? { token: `root:${secret}` } : { username: "root", password: secret };
          const values = { minio: { secretKey: secret }, note: secret };
          const secretsOfHelm = [record(helmRecord(values), "sh.helm.release.v1.my-release.v1")];
          const client = fakeClient({ secrets: secretsOfHelm, deployments: [proxy("2.2.9")] });
          const lines: string[] = [];
          const settings = { ...SETTINGS, address, credentials };
          const result = await verifyUpgrade(
            target(client),
            settings,
            PLAN,
            undefined,
            (line) => void lines.push(line),
          );
          expect(result.status).to.equal("failed");
          expect(client.writes).to.have.length(1);
          const written = JSON.stringify([
            client.writes,
            lines,
            result,
            describeFailed(result, { ...PLAN, reversibility: "reversible" }),
          ]);
          expect(written).to.contain("(hidden)");
          for (const spelled of [secret, btoa(secret), btoa(`root:${secret}`)]) expect(written).to.not.contain(spelled);
        }),
        { numRuns: 6 },
      );
    } finally {
      milvus.stop();
    }
  });
});
