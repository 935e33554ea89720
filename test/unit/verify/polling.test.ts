import { expect } from "chai";
import type { ClusterClient } from "../../../cluster/api/client";
import type { ApiRequest } from "../../../cluster/api/request";
import { type Collections, REFUSAL, startStandInService } from "../../../sandbox/milvus/standInService";
import type { UpgradePlan } from "../../../upgrade/model";
import { type VerifySettings, verifyUpgrade } from "../../../verify/verify";
import { fakeClient } from "../../support/fakeClient";
import { FakeMilvus } from "../../support/fakeMilvus";
import { deployment, recorded } from "../cluster/objects";

const PLAN = { from: "2.1.4", to: "2.2.9" } as UpgradePlan;

/** A proxy at this image, rolled out or not. */
function proxy(version: string, isReady = true) {
  const { spec, status, ...rest } = deployment("proxy");
  const template = { spec: { containers: [{ name: "proxy", image: `milvusdb/milvus:v${version}` }] } };
  return { ...rest, spec: { ...spec, template }, status: { ...status, availableReplicas: isReady ? 1 : 0 } };
}

describe("waiting for the health", () => {
  let milvus: FakeMilvus;
  let address: string;
  beforeEach(async () => {
    milvus = new FakeMilvus("v2.2.9");
    address = await milvus.start(false);
  });
  afterEach(() => milvus.stop());

  const settings = (verify: number): VerifySettings => ({
    mode: "health",
    address,
    queries: [],
    rows: "exact",
    reload: false,
    timeouts: { settle: 0, verify, answers: 1, writes: 1 },
  });

  interface Read {
    readonly request: ApiRequest;
    readonly bytes: number;
  }
  /** The fake with what each read brought. */
  function metered(answers: Record<string, unknown>): { client: ClusterClient; reads: Read[] } {
    const client = fakeClient(answers);
    const reads: Read[] = [];
    const read = async (request: ApiRequest) => {
      const answer = await client.read(request);
      reads.push({ request, bytes: JSON.stringify(answer).length });
      return answer;
    };
    return { client: { ...client, read }, reads };
  }
  const target = (client: ClusterClient) => ({ client, releaseName: "my-release", namespace: "milvus" });
  const records = (reads: readonly Read[]) => reads.filter(({ request }) => request.resource === "secrets");

  it("reads three things in between, none of them the contents of a Helm record, and all of it at the end", async () => {
    const { client, reads } = metered({
      secrets: [...recorded("deployed"), ...recorded("deployed"), ...recorded("deployed")],
      deployments: [proxy("2.2.9", false)],
    });
    const result = await verifyUpgrade(target(client), settings(2), PLAN, undefined, () => undefined, false);
    expect(result.status).to.equal("failed");
    const whole = records(reads).filter(({ request }) => request.accept === undefined);
    const polls = records(reads).filter(({ request }) => request.accept !== undefined);
    expect(whole, "the first look and the last").to.have.length(2);
    // After 0.25, 0.75, 1.75 and 2 s, where the machine is not busy.
    expect(polls.length).to.be.within(2, 4);
    const [firstLook, lastLook] = reads.flatMap(({ request }, index) => (request.api === "version" ? [index] : []));
    const ofLook = reads.length - (lastLook ?? 0);
    const between = (lastLook ?? 0) - (firstLook ?? 0) - ofLook;
    // The groups that the server has are asked for once.
    expect(between).to.be.within(3 * polls.length, 3 * polls.length + 1);
    for (const { bytes } of polls) expect(bytes * 4).to.be.below(whole[0]?.bytes ?? 0);
  });

  it("ends as soon as all is well, whatever it was told in between", async () => {
    const answers: Record<string, unknown> = { secrets: recorded("deployed"), deployments: [proxy("2.2.9", false)] };
    const { client, reads } = metered(answers);
    setTimeout(() => Object.assign(answers, { deployments: [proxy("2.2.9")] }), 100);
    const result = await verifyUpgrade(target(client), settings(20), PLAN, undefined, () => undefined);
    expect(result).to.include({ status: "passed", version: "v2.2.9" });
    expect(records(reads)).to.have.length(3);
  });

  it("looks at everything anew when the Helm record has changed", async () => {
    const answers: Record<string, unknown> = { secrets: recorded("pending-upgrade"), deployments: [proxy("2.2.9")] };
    const { client } = metered(answers);
    setTimeout(() => Object.assign(answers, { secrets: recorded("deployed") }), 100);
    const result = await verifyUpgrade(target(client), settings(20), PLAN, undefined, () => undefined);
    expect(result).to.include({ status: "passed" });
  });

  for (const refuses of [false, true]) {
    it(`in the mode write ${refuses ? "fails where writes are refused, and keeps it" : "passes where rows were written and found"}`, async () => {
      const collections: Collections = new Map();
      const stood = await startStandInService({ version: "v2.2.9", collections, refusesWrites: () => refuses });
      const client = fakeClient({ secrets: recorded("deployed"), deployments: [proxy("2.2.9")] });
      const mode = { mode: "write", address: `127.0.0.1:${stood.port}` } as const;
      const result = await verifyUpgrade(target(client), { ...settings(5), ...mode }, PLAN, undefined, () => undefined);
      stood.close();
      expect([...collections.keys()]).to.deep.equal([]);
      if (!refuses) expect(result).to.deep.include({ status: "passed", written: 64, problems: [] });
      else {
        expect(result.status).to.equal("failed");
        expect(result.problems.join()).to.include(REFUSAL);
        expect(result.configMap).to.match(/^my-release-verify-2\.1\.4-to-2\.2\.9-r/);
      }
    });
  }
});
