import { expect } from "chai";
import type { EngineStack } from "../../sandbox/engine";
import { withMilvus } from "../../sandbox/milvusData";
import { killUpWhen } from "./support/killedRun";
import { failureOf, RELEASE, startTestBed, type TestBed } from "./support/testBed";

const VALUES = { cluster: { enabled: false }, pulsar: { enabled: false } } as const;

describe("a verification that writes", () => {
  let bed: TestBed;
  let stack: EngineStack;

  before(async () => {
    bed = await startTestBed();
    await bed.install("4.0.34", { ...VALUES, image: { all: { tag: "v2.2.16" } } });
    stack = await bed.stack({
      "milvus:version": "2.3.5",
      "milvus:values": VALUES,
      "milvus:verify": "write",
      "milvus:timeouts": { settle: "1s", writes: "2m", pending: "5s" },
    });
  });
  after(() => bed.stop());

  const collections = () =>
    withMilvus(bed.sandbox, RELEASE, async (client) => (await client.showCollections()).data.map(({ name }) => name));
  const refuseWrites = (refusesWrites: boolean) => bed.faults({ milvusSettings: { refusesWrites } });

  it("is said in the preview, which writes nothing", async () => {
    const text = (await stack.preview()).diagnostics.map(({ message }) => message).join("\n");
    expect(text).to.match(/verification: write: .* a collection milvus_upgrade_write_check_… is MADE/);
    expect(await collections()).to.deep.equal([]);
  });

  it("that is killed while Milvus refuses writes leaves its collection", async () => {
    refuseWrites(true);
    await killUpWhen(bed.sandbox, "the check has made its collection", async () => {
      const found = await collections().catch(() => []);
      return found.length > 0;
    });
    await stack.cancel();
    const left = await collections();
    expect(left).to.have.length(1);
    expect(left[0]).to.match(/^milvus_upgrade_write_check_[0-9a-f]{8}$/);
  });

  it("fails the run where searches are answered and writes refused; the next hop is refused", async () => {
    await stack.setConfig({ "milvus:timeouts": { settle: "1s", writes: "3s", pending: "5s", lock: "5s" } });
    const { message } = await failureOf(stack.up());
    expect(message).to.match(
      / {2}- Milvus does not take writes: to insert failed for \d+ s \(channel .* is not available/,
    );
    expect(await collections(), "what the killed check had left went as well").to.deep.equal([]);
    await stack.setConfig({ "milvus:version": "2.4.16" });
    expect((await failureOf(stack.preview())).message).to.contain("a_failed_verification_blocks_the_next_hop");
    await stack.setConfig({ "milvus:version": "2.3.5" });
  });

  it("stays open in a run that looks at the health alone, also when Milvus takes writes again", async () => {
    refuseWrites(false);
    await stack.setConfig({ "milvus:verify": "health" });
    const text = (await stack.up()).diagnostics.map(({ message }) => message).join("\n");
    expect(text).to.match(/passed: pods ready.*STILL OPEN: .*pulumi config set milvus:verify write/);
    await stack.setConfig({ "milvus:version": "2.4.16" });
    expect((await failureOf(stack.preview())).message).to.contain("a_failed_verification_blocks_the_next_hop");
    await stack.setConfig({ "milvus:version": "2.3.5", "milvus:verify": "write" });
  });

  it("passes once Milvus takes writes, and the hop is open", async () => {
    const text = (await stack.up()).diagnostics.map(({ message }) => message).join("\n");
    expect(text).to.contain("64 rows written, found and dropped");
    expect(await collections()).to.deep.equal([]);
  });
});
