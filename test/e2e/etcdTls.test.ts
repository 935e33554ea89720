import path from "node:path";
import { expect } from "chai";
import type { EngineStack } from "../../sandbox/engine";
import { projectFolder } from "../../sandbox/folders";
import type { MetadataState } from "../../sandbox/metadata";
import { changeList, failureOf, problems, RELEASE, startTestBed, type TestBed, VALUES } from "./support/testBed";

const file = (name: string) => path.join(projectFolder, "test", "fixtures", "etcdTls", `${name}.pem`);
const SECRET = "etcd-client";

/** Milvus' own certificates: files of its image, which in the sandbox is this machine. */
const SECURE = {
  ...VALUES,
  extraConfigFiles: {
    "user.yaml": [
      "etcd:",
      "  ssl:",
      "    enabled: true",
      `    tlsCACert: ${file("ca")}`,
      `    tlsCert: ${file("client")}`,
      `    tlsKey: ${file("client-key")}`,
      "",
    ].join("\n"),
  },
};

describe("a metadata migration 2.1.4 → 2.2.14 whose etcd speaks TLS and asks for a certificate of the client", () => {
  let bed: TestBed;
  let stack: EngineStack;
  let original: MetadataState;
  let untouched: string;

  before(async () => {
    bed = await startTestBed({
      metadataTls: { ca: file("ca"), certificate: file("server"), key: file("server-key") },
    });
    original = await bed.seed();
    // Charts below 3.3.2 do not give user.yaml to Milvus.
    await bed.install("3.3.6", { ...SECURE, image: { all: { tag: "v2.1.4" } } });
    stack = await bed.stack({ "milvus:version": "2.2.14", "milvus:values": SECURE });
    untouched = await milvus();
  });
  after(() => bed.stop());

  async function milvus(): Promise<string> {
    const { revision, status, components, metadata } = await bed.observe();
    return JSON.stringify([revision, status, components, metadata.format]);
  }

  async function refusedWith(...words: string[]): Promise<string> {
    const { message } = await failureOf(stack.up());
    for (const word of words) expect(message).to.include(word);
    expect(await milvus()).to.equal(untouched);
    return message;
  }

  /** As the messages say it. */
  async function makeSecret(ca: string, client: string): Promise<void> {
    const files = { "ca.crt": file(ca), "tls.crt": file(client), "tls.key": file(`${client}-key`) };
    const manifest = await bed.sandbox.kubectl([
      ...["-n", RELEASE.namespace, "create", "secret", "generic", SECRET],
      ...Object.entries(files).map(([name, from]) => `--from-file=${name}=${from}`),
      ...["--dry-run=client", "-o", "yaml"],
    ]);
    await bed.sandbox.kubectl(["apply", "-f", "-"], { input: manifest });
  }

  it("runs Milvus 2.1.4, all of it ready", async () => {
    expect(JSON.parse(untouched)).to.include("2.1");
    const { components } = await bed.observe();
    expect(components.every(({ version, ready, replicas }) => version === "2.1.4" && ready === replicas)).to.equal(
      true,
    );
  });

  it("is refused without certificates, and the message says what to type", async () => {
    await refusedWith(
      "etcd_with_tls_needs_certificates",
      "kubectl -n milvus create secret generic my-release-etcd-tls",
      "pulumi config set --path milvus:etcdTls.secret my-release-etcd-tls",
    );
  });

  it("is refused while the Secret is not there, or has a certificate that has expired", async () => {
    await stack.setConfig({ "milvus:etcdTls": { secret: SECRET } });
    await refusedWith("etcdCertificates: The Secret etcd-client of milvus:etcdTls is not in namespace milvus");
    await makeSecret("ca", "expired");
    const message = await refusedWith("etcdCertificates", "tls.crt has expired at 2020-01-02");
    expect(message).to.not.match(/BEGIN|PRIVATE KEY/);
  });

  for (const { title, ca, client, says } of [
    {
      title: "another CA",
      ca: "other-ca",
      client: "client",
      says: "is not signed by the CA in",
    },
    {
      title: "a certificate that etcd does not take",
      ca: "ca",
      client: "foreign",
      says: "asks for a certificate of the client that its own CA has signed",
    },
  ]) {
    it(`with ${title} the probe fails, says so, and Milvus keeps running`, async () => {
      await makeSecret(ca, client);
      await refusedWith(says, "kubectl -n milvus create secret generic etcd-client --from-file=ca.crt");
    });
  }

  it("goes through with the right certificates, and every key is migrated", async () => {
    await makeSecret("ca", "client");
    const report = await stack.up();
    const jobs = report.steps.filter(({ type, outcome }) => type.endsWith(":Job") && outcome === "done");
    expect(jobs.length).to.be.at.least(4);
    expect(
      problems(await bed.observe(), { version: "2.2.14", metadata: { before: original, format: "2.2" } }),
    ).to.deep.equal([]);
  });

  it("then has nothing to do but to clear up, and nothing at all after that", async () => {
    const lines = changeList(await stack.up());
    expect(lines.filter((line) => !line.startsWith("delete"))).to.deep.equal([]);
    expect(changeList(await stack.up())).to.deep.equal([]);
    expect(await bed.sandbox.kubectl(["get", "secret", SECRET, "--namespace=milvus", "--output=name"])).to.include(
      SECRET,
    );
  });
});
