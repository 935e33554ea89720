/** The little of Milvus' gRPC service that a stand-in answers: its version, which the verification asks after an upgrade. */
import { Server, ServerCredentials } from "@grpc/grpc-js";

export interface VersionService {
  /** On 127.0.0.1. */
  readonly port: number;
  close(): void;
}

/** What follows in a message: field 2 as text. */
const FIELD_2_TEXT = 0x12;
const LONGEST = 127;

/** Other calls are answered with "unimplemented", as by a server that is too old for them. */
export async function startVersionService(version: string): Promise<VersionService> {
  const text = Buffer.from(version.slice(0, LONGEST));
  const answer = Buffer.concat([Buffer.from([FIELD_2_TEXT, text.length]), text]);
  const server = new Server();
  server.addService(
    {
      getVersion: {
        path: "/milvus.proto.milvus.MilvusService/GetVersion",
        requestStream: false,
        responseStream: false,
        requestSerialize: (value: Buffer) => value,
        requestDeserialize: (value: Buffer) => value,
        responseSerialize: (value: Buffer) => value,
        responseDeserialize: (value: Buffer) => value,
      },
    },
    { getVersion: (_call: unknown, reply: (error: null, value: Buffer) => void) => reply(null, answer) },
  );
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  return { port, close: () => server.forceShutdown() };
}
