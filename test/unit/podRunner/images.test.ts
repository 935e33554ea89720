import { expect } from "chai";
import { imageProblem } from "../../../sandbox/milvus/milvusImage";
import { findImage } from "../../../sandbox/podRunner/images";

const tools = { kubectl: "/tools/kubectl", metaMigration: "/tools/meta-migration" };

describe("images of Jobs", () => {
  const table = [
    { image: "registry.k8s.io/kubectl:v1.36.3", kind: "runs" },
    { image: "harbor.example.com/mirror/k8s/kubectl:v1.30.0", kind: "runs" },
    { image: "localhost:5000/kubectl:v1.30.0@sha256:abc", kind: "runs" },
    { image: "milvusdb/meta-migration:v2.2.0", kind: "runs" },
    { image: "milvusdb/meta-migration@sha256:abc", kind: "runs" },
    { image: "registry.k8s.io/kubectl:1.36.3", kind: "missing" },
    { image: "registry.k8s.io/kubectl", kind: "missing" },
    { image: "milvusdb/meta-migration:v2.3.0", kind: "missing" },
    { image: "milvusdb/meta-migratoin:v2.2.0", kind: "missing" },
    { image: "apachepulsar/pulsar:2.8.2", kind: "completes" },
  ] as const;
  for (const { image, kind } of table) {
    it(`${image}: ${kind}`, () => {
      const found = findImage(image, tools);
      expect(found.kind).to.equal(kind);
      if (found.kind === "missing") expect(found.message).to.include(image);
    });
  }

  it("the kubectl image holds no shell, the migration image does", () => {
    const program = (image: string, command: string): string | undefined => {
      const found = findImage(image, tools);
      return found.kind === "runs" ? found.image.program(command) : undefined;
    };
    expect(program("registry.k8s.io/kubectl:v1.36.3", "/bin/sh")).to.equal(undefined);
    expect(program("registry.k8s.io/kubectl:v1.36.3", "/bin/kubectl")).to.equal("/tools/kubectl");
    expect(program("milvusdb/meta-migration:v2.2.0", "/bin/sh")).to.equal("/bin/sh");
    expect(program("milvusdb/meta-migration:v2.2.0", "/milvus/bin/meta-migration")).to.equal("/tools/meta-migration");
    expect(program("milvusdb/meta-migration:v2.2.0", "/opt/tool")).to.equal(undefined);
  });
});

describe("images of Milvus pods", () => {
  for (const image of [
    "milvusdb/milvus:v2.1.4",
    "mirror/x/milvus:v2.4.5-gpu",
    "zilliz/attu:v2.1.5",
    "milvusdb/milvus@sha256:a",
  ]) {
    it(`${image} can be pulled`, () => expect(imageProblem(image)).to.equal(undefined));
  }
  for (const image of ["milvusdb/milvus:2.1.4", "milvusdb/milvus:latest", "milvusdb/nilvus:v2.1.4"]) {
    it(`${image} cannot be pulled`, () => expect(imageProblem(image)).to.include(`"${image}"`));
  }
});
