import { expect } from "chai";
import type { HelmRelease } from "../../../../upgrade/model";
import { cluster, component, planned, refused, release, running, wanted } from "../support";

const RULE = "the_release_must_be_milvus";
/** As Chart.yaml and values.yaml of bitnami/charts, bitnami/milvus have them. */
const BITNAMI: Partial<HelmRelease> = {
  chartOrigins: ["https://bitnami.com", "https://github.com/bitnami/charts/tree/main/bitnami/milvus"],
  chartValues: { milvus: { image: {} }, dataCoord: {}, rootCoord: {}, queryCoord: {}, etcd: {}, attu: {} },
};
const OWN_VALUES = { image: { all: {} }, cluster: { enabled: true }, standalone: {}, etcd: {} };

function stateOf(over: Partial<HelmRelease>) {
  return running("3.1.5", "2.3.1", { release: over });
}

describe("the_release_must_be_milvus: charts of others (Chart.yaml and values.yaml of both)", () => {
  for (const [title, over] of Object.entries<Partial<HelmRelease>>({
    "its values and home": BITNAMI,
    "its values alone": { chartValues: BITNAMI.chartValues ?? {} },
    "its home alone": { chartOrigins: BITNAMI.chartOrigins ?? [] },
  })) {
    it(`knows bitnami's chart milvus by ${title}`, () => {
      const found = refused(wanted("2.3.13"), stateOf(over));
      expect(found.rule).to.equal(RULE);
      expect(found.reason).to.contain("bitnami's");
      expect(found.remedy).to.contain("milvus-backup");
    });
  }

  it("names where a chart is from that it does not know", () => {
    const over = { chartOrigins: ["https://charts.example.com"], chartValues: { image: "x" } };
    expect(refused(wanted("2.3.13"), stateOf(over)).reason).to.contain("https://charts.example.com");
  });

  for (const [title, over] of Object.entries<Partial<HelmRelease>>({
    "Milvus' own": {
      chartOrigins: ["https://milvus.io/", "https://github.com/zilliztech/milvus"],
      chartValues: OWN_VALUES,
    },
    "a fork with a home of its own": { chartOrigins: ["https://charts.example.com"], chartValues: OWN_VALUES },
    "a record that tells nothing": {},
  })) {
    it(`takes ${title}`, () => {
      expect(planned(wanted("2.2.11"), running("4.0.24", "2.2.9", { release: over })).to).to.equal("2.2.11");
    });
  }

  it("says of an umbrella chart where its Milvus is upgraded", () => {
    for (const over of [
      { chartValues: { db: OWN_VALUES } },
      { userValues: { milvus: { image: { all: { tag: "v2.2.9" } } } } },
    ]) {
      const umbrella = release("1.2.0", "1", { chartName: "shop", ...over });
      const found = refused(
        wanted("2.2.11"),
        cluster({ release: umbrella, components: [component("proxy", "2.2.9")] }),
      );
      expect(found.rule).to.equal(RULE);
      expect(found.reason).to.match(/chart shop, which brings Milvus as its dependency (db|milvus)/);
      expect(found.remedy)
        .to.match(/(db|milvus)\.image\.all\.tag/)
        .and.not.contain("milvus:release NAME");
    }
  });
});
