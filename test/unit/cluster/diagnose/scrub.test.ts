import { expect } from "chai";
import { scrub } from "../../../../cluster/diagnose/scrub";

describe("scrub", () => {
  const secrets = [
    "password=hunter2",
    "MINIO_SECRET_KEY: hunter2",
    '{"secretAccessKey": "hunter2", "x": 1}',
    "accessKeyID='hunter2'",
    "--etcd-password hunter2",
    "https://user:hunter2@registry.example.com/v2",
    "Authorization: Bearer hunter2hunter2",
    "token=hunter2; next",
    "-----BEGIN RSA PRIVATE KEY-----\nhunter2\n-----END RSA PRIVATE KEY-----",
    "eyJhbGciOi.hunter2.c2lnbmF0dXJl",
    "client_secret=hunter2&grant=x",
  ];
  for (const text of secrets) {
    it(`hides what is secret in ${JSON.stringify(text).slice(0, 50)}`, () => {
      expect(scrub(text)).to.include("[hidden]").and.to.not.include("hunter2");
    });
  }

  const harmless = [
    'secret "my-release-minio" not found',
    "milvusdb/milvus@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
    "0/3 nodes are available: 3 Insufficient cpu.",
    "dial tcp 10.0.0.1:2379: connect: connection refused",
    "panic: no session key, collections: 12",
  ];
  for (const text of harmless) {
    it(`leaves ${JSON.stringify(text).slice(0, 50)} as it is`, () => {
      expect(scrub(text)).to.equal(text);
    });
  }

  it("hides known secrets whatever they look like, longer ones first, but not words too short to be one", () => {
    expect(scrub("abc horse horse-battery", ["horse", "horse-battery", "a"])).to.equal("abc [hidden] [hidden]");
  });
});
