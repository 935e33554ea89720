import { expect } from "chai";
import { splitSecrets } from "../../../../cli/adopt/secretValues";
import { parseConfig } from "../../../../config/parseConfig";

describe("values that look like passwords", () => {
  it("are taken out by their keys, in maps, lists and variables", () => {
    const { open, secrets } = splitSecrets({
      minio: { secretKey: "hunter2", mode: "standalone", existingSecret: "mine" },
      extraEnv: [
        { name: "LEVEL", value: "info" },
        { name: "AZURE_CLIENT_SECRET", value: "swordfish" },
      ],
      users: [{ password: "1234" }],
      replicas: 3,
    });
    expect(secrets).to.deep.equal([
      { path: "minio.secretKey", value: "hunter2" },
      { path: "extraEnv[1].value", value: "swordfish" },
      { path: "users[0].password", value: "1234" },
    ]);
    expect(open).to.deep.equal({
      minio: { mode: "standalone", existingSecret: "mine" },
      extraEnv: [{ name: "LEVEL", value: "info" }, { name: "AZURE_CLIENT_SECRET" }],
      users: [{}],
      replicas: 3,
    });
  });

  for (const { values, why } of [
    {
      values: { minio: { secretKey: 12345678, port: 9000 } },
      why: "minio.secretKey is a number, and Pulumi encrypts texts",
    },
    { values: { password: true }, why: "password is a boolean, and Pulumi encrypts texts" },
    { values: { 'a"b': { password: "hunter2" } }, why: `no path of Pulumi's can name ["a"b"].password` },
  ]) {
    it(`are encrypted all together where ${why}`, () => {
      expect(splitSecrets(values)).to.deep.equal({ secrets: [{ value: JSON.stringify(values), why }] });
      const config = parseConfig({
        config: { "milvus:version": "2.2.16", "milvus:values": JSON.stringify(values) },
        secretKeys: ["milvus:values"],
      });
      expect(config.wanted.values).to.deep.equal(values);
      expect(config.valuesAreSecret).to.equal(true);
    });
  }

  it("are taken out with the whole file they are in", () => {
    const file = "common:\n  security:\n    defaultRootPassword: hunter2\n";
    const { open, secrets } = splitSecrets({
      extraConfigFiles: { "user.yaml": file, "other.yaml": "log:\n  level: info\n" },
    });
    expect(secrets).to.deep.equal([{ path: 'extraConfigFiles["user.yaml"]', value: file }]);
    expect(open).to.deep.equal({ extraConfigFiles: { "other.yaml": "log:\n  level: info\n" } });
  });
});
