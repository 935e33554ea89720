import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { expect } from "chai";
import { readStackArguments } from "../../../config/stackConfig";

describe("readStackArguments", () => {
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
    const args = readStackArguments();
    expect(args.values).to.deep.equal({ proxy: { replicas: 2 }, minio: { secretKey: "hunter2" } });
    expect(args.valuesAreSecret).to.equal(true);
    expect(args).to.include({ version: "2.2.9", context: "dev", fromStackConfig: true });
  });

  it("finds keys that nobody asked for", () => {
    pulumi.runtime.setAllConfig({ "milvus:version": "2.2.9", "milvus:nodeselector": "{}" });
    expect(readStackArguments).to.throw("did you mean milvus:nodeSelector?");
  });

  it("says from where a values file that does not exist was looked for", () => {
    pulumi.runtime.setAllConfig({ "milvus:version": "2.2.9", "milvus:valuesFiles": '["nowhere.yaml"]' });
    expect(readStackArguments).to.throw(`nowhere.yaml: does not exist; the path is taken from ${process.cwd()}`);
  });
});
