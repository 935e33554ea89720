import { readFileSync } from "node:fs";
import path from "node:path";
import * as grpc from "@grpc/grpc-js";
import { expect } from "chai";
import { openService, type ServiceSettings } from "../../../verify/client";

const pem = (name: string) => readFileSync(path.join(__dirname, "..", "..", "fixtures", "tls", name), "utf8");
const CERTIFICATE = pem("certificate.pem");
const NAME = "milvus.example.com";

/** An answer whose first field is an empty status (all is well), and whose second may be a text. */
function answer(text?: string): Buffer {
  const second = text === undefined ? [] : [0x12, text.length, ...Buffer.from(text)];
  return Buffer.from([0x0a, 0, ...second]);
}

/** Answers as a Milvus of one version, with and without TLS, and remembers how it was asked. */
class FakeMilvus {
  readonly authorizations = new Set<string>();
  private readonly server = new grpc.Server();

  async start(isSecure: boolean): Promise<string> {
    const raw = (name: string) => ({
      path: `/milvus.proto.milvus.MilvusService/${name}`,
      requestStream: false,
      responseStream: false,
      requestSerialize: (buffer: Buffer) => buffer,
      requestDeserialize: (buffer: Buffer) => buffer,
      responseSerialize: (buffer: Buffer) => buffer,
      responseDeserialize: (buffer: Buffer) => buffer,
    });
    const reply =
      (text?: string): grpc.handleUnaryCall<Buffer, Buffer> =>
      ({ metadata }, callback) => {
        for (const value of metadata.get("authorization")) this.authorizations.add(String(value));
        callback(null, answer(text));
      };
    this.server.addService(
      { Connect: raw("Connect"), GetVersion: raw("GetVersion") },
      { Connect: reply(), GetVersion: reply("v2.3.5") },
    );
    const pair = { cert_chain: Buffer.from(CERTIFICATE), private_key: Buffer.from(pem("key.pem")) };
    const credentials = isSecure
      ? grpc.ServerCredentials.createSsl(null, [pair])
      : grpc.ServerCredentials.createInsecure();
    const port = await new Promise<number>((resolve, reject) =>
      this.server.bindAsync("127.0.0.1:0", credentials, (error, bound) => (error ? reject(error) : resolve(bound))),
    );
    return `127.0.0.1:${port}`;
  }

  stop(): void {
    this.server.forceShutdown();
  }
}

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
}).timeout(60_000);
