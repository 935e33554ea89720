import { expect } from "chai";
import { takeRunLock } from "../../../cluster/kept/runLock";
import { fakeClient } from "../../support/fakeClient";

const request = (run: string) => ({
  ...{ releaseName: "my-release", namespace: "milvus", silence: 1 },
  holder: { run, who: run, stack: "s", since: "2026-01-01T00:00:00Z" },
  isAlive: () => true,
  say: () => undefined,
});

describe("the fake of a client", () => {
  it("keeps what is written, as far as the lock of a release needs it", async () => {
    const client = fakeClient({});
    const taken = await takeRunLock(client, request("jane"));
    expect(await takeRunLock(client, request("joe"))).to.have.nested.property("busy.who", "jane");
    if ("busy" in taken) expect.fail("busy");
    await taken.lock.check();
    expect(await client.read({ api: "v1", resource: "configmaps", namespace: "milvus" }))
      .to.have.property("items")
      .with.length(1);
    await taken.lock.release();
    expect(await client.read({ api: "v1", resource: "configmaps", namespace: "milvus" })).to.deep.equal({ items: [] });
  });
});
