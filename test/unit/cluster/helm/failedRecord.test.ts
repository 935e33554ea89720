import { expect } from "chai";
import { failedRecordOf } from "../../../../cluster/helm/failedRecord";
import { decodeRecord } from "../../../../cluster/helm/record";
import { fakeClient } from "../../../support/fakeClient";
import { recorded } from "../objects";

describe("failedRecordOf", () => {
  it("is the record of the dead install, with nothing else changed than its status", async () => {
    const [pending] = recorded("pending-install");
    const client = fakeClient({ secrets: pending });
    const address = { namespace: "milvus", recordName: pending?.metadata?.name ?? "" };
    const data = await failedRecordOf(client, address);
    const before = decodeRecord(pending ?? {});
    const after = decodeRecord({ ...pending, data: { release: data } });
    expect(before.status).to.equal("pending-install");
    expect(after).to.deep.equal({ ...before, status: "failed", description: after.description });
    expect(client.requests).to.deep.equal([
      { api: "v1", resource: "secrets", name: address.recordName, namespace: "milvus" },
    ]);
  });
});
