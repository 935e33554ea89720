import { expect } from "chai";
import type { HelmValues } from "../../../../../upgrade/model";
import { chartReads } from "../../../../../upgrade/values/tables/chartReads";
import { mergeValues } from "../../../../../upgrade/values/tree";
import { CHART_RELEASES } from "../../../../../upgrade/versions/releases";
import { MIXED, STREAMING } from "../../support";
import { again, type Hop, inUserYaml, messagesOf, plan, ROCKSMQ, refusal, standalone, userYamlOfRules } from "./hop";

const AUTHORIZATION = inUserYaml("common:\n  security:\n    authorizationEnabled: true\n");
const over32: Hop = { chart: "3.2.18", from: "2.1.4", to: "2.2.14" };

describe("no_clients_locked_out (facts 5.1 and 5.8)", () => {
  const rows: readonly (Hop & { readonly title: string; readonly names: string })[] = [
    { title: "authorization in user.yaml", ...over32, values: AUTHORIZATION, names: "authorizationEnabled" },
    {
      title: "TLS in user.yaml",
      ...over32,
      values: inUserYaml("common: {security: {tlsMode: 1}}"),
      names: "common.security.tlsMode",
    },
    {
      title: "the shortcut, which charts read from 3.0.21 on",
      chart: "3.0.17",
      from: "2.0.2",
      to: "2.1.4",
      values: { authorization: { enabled: true } },
      names: "authorization.enabled",
    },
  ];
  for (const { title, names, ...hop } of rows) {
    it(`refuses ${title} that begins to count`, () => {
      const found = refusal(hop);
      expect(found.rule).to.equal("no_clients_locked_out");
      expect(found.reason).to.contain(names);
    });
  }

  it("lets it pass where it is in force already, by the shortcut or by the chart", () => {
    const both = mergeValues(AUTHORIZATION, { authorization: { enabled: true } });
    for (const hop of [
      { ...over32, values: both },
      { chart: "3.3.6", from: "2.2.0", to: "2.2.14", values: AUTHORIZATION },
    ]) {
      expect(userYamlOfRules(plan(hop))).to.deep.equal({ common: { security: { authorizationEnabled: true } } });
    }
  });

  it("lets it be taken out, though the release has it", () => {
    expect(plan({ ...over32, inForce: AUTHORIZATION, values: {} }).to).to.equal("2.2.14");
  });
});

describe("a_key_that_begins_to_count (facts 5.1 and 5.8)", () => {
  const RULE = "a_key_that_begins_to_count";
  const rows: readonly (Hop & { readonly says: string })[] = [
    { ...over32, values: inUserYaml("proxy: {maxNameLength: 9}"), says: "proxy.maxNameLength" },
    {
      chart: "4.1.36",
      from: "2.4.5",
      to: "2.5.16",
      values: { topologySpreadConstraints: [{}], volumes: [{}] },
      says: "volumes was ignored until now: charts from 4.2.31 on",
    },
    {
      chart: "4.1.8",
      from: "2.3.2",
      to: "2.3.13",
      values: { proxy: { tls: { enabled: true } } },
      says: "proxy.tls.enabled was ignored until now: charts from 4.1.10 on",
    },
    {
      chart: "4.1.4",
      from: "2.3.1",
      to: "2.3.13",
      values: { externalS3: { enabled: true, region: "r", useVirtualHost: true } },
      says: "externalS3.region and externalS3.useVirtualHost, which were ignored",
    },
  ];
  for (const { says, ...hop } of rows) {
    it(`says: ${says}`, () => {
      expect(messagesOf(plan(hop), RULE).join()).to.contain(says);
    });
  }

  it("is silent of components that the layout does not have", () => {
    const values = mergeValues(ROCKSMQ, { proxy: { strategy: {} } });
    expect(
      messagesOf(plan({ chart: "4.1.8", from: "2.3.2", to: "2.3.13", values, over: standalone }), RULE),
    ).to.deep.equal([]);
  });
});

describe("a_key_the_chart_lost, also where values.yaml still has it (fact 5.8)", () => {
  const RULE = "a_key_the_chart_lost";
  const rows: readonly (Hop & { readonly says: string })[] = [
    {
      chart: "4.2.58",
      from: "2.5.16",
      to: "2.6.15",
      values: { indexNode: { hpa: { enabled: false } } },
      over: { names: MIXED },
      says: "sets indexNode.hpa.enabled, which charts from 5.0.0 on ignore",
    },
    {
      chart: "4.1.36",
      from: "2.4.5",
      to: "2.4.16",
      values: { image: { tools: { tag: "x" } } },
      says: "sets image.tools.tag, which charts from 4.2.0 on ignore",
    },
  ];
  for (const { says, ...hop } of rows) {
    it(`says: ${says}`, () => {
      expect(messagesOf(plan(hop), RULE).join()).to.contain(says);
    });
  }

  it("moves the proxy's HTTP switch, which charts from 4.0.0 on have and do not read", () => {
    const hop = { ...over32, values: { proxy: { http: { enabled: false, debugMode: { enabled: true } } } } };
    expect(userYamlOfRules(plan(hop))).to.deep.equal({ proxy: { http: { enabled: false, debug_mode: true } } });
    expect(again(hop).kind).to.equal("nothing");
  });

  it("advises to set no default that the new chart does not read", () => {
    expect(messagesOf(plan(over32), "chart_defaults_change").join()).to.not.contain("proxy.http.enabled");
  });
});

describe("a_key_that_no_chart_reads (fact 5.8)", () => {
  const RULE = "a_key_that_no_chart_reads";
  const hop: Hop = { chart: "5.0.10", from: "2.6.8", to: "2.6.15", over: { names: STREAMING } };
  const rows: readonly { readonly values: HelmValues; readonly says: string | undefined }[] = [
    { values: { queryNode: { replica: 3 } }, says: "queryNode.replica (queryNode.replicas?)" },
    { values: { querynode: { replicas: 3 } }, says: "querynode.replicas (queryNode.replicas?)" },
    { values: { milvus: { proxy: { replicas: 3 } } }, says: "milvus.proxy.replicas" },
    { values: { proxy: { resources: { limits: { cpu: 1 } } }, etcd: { anything: 1 } }, says: undefined },
    { values: { nodeSelector: { "a.b/c": "d" }, global: { x: 1 }, "x-common": { a: 1 } }, says: undefined },
    { values: { extraConfigFiles: { "other.yaml": "a: 1" }, attu: { name: "attu" } }, says: undefined },
  ];
  for (const { values, says } of rows) {
    it(`${says ?? "is silent"}: ${JSON.stringify(values)}`, () => {
      const messages = messagesOf(plan({ ...hop, values }), RULE);
      if (says === undefined) expect(messages).to.deep.equal([]);
      else expect(messages.join()).to.contain(says);
    });
  }

  it("says so at an install as well, and nothing of a fork's own keys", () => {
    const values = { acme: { on: true } };
    const over = { release: { chartVersion: "5.0.10-acme.1", userValues: values } };
    const fork = plan({
      chart: "5.0.10-acme.1",
      from: "2.6.8",
      to: "2.6.8",
      values,
      over: { names: STREAMING, ...over },
    });
    expect(messagesOf(fork, RULE)).to.deep.equal([]);
  });

  it("counts what stands in a copy of the chart's own values for nothing", () => {
    const own = { indexNode: { strange: 1 } };
    const over = { names: STREAMING, release: { userValues: own, chartValues: own } };
    expect(messagesOf(plan({ ...hop, values: own, over }), RULE)).to.deep.equal([]);
  });
});

describe("the table of what charts read (fact 5.8)", () => {
  it("has the switches that every chart reads, for every release of the catalogue", () => {
    for (const { chart } of CHART_RELEASES) {
      for (const key of [
        ["cluster", "enabled"],
        ["image", "all", "tag"],
        ["externalEtcd", "endpoints"],
      ]) {
        expect(chartReads(key, chart), `${key.join(".")} ${chart}`).to.equal(true);
      }
    }
  });

  it("takes a map for read where a part is, and a part where the map is", () => {
    expect(chartReads(["proxy"], "5.0.19")).to.equal(true);
    expect(chartReads(["proxy", "resources", "limits", "cpu"], "5.0.19")).to.equal(true);
    expect(chartReads(["metadata", "rootPath"], "4.0.0")).to.equal(false);
    expect(chartReads(["externalS3", "region"], "4.2.1")).to.equal(false);
    expect(chartReads(["externalS3", "region"], "4.2.2")).to.equal(true);
  });
});
