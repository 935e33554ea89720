import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { readEtcdSecret } from "../../../../cluster/state/etcdSecret";
import { projectFolder } from "../../../../sandbox/folders";
import { fakeClient, forbidden, notFound } from "../../../support/fakeClient";

const TLS = { secret: "etcd-client", caFile: "ca.crt", certificateFile: "tls.crt", keyFile: "tls.key" };
const file = (name: string) => readFileSync(join(projectFolder, "test", "fixtures", "etcdTls", name), "utf8");
const EVER = "2120-01-01T00:00:00.000Z";

function read(files: Readonly<Record<string, string>>, tls = TLS) {
  const data = Object.fromEntries(
    Object.entries(files).map(([name, text]) => [name, Buffer.from(text).toString("base64")]),
  );
  return readEtcdSecret(fakeClient({ secrets: { data } }), "milvus", tls);
}

const GOOD = { "ca.crt": file("ca.pem"), "tls.crt": file("client.pem"), "tls.key": file("client-key.pem") };

describe("the Secret with which etcd is asked by TLS", () => {
  it("is asked for by its name, and none of its contents leaves", async () => {
    const client = fakeClient({ secrets: { data: { "ca.crt": Buffer.from(GOOD["ca.crt"]).toString("base64") } } });
    const found = await readEtcdSecret(client, "milvus", TLS);
    expect(client.requests).to.deep.equal([
      { api: "v1", resource: "secrets", namespace: "milvus", name: "etcd-client" },
    ]);
    expect(JSON.stringify(found)).to.not.match(/BEGIN|MI[A-Z]/);
  });

  it("with all three files, which fit", async () => {
    expect(await read(GOOD)).to.deep.equal({
      kind: "read",
      names: ["ca.crt", "tls.crt", "tls.key"],
      ca: { state: "there", endsAt: EVER },
      certificate: { state: "there", endsAt: EVER },
      key: { state: "there", fits: true },
    });
  });

  it("under names of one's own", async () => {
    const names = { ...TLS, caFile: "ca.pem", certificateFile: "cert.pem", keyFile: "key.pem" };
    const found = await read(
      { "ca.pem": GOOD["ca.crt"], "cert.pem": GOOD["tls.crt"], "key.pem": GOOD["tls.key"] },
      names,
    );
    expect(found).to.deep.include({ key: { state: "there", fits: true } });
  });

  for (const { title, over, found } of [
    {
      title: "a key of another certificate",
      over: { "tls.key": file("server-key.pem") },
      found: { key: { state: "there", fits: false } },
    },
    { title: "a CA that is text", over: { "ca.crt": "my ca" }, found: { ca: { state: "unreadable" } } },
    {
      title: "a CA that is cut",
      over: { "ca.crt": `${GOOD["ca.crt"].slice(0, 90)}\n-----END CERTIFICATE-----\n` },
      found: { ca: { state: "unreadable" } },
    },
    {
      title: "a key in the place of the certificate",
      over: { "tls.crt": GOOD["tls.key"] },
      found: { certificate: { state: "unreadable" }, key: { state: "there" } },
    },
    { title: "a key that is text", over: { "tls.key": "secret" }, found: { key: { state: "unreadable" } } },
    {
      title: "a certificate that is over",
      over: { "tls.crt": file("expired.pem"), "tls.key": file("expired-key.pem") },
      found: {
        certificate: { state: "there", endsAt: "2020-01-02T00:00:00.000Z" },
        key: { state: "there", fits: true },
      },
    },
    {
      title: "empty files",
      over: { "ca.crt": "", "tls.crt": "", "tls.key": "" },
      found: { ca: { state: "absent" }, certificate: { state: "absent" }, key: { state: "absent" } },
    },
    {
      title: "a CA bundle, of which one is over",
      over: { "ca.crt": file("expired.pem") + GOOD["ca.crt"] },
      found: { ca: { state: "there", endsAt: EVER } },
    },
    {
      title: "a chain behind the client's certificate, which counts",
      over: { "tls.crt": file("expired.pem") + GOOD["ca.crt"] },
      found: {
        certificate: { state: "there", endsAt: "2020-01-02T00:00:00.000Z" },
        key: { state: "there", fits: false },
      },
    },
  ]) {
    it(`with ${title}`, async () => {
      expect(await read({ ...GOOD, ...over })).to.deep.include(found);
    });
  }

  it("that is empty, missing or forbidden", async () => {
    expect(await readEtcdSecret(fakeClient({ secrets: {} }), "milvus", TLS)).to.deep.include({
      kind: "read",
      names: [],
    });
    expect(await readEtcdSecret(fakeClient({ secrets: notFound("Secret") }), "milvus", TLS)).to.deep.equal({
      kind: "missing",
    });
    expect(await readEtcdSecret(fakeClient({ secrets: forbidden("secrets") }), "milvus", TLS)).to.deep.equal({
      kind: "forbidden",
    });
  });
});
