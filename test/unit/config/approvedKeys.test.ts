import { expect } from "chai";
import { CONFIG_KEY_NAMES, type ConfigKey } from "../../../config/keys";
import { parseConfig } from "../../../config/parseConfig";
import { approvalHash, describeDifference } from "../../../upgrade/approval";
import { planned, running, wanted } from "../upgrade/support";

interface Row {
  /** Another value than the default. */
  readonly set: string;
  /** Keys without which it is refused. */
  readonly beside?: Readonly<Record<string, string>>;
  readonly moves: boolean;
  readonly why: string;
}

const CHANGED = "milvus:log.level: debug";

/** Each key once. A new key needs a row: does an approval of before cover a plan with another value of it? */
const ROWS = {
  version: { set: "2.5.15", moves: true, why: "another version is run" },
  release: { set: "other", moves: true, why: "another release is upgraded" },
  namespace: { set: "other", moves: true, why: "another release is upgraded" },
  values: { set: '{"log": {"level": "debug"}}', moves: true, why: "they are what is run" },
  valuesFiles: { set: '["values.yaml"]', moves: true, why: "what the files hold is run" },
  chartSource: { set: '{"oci": "oci://example.com/charts/milvus"}', moves: true, why: "another chart may be there" },
  chartVersion: { set: "4.2.20", moves: true, why: "another chart is run" },
  currentVersion: { set: "2.4.15", moves: true, why: "the plan starts from it" },
  strategy: { set: "helm", moves: true, why: "the steps are others" },
  rollback: { set: "true", moves: true, why: "it lets a plan go back" },
  overwriteMetadata: { set: "my-release-meta-a", moves: true, why: "it lets a step write over what etcd holds" },
  dropValues: { set: '["pulsar"]', moves: true, why: "it lets values be lost" },
  approvedPlan: {
    set: `${"000000.".repeat(5)}${"0".repeat(32)}`,
    moves: false,
    why: "the approval is no part of what it approves: setting it would undo it",
  },
  maxDowntime: { set: "5m", moves: true, why: "it is what a plan is judged by" },
  window: { set: "Sat 02:00-05:00 UTC", moves: true, why: "it lets a plan begin at other times" },
  promoteFrom: { set: "staging", moves: true, why: "it is what a plan is judged by" },
  soak: { set: "24h", beside: { promoteFrom: "staging" }, moves: true, why: "it is what a plan is judged by" },
  runBefore: { set: '["cronjob/milvus-backup"]', moves: true, why: "they are run" },
  runAfter: { set: '["cronjob/smoke-test"]', moves: true, why: "they are run" },
  oneWayNeeds: { set: "runBefore", moves: true, why: "it is what a plan is judged by" },
  prepull: { set: "off", moves: true, why: "the steps are others" },
  backupSize: { set: "20Gi", moves: true, why: "a Job's claim is another" },
  backupStorageClass: { set: "fast", moves: true, why: "a Job's claim is another" },
  kubectlImage: { set: "example.com/kubectl:v1", moves: true, why: "an image that is run" },
  metaMigrationImage: { set: "example.com/meta:v1", moves: true, why: "an image that is run" },
  etcdTls: { set: '{"secret": "etcd-client"}', moves: true, why: "Jobs are given another Secret" },
  imageRegistry: { set: "registry.example.com", moves: true, why: "images that are run" },
  dependencyImages: { set: "chart", moves: true, why: "images that are run" },
  messageQueue: { set: "woodpecker", moves: true, why: "it lets the values name another queue" },
  imagePullSecrets: { set: '["pull"]', moves: true, why: "pods of Jobs are others" },
  nodeSelector: { set: '{"disk": "ssd"}', moves: true, why: "pods of Jobs are others" },
  tolerations: { set: '[{"operator": "Exists"}]', moves: true, why: "pods of Jobs are others" },
  jobLabels: { set: '{"team": "search"}', moves: true, why: "pods of Jobs are others" },
  jobAnnotations: { set: '{"team": "search"}', moves: true, why: "pods of Jobs are others" },
  jobResources: { set: '{"limits": {"cpu": "1"}}', moves: true, why: "pods of Jobs are others" },
  jobUser: { set: "assigned", moves: true, why: "pods of Jobs are others" },
  preflight: { set: '{"permissions": "off"}', moves: true, why: "a plan that was checked is not checked any more" },
  verify: { set: "off", moves: true, why: "the result is judged by something else" },
  verifyQueries: { set: '[{"collection": "books"}]', moves: true, why: "the result is judged by something else" },
  verifyRows: { set: "ignored", moves: true, why: "the result is judged by something else" },
  reload: { set: "true", moves: true, why: "it interrupts searches" },
  address: { set: "milvus.example.com:19530", moves: true, why: "another service may be there, which is judged" },
  credentials: { set: '{"token": "t"}', moves: false, why: "who asks is not what is asked, and passwords are renewed" },
  tls: { set: '{"insecure": true}', moves: true, why: "the service is not checked any more" },
  timeouts: {
    set: '{"stop": "1h"}',
    moves: true,
    why: "a step gives up, and is judged to have failed, at another time",
  },
} as const satisfies Record<ConfigKey, Row>;

const STATE = running("4.2.20", "2.4.16", { names: ["mixcoord", "querynode", "proxy"] });
const PLAN = planned(wanted("2.5.16"), STATE);

/** The plan and the cluster stay: what moves is what the key itself moves. */
function hashOf(config: Record<string, string>): Promise<string> {
  const parsed = parseConfig({ config: { "milvus:version": "2.5.16", ...config }, readFile: () => CHANGED });
  return approvalHash({ ...parsed, state: STATE, plan: PLAN, program: { version: "0.1.0" } });
}

describe("an approval and the stack config", () => {
  let base: string;
  before(async () => {
    base = await hashOf({});
  });

  it("has a row for each key", () => {
    expect(Object.keys(ROWS)).to.deep.equal(CONFIG_KEY_NAMES);
  });

  for (const [key, { set, beside, moves, why }] of Object.entries(ROWS as Record<string, Row>)) {
    it(`${moves ? "covers" : "does not ask for"} milvus:${key}, since ${why}`, async () => {
      const others = Object.fromEntries(Object.entries(beside ?? {}).map(([name, it]) => [`milvus:${name}`, it]));
      const before = beside === undefined ? base : await hashOf(others);
      const found = describeDifference(before, await hashOf({ ...others, [`milvus:${key}`]: set }));
      expect(found).to.deep.equal(moves ? ["the stack config"] : []);
    });
  }

  for (const name of [
    "prepull",
    "start",
    "stop",
    "sessions",
    "backup",
    "migrate",
    "release",
    "rollout",
    "ownJobs",
    "pending",
    "lock",
    "settle",
    "verify",
    "answers",
    "writes",
  ]) {
    it(`covers milvus:timeouts.${name}`, async () => {
      expect(await hashOf({ "milvus:timeouts": JSON.stringify({ [name]: "7h" }) })).to.not.equal(base);
    });
  }

  it("does not ask for the login of a chart repository, and no hash is made of a password", async () => {
    const source = (password: string) =>
      hashOf({
        "milvus:chartSource": JSON.stringify({ repository: "https://c.example.com", username: "ci", password }),
      });
    expect(await source("this year's")).to.equal(await source("next year's"));
  });

  it("does not ask for certificates that are renewed", async () => {
    const tls = (ca: string) => hashOf({ "milvus:tls": JSON.stringify({ enabled: true, ca, key: `${ca}-key` }) });
    expect(await tls("this year's")).to.equal(await tls("next year's"));
  });

  it("does not ask for the way to the cluster: which one it is says the uid of its namespace", async () => {
    expect(await hashOf({ "kubernetes:context": "other", "kubernetes:kubeconfig": "/other" })).to.equal(base);
  });
});
