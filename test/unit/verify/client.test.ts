import { expect } from "chai";
import { openService, type ServiceSettings } from "../../../verify/client";
import { FakeMilvus, pem } from "../../support/fakeMilvus";

const CERTIFICATE = pem("certificate.pem");
const NAME = "milvus.example.com";

describe("the connection to Milvus", () => {
  let milvus: FakeMilvus;
  beforeEach(() => {
    milvus = new FakeMilvus();
  });
  afterEach(() => milvus.stop());

  async function version(settings: Omit<ServiceSettings, "timeout" | "loadTimeout">): Promise<string> {
    const service = await openService({ ...settings, timeout: 3000, loadTimeout: 3000 });
    try {
      return await service.version();
    } finally {
      await service.close();
    }
  }
  const failure = (settings: Parameters<typeof version>[0]) =>
    version(settings).then(
      () => "no failure",
      (error: unknown) => (error as Error).message,
    );

  for (const { what, credentials, sent } of [
    {
      what: "a user and password",
      credentials: { username: "verifier", password: "hunter2" },
      sent: "verifier:hunter2",
    },
    { what: "a token", credentials: { token: "db-key" }, sent: "db-key" },
  ]) {
    it(`sends ${what} with every question`, async () => {
      const address = await milvus.start(false);
      expect(await version({ address, credentials })).to.equal("v2.3.5");
      expect([...milvus.authorizations].map((it) => Buffer.from(it, "base64").toString())).to.deep.equal([sent]);
    });
  }

  it("without credentials sends none", async () => {
    expect(await version({ address: await milvus.start(false) })).to.equal("v2.3.5");
    expect([...milvus.authorizations]).to.deep.equal([]);
  });

  it("over TLS trusts the authority of the config, for the server's name instead of the address", async () => {
    const address = await milvus.start(true);
    expect(await version({ address, tls: { ca: CERTIFICATE, serverName: NAME } })).to.equal("v2.3.5");
  });

  it("over TLS asks for no authority where the config says insecure", async () => {
    expect(await version({ address: await milvus.start(true), tls: { insecure: true, serverName: NAME } })).to.equal(
      "v2.3.5",
    );
  });

  for (const { what, tls } of [
    { what: "an authority that nobody named", tls: { serverName: NAME } },
    { what: "another name than the certificate's", tls: { ca: CERTIFICATE, serverName: "other.example.com" } },
    { what: "an address that is not in the certificate", tls: { ca: CERTIFICATE } },
    { what: "plain text where the server wants TLS", tls: undefined },
  ]) {
    it(`over TLS refuses ${what}, says where, and gives no password away`, async () => {
      const address = await milvus.start(true);
      const credentials = { username: "verifier", password: "hunter2" };
      const message = await failure({ address, credentials, ...(tls && { tls }) });
      expect(message).to.include(`Milvus does not answer at ${address}`).and.to.not.include("hunter2");
      expect([...milvus.authorizations]).to.deep.equal([]);
    });
  }

  it("to nothing ends within its time limit, with the address", async () => {
    const address = await milvus.start(false);
    milvus.stop();
    expect(await failure({ address })).to.include(`Milvus does not answer at ${address}`);
  });

  it("to an address that failed a moment ago says the cause each time, and is there as soon as Milvus is", async () => {
    const address = await milvus.start(false);
    milvus.stop();
    // gRPC waits before it tries an address again, longer each time.
    for (let look = 0; look < 4; look++) expect(await failure({ address })).to.include("ECONNREFUSED");
    milvus = new FakeMilvus("v2.3.6");
    await milvus.start(false, address);
    expect(await version({ address })).to.equal("v2.3.6");
  });
}).timeout(60_000);
