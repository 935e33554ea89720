import { expect } from "chai";
import type { HelmValues } from "../../../../../upgrade/model";
import { mirrored } from "../../../../../upgrade/values/rules/imageRegistry";
import { getValue, path } from "../../../../../upgrade/values/tree";
import { planned, running, wanted } from "../../support";

const PREFIX = "registry.example.com/mirror";

describe("milvus:imageRegistry", () => {
  const plan = (values: HelmValues = {}) =>
    planned(wanted("2.2.14", { imageRegistry: PREFIX, values }), running("3.2.18", "2.1.4", { values }));

  for (const [key, value] of [
    ["image.all.repository", `${PREFIX}/milvusdb/milvus`],
    ["image.tools.repository", `${PREFIX}/milvusdb/milvus-config-tool`],
    ["pulsar.images.broker.repository", `${PREFIX}/apachepulsar/pulsar`],
    ["pulsar.pulsar_metadata.image.repository", `${PREFIX}/apachepulsar/pulsar`],
    ["minio.image.repository", `${PREFIX}/minio/minio`],
    ["global.imageRegistry", PREFIX],
  ] as const) {
    it(`sets ${key}`, () => {
      expect(getValue(plan().values, path(key))).to.equal(value);
    });
  }

  it("leaves out what the chart does not know", () => {
    expect(plan().values).to.not.have.any.keys("pulsarv3", "woodpecker", "attu");
  });

  it("keeps a repository of the user's own, and names it when it is elsewhere", () => {
    const own = plan({ minio: { image: { repository: "quay.io/minio/minio" } } });
    expect(getValue(own.values, path("minio.image.repository"))).to.equal("quay.io/minio/minio");
    expect(own.warnings.filter(({ rule }) => rule === "images_come_from_the_registry_wanted")).to.deep.equal([
      {
        rule: "images_come_from_the_registry_wanted",
        message: `milvus:values.minio.image.repository is not below ${PREFIX}; it stays as it is.`,
      },
    ]);
  });

  it("sets nothing when it is not set", () => {
    const { added } = planned(wanted("2.2.14"), running("3.2.18", "2.1.4"));
    expect(added.filter(({ rule }) => rule === "images_come_from_the_registry_wanted")).to.deep.equal([]);
  });

  for (const [image, result] of [
    ["milvusdb/milvus:v2.2.9", `${PREFIX}/milvusdb/milvus:v2.2.9`],
    ["registry.k8s.io/kubectl:v1.36.3", `${PREFIX}/kubectl:v1.36.3`],
    ["localhost:5000/a/b@sha256:ab", `${PREFIX}/a/b@sha256:ab`],
    ["busybox", `${PREFIX}/busybox`],
  ] as const) {
    it(`takes ${image} from ${result}`, () => {
      expect(mirrored(image, PREFIX)).to.equal(result);
    });
  }
});
