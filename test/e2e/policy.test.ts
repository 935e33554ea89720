import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import * as grpc from "@grpc/grpc-js";
import { AnalyzerClient } from "@pulumi/pulumi/proto/analyzer_grpc_pb";
import { AnalyzeRequest, type AnalyzeResponse, AnalyzerResourceOptions } from "@pulumi/pulumi/proto/analyzer_pb";
import { expect } from "chai";
import { Struct } from "google-protobuf/google/protobuf/struct_pb";
import { policyHost } from "./support/policyHost";

const folder = path.join(__dirname, "..", "..", "policy");

/** Started as Pulumi starts a pack, and asked over the engine's own protocol. */
describe("the policy pack as the engine runs it", () => {
  let server: ChildProcess;
  let client: AnalyzerClient;

  before(async () => {
    const [command, args] = policyHost();
    server = spawn(command, [...args, "127.0.0.1:1", "."], { cwd: folder, stdio: ["ignore", "pipe", "inherit"] });
    const ended = once(server, "exit").then(([code]) =>
      Promise.reject(new Error(`the pack ended with ${String(code)}`)),
    );
    const [port] = (await Promise.race([once(server.stdout ?? server, "data"), ended])) as [Buffer];
    client = new AnalyzerClient(`127.0.0.1:${port.toString().trim()}`, grpc.credentials.createInsecure());
  });
  after(() => {
    client.close();
    server.kill("SIGKILL");
  });

  function analyze(properties: Record<string, unknown>, isProtected: boolean): Promise<AnalyzeResponse.AsObject> {
    const request = new AnalyzeRequest();
    request.setType("kubernetes:helm.sh/v3:Release");
    request.setUrn("urn:pulumi:dev::milvus::kubernetes:helm.sh/v3:Release::milvus-release");
    request.setName("milvus-release");
    request.setProperties(Struct.fromJavaScript(properties as Parameters<typeof Struct.fromJavaScript>[0]));
    const options = new AnalyzerResourceOptions();
    options.setProtect(isProtected);
    request.setOptions(options);
    return new Promise((resolve, reject) => {
      client.analyze(request, (error, response) => (error ? reject(error) : resolve(response.toObject())));
    });
  }
  const release = { chart: "milvus", version: "4.0.34", values: { image: { all: { tag: "v2.2.14" } } } };

  it("lets a good Release pass", async () => {
    expect((await analyze(release, true)).diagnosticsList).to.deep.equal([]);
  });

  it("refuses a bad one, naming every policy", async () => {
    const bad = { ...release, version: "4.2.24", values: { image: { all: { tag: "latest" } } } };
    const { diagnosticsList } = await analyze(bad, false);
    expect(diagnosticsList.map(({ policyname }) => policyname)).to.have.members([
      "milvus-chart-not-in-a-bad-range",
      "milvus-release-is-protected",
      "milvus-no-floating-tags",
    ]);
  });
});
