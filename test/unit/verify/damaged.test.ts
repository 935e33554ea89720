import { expect } from "chai";
import type { ClusterClient } from "../../../cluster/api/client";
import { ClusterError } from "../../../cluster/errors";
import { verificationStates } from "../../../cluster/kept/verifications";
import type { ClusterState, UpgradePlan, VerificationState } from "../../../upgrade/model";
import { describeVerification } from "../../../verify/describe";
import { recordContent } from "../../../verify/record";
import { acceptVerification, snapshotBefore, type VerifySettings, verifyUpgrade } from "../../../verify/verify";
import { ConfigMapServer } from "../../support/configMapServer";
import { fakeClient } from "../../support/fakeClient";
import { FakeMilvus } from "../../support/fakeMilvus";
import { deployment, recorded } from "../cluster/objects";

const NAME = "my-release-verify-2.1.4-to-2.2.9-r1";
const PACKED = Buffer.from("oops").toString("base64");
const PLAN = { from: "2.1.4", to: "2.2.9" } as UpgradePlan;

describe("a verification whose snapshot is damaged", () => {
  let api: ConfigMapServer;
  let milvus: FakeMilvus;
  let address: string;
  beforeEach(async () => {
    api = new ConfigMapServer();
    milvus = new FakeMilvus("v2.2.9");
    await api.start();
    address = await milvus.start(false);
  });
  afterEach(() => {
    api.stop();
    milvus.stop();
  });

  /** The record as it is in the cluster, and as it is read. */
  function open(): VerificationState {
    const attempt = { from: "2.1.4", to: "2.2.9", revision: 1, ordinal: 1 };
    const written = recordContent(
      { releaseName: "my-release", namespace: "milvus" },
      { configMap: NAME, attempt, status: "pending", summary: "" },
    );
    api.put({ ...written, metadata: written, binaryData: { "snapshot.json.gz": PACKED } });
    return stored();
  }
  function stored(): VerificationState {
    const [state] = verificationStates([...api.stored.values()], {});
    return state ?? expect.fail("no record");
  }
  /** A cluster in which this is well, or in which nothing runs. */
  function target(isWell: boolean) {
    const image = { template: { spec: { containers: [{ name: "proxy", image: "milvusdb/milvus:v2.2.9" }] } } };
    const proxy = deployment("proxy");
    const cluster = fakeClient({
      secrets: isWell ? recorded("deployed") : [],
      deployments: isWell ? [{ ...proxy, spec: { ...proxy.spec, ...image } }] : [],
    });
    const client: ClusterClient = {
      ...cluster,
      read: (request) => (request.name === NAME ? api.client : cluster).read(request),
      write: (request) => api.client.write(request),
    };
    return { client, releaseName: "my-release", namespace: "milvus" };
  }
  const settings = (mode: VerifySettings["mode"]): VerifySettings => ({
    mode,
    address,
    queries: [],
    rows: "exact",
    reload: false,
    timeouts: { settle: 0, verify: 0, answers: 1, writes: 1 },
  });
  const quiet = () => undefined;
  const stateWith = (verification: VerificationState) => ({ components: [], verification }) as unknown as ClusterState;
  async function expectDamage(work: Promise<unknown>): Promise<void> {
    const error: unknown = await work.catch((thrown: unknown) => thrown);
    expect(error).to.be.instanceOf(ClusterError);
    expect(error).to.include({ code: "badSnapshot" });
    expect((error as Error).message).to.include(`kubectl -n milvus delete configmap ${NAME}`);
    expect(api.writes).to.deep.equal([]);
  }

  it("stops an up that would compare with it before anything is changed", async () => {
    await expectDamage(snapshotBefore(target(true), settings("data"), PLAN, stateWith(open()), quiet));
  });

  it("stops no up that looks at the health alone, and is not passed by it", async () => {
    const record = open();
    expect(await snapshotBefore(target(true), settings("health"), PLAN, stateWith(record), quiet)).to.equal(record);
    const result = await verifyUpgrade(target(true), settings("health"), PLAN, record, quiet);
    expect(result).to.include({ status: "passed", version: "v2.2.9" });
    expect(api.writes).to.deep.equal([]);
  });

  it("stays damaged when the health is found bad: it must not look like one of the health alone", async () => {
    const result = await verifyUpgrade(target(false), settings("health"), PLAN, open(), quiet);
    expect(result).to.include({ status: "failed", configMap: NAME });
    expect(stored()).to.include({ status: "failed" }).and.to.have.property("damaged");
    expect(api.stored.get(NAME)?.binaryData).to.deep.equal({ "snapshot.json.gz": PACKED });
  });

  it("fails the comparison with what to do, and is not settled by it", async () => {
    await expectDamage(verifyUpgrade(target(true), settings("data"), PLAN, open(), quiet));
  });

  it("is passed by whoever accepts it", async () => {
    await acceptVerification(target(true), open());
    expect(stored()).to.include({ status: "passed", summary: "accepted by hand: " });
  });

  it("is said in a preview, with what up would ask for", () => {
    const lines = describeVerification(settings("data"), PLAN, open(), "milvus").join("\n");
    expect(lines).to.include("is damaged").and.include(`kubectl -n milvus delete configmap ${NAME}`);
    expect(lines).to.include("up is refused until the snapshot is repaired or given up");
    expect(describeVerification(settings("health"), PLAN, stored(), "milvus").join("\n")).to.not.include("damaged");
  });
});
