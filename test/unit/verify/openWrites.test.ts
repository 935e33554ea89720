import { expect } from "chai";
import type { ClusterClient } from "../../../cluster/api/client";
import { verificationStates } from "../../../cluster/kept/verifications";
import { startStandInService } from "../../../sandbox/milvus/standInService";
import type { UpgradePlan, VerificationState } from "../../../upgrade/model";
import type { RefusalError } from "../../../upgrade/refusal";
import { refuseUnverified, settles, VERIFY_MODES, type VerifyMode } from "../../../upgrade/verification";
import { describePassed, describeVerification } from "../../../verify/describe";
import { acceptVerification, type Result, type VerifySettings, verifyUpgrade } from "../../../verify/verify";
import { ConfigMapServer } from "../../support/configMapServer";
import { fakeClient } from "../../support/fakeClient";
import { deployment, recorded } from "../cluster/objects";

const PLAN = { from: "2.5.16", to: "2.6.6" } as UpgradePlan;
const NAME = "my-release-verify-2.5.16-to-2.6.6-r4";
const quiet = () => undefined;

describe("a write check that failed", () => {
  let api: ConfigMapServer;
  let port: number;
  let close: () => void;
  let refuses: boolean;
  beforeEach(async () => {
    refuses = true;
    api = new ConfigMapServer();
    await api.start();
    const stood = await startStandInService({
      version: "v2.6.6",
      collections: new Map(),
      refusesWrites: () => refuses,
    });
    ({ port } = stood);
    close = () => stood.close();
  });
  afterEach(() => {
    api.stop();
    close();
  });

  const settings = (mode: VerifyMode): VerifySettings => ({
    mode,
    address: `127.0.0.1:${port}`,
    queries: [],
    rows: "exact",
    reload: false,
    timeouts: { settle: 0, verify: 0, answers: 1, writes: 0 },
  });
  const stored = (): VerificationState | undefined => verificationStates([...api.stored.values()], {}).at(-1);
  function verify(mode: VerifyMode, isWell = true): Promise<Result> {
    const image = { template: { spec: { containers: [{ name: "proxy", image: "milvusdb/milvus:v2.6.6" }] } } };
    const proxy = deployment("proxy");
    const cluster = fakeClient({
      secrets: recorded("deployed"),
      deployments: isWell ? [{ ...proxy, spec: { ...proxy.spec, ...image } }] : [],
    });
    const client: ClusterClient = {
      ...cluster,
      read: (request) => (request.name === NAME ? api.client : cluster).read(request),
      write: (request) => api.client.write(request),
    };
    const target = { client, releaseName: "my-release", namespace: "milvus" };
    return verifyUpgrade(target, settings(mode), PLAN, stored(), quiet);
  }
  function refusalOfNext(): RefusalError["refusal"] | undefined {
    try {
      refuseUnverified({ from: "2.6.6", to: "2.6.15" } as UpgradePlan, stored());
      return undefined;
    } catch (error) {
      return (error as RefusalError).refusal;
    }
  }

  for (const mode of ["health", "data"] as const) {
    it(`is not passed by a later run with ${mode}, which says that it stays open; a write check settles it`, async () => {
      expect((await verify("write")).status).to.equal("failed");
      expect(stored()).to.include({ status: "failed", writesFailed: true });
      refuses = false;
      const later = await verify(mode);
      expect(later.status).to.equal("passed");
      expect(describePassed(later))
        .to.include("STILL OPEN: The upgrade from 2.5.16 to 2.6.6 was verified")
        .and.include("Milvus does not take writes")
        .and.include("pulumi config set milvus:verify write");
      expect(stored()).to.include({ status: "failed", writesFailed: true });
      expect(refusalOfNext()?.remedy).to.include("pulumi config set milvus:verify write");
      const open = stored();
      expect(describeVerification(settings(mode), PLAN, open, "milvus").at(-1)).to.include(`(ConfigMap ${NAME})`);
      expect((await verify("write")).stillOpen).to.equal(undefined);
      expect(stored()).to.include({ status: "passed" }).and.not.have.property("writesFailed");
      expect(refusalOfNext()).to.equal(undefined);
    });
  }

  it("stays open when something else is found wrong meanwhile", async () => {
    await verify("write");
    expect((await verify("health", false)).status).to.equal("failed");
    expect(stored()).to.include({ status: "failed", writesFailed: true });
    expect((await verify("health")).stillOpen).to.include("stays open");
  });

  it("is passed by whoever accepts it", async () => {
    await verify("write");
    const target = { client: api.client, releaseName: "my-release", namespace: "milvus" };
    await acceptVerification(target, stored() ?? expect.fail("no record"));
    expect(stored()).to.include({ status: "passed" }).and.not.have.property("writesFailed");
    expect((await verify("health")).stillOpen).to.equal(undefined);
  });
});

describe("what a run settles that finds nothing wrong", () => {
  const record = { configMap: NAME, attempt: {}, status: "failed", summary: "" } as unknown as VerificationState;
  for (const { what, open, by } of [
    { what: "a health that was bad", open: record, by: ["health", "data", "write"] },
    { what: "data that differed", open: { ...record, snapshot: "{}" }, by: ["data", "write"] },
    { what: "a damaged snapshot", open: { ...record, damaged: "x" }, by: ["data", "write"] },
    { what: "a write check that failed", open: { ...record, writesFailed: true }, by: ["write"] },
    { what: "both", open: { ...record, snapshot: "{}", writesFailed: true }, by: ["write"] },
  ]) {
    it(`${what}: ${by.join(", ")}`, () => {
      expect(VERIFY_MODES.filter((mode) => settles(mode, open))).to.deep.equal(by);
    });
  }
});
