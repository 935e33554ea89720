import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { expect } from "chai";
import { readStackConfig } from "../../../config/stackConfig";

describe("readStackConfig", () => {
  afterEach(() => pulumi.runtime.setAllConfig({}));

  it("reads milvus and kubernetes keys of the running stack, and which are encrypted", () => {
    const file = join(mkdtempSync(join(tmpdir(), "values-")), "values.yaml");
    writeFileSync(file, "proxy: {replicas: 2}\n");
    pulumi.runtime.setAllConfig(
      {
        "milvus:version": "2.2.9",
        "milvus:values": '{"minio":{"secretKey":"hunter2"}}',
        "milvus:valuesFiles": JSON.stringify([file]),
        "kubernetes:context": "dev",
      },
      ["milvus:values"],
    );
    const config = readStackConfig();
    expect(config.wanted.values).to.deep.equal({ proxy: { replicas: 2 }, minio: { secretKey: "hunter2" } });
    expect(config.valuesAreSecret).to.equal(true);
    expect(config.access).to.deep.equal({ context: "dev" });
  });

  it("finds keys that nobody asked for", () => {
    pulumi.runtime.setAllConfig({ "milvus:version": "2.2.9", "milvus:nodeselector": "{}" });
    expect(readStackConfig).to.throw("did you mean milvus:nodeSelector?");
  });

  it("says from where a values file that does not exist was looked for", () => {
    pulumi.runtime.setAllConfig({ "milvus:version": "2.2.9", "milvus:valuesFiles": '["nowhere.yaml"]' });
    expect(readStackConfig).to.throw(`nowhere.yaml: does not exist; the path is taken from ${process.cwd()}`);
  });
});
