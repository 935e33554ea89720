import { expect } from "chai";
import { secretsAsText, splitSecrets } from "../../../../cli/adopt/secretValues";

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

  it("are texts once they are encrypted, numbers too", () => {
    expect(secretsAsText({ minio: { secretKey: 12345678, port: 9000 } })).to.deep.equal({
      minio: { secretKey: "12345678", port: 9000 },
    });
    expect(splitSecrets({ minio: { secretKey: 12345678 } })).to.deep.equal({
      open: { minio: {} },
      secrets: [{ path: "minio.secretKey", value: "12345678" }],
    });
  });

  it("are taken out with the whole file they are in", () => {
    const file = "common:\n  security:\n    defaultRootPassword: hunter2\n";
    const { open, secrets } = splitSecrets({
      extraConfigFiles: { "user.yaml": file, "other.yaml": "log:\n  level: info\n" },
    });
    expect(secrets).to.deep.equal([{ path: 'extraConfigFiles["user.yaml"]', value: file }]);
    expect(open).to.deep.equal({ extraConfigFiles: { "other.yaml": "log:\n  level: info\n" } });
  });
});
