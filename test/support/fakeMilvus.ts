import { readFileSync } from "node:fs";
import path from "node:path";
import * as grpc from "@grpc/grpc-js";

/** A file of test/fixtures/tls. */
export const pem = (name: string) => readFileSync(path.join(__dirname, "..", "fixtures", "tls", name), "utf8");

/** An answer whose first field is an empty status (all is well), and whose second may be a text. */
function answer(text?: string): Buffer {
  const second = text === undefined ? [] : [0x12, text.length, ...Buffer.from(text)];
  return Buffer.from([0x0a, 0, ...second]);
}

/** Answers as a Milvus of one version, with and without TLS, and remembers how it was asked. */
export class FakeMilvus {
  readonly authorizations = new Set<string>();
  private readonly server = new grpc.Server();

  /** @param repeats it refuses to report its version, in words that have in them what was sent */
  constructor(
    private readonly version = "v2.3.5",
    private readonly repeats = false,
  ) {}

  /**
   * @param address where it is to listen. Default: a free port of this machine
   * @returns where it listens
   */
  async start(isSecure: boolean, address = "127.0.0.1:0"): Promise<string> {
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
        const sent = metadata.get("authorization").map(String);
        for (const value of sent) this.authorizations.add(value);
        if (this.repeats && text !== undefined) {
          const plain = sent.map((value) => Buffer.from(value, "base64").toString());
          callback({ code: grpc.status.UNAUTHENTICATED, details: `${sent.join()} is not ${plain.join()}` });
          return;
        }
        callback(null, answer(text));
      };
    this.server.addService(
      { Connect: raw("Connect"), GetVersion: raw("GetVersion") },
      { Connect: reply(), GetVersion: reply(this.version) },
    );
    const pair = { cert_chain: Buffer.from(pem("certificate.pem")), private_key: Buffer.from(pem("key.pem")) };
    const credentials = isSecure
      ? // Without roots of its own, a server reads the hundred and fifty of the system.
        grpc.ServerCredentials.createSsl(pair.cert_chain, [pair])
      : grpc.ServerCredentials.createInsecure();
    const port = await new Promise<number>((resolve, reject) =>
      this.server.bindAsync(address, credentials, (error, bound) => (error ? reject(error) : resolve(bound))),
    );
    return `127.0.0.1:${port}`;
  }

  stop(): void {
    this.server.forceShutdown();
  }
}
