import { expect } from "chai";
import { ARGUMENT_OF, inArguments, parseArguments } from "../../../config/arguments";
import { ConfigError } from "../../../config/configError";
import { CONFIG_KEY_NAMES } from "../../../config/keys";
import { parseConfig } from "../../../config/parseConfig";

const parse = (args: object) => parseArguments({ version: "2.2.9", ...args }, 'MilvusCluster "m"');

/** Everything that is wrong, one line for each thing. */
function problemsOf(args: object): string[] {
  try {
    parse(args);
  } catch (error) {
    if (error instanceof ConfigError) return error.message.split("\n");
    throw error;
  }
  return expect.fail("nothing was wrong");
}

describe("the component's arguments", () => {
  it("have a place for every key of the stack config but the files, whose values come merged", () => {
    expect([...Object.keys(ARGUMENT_OF), "valuesFiles"]).to.have.members([...CONFIG_KEY_NAMES]);
  });

  it("have the same defaults as the stack config", () => {
    expect(parse({})).to.deep.equal(parseConfig({ config: { "milvus:version": "2.2.9" } }));
  });

  it("say the same as the keys", () => {
    const config = parse({
      releaseName: "db",
      namespace: "search",
      values: { proxy: { replicas: 2 } },
      valuesAreSecret: true,
      chart: { folder: "charts", version: "4.0.31" },
      upgrade: { strategy: "rolling", maxDowntime: "5m", rollback: true },
      verify: { mode: "data", rows: "no fewer", credentials: { token: "t" } },
      jobs: { backupSize: "1Gi", labels: { team: "search" }, etcdTls: { secret: "etcd" } },
      preflight: { chartThere: "off" },
      timeouts: { stop: "90s" },
      kubeconfig: "/k",
      context: "prod",
    });
    expect(config).to.deep.equal(
      parseConfig({
        config: {
          "milvus:version": "2.2.9",
          "milvus:release": "db",
          "milvus:namespace": "search",
          "milvus:values": { proxy: { replicas: 2 } },
          "milvus:chartSource": { folder: "charts" },
          "milvus:chartVersion": "4.0.31",
          "milvus:strategy": "rolling",
          "milvus:maxDowntime": "5m",
          "milvus:rollback": true,
          "milvus:verify": "data",
          "milvus:verifyRows": "no fewer",
          "milvus:credentials": { token: "t" },
          "milvus:backupSize": "1Gi",
          "milvus:jobLabels": { team: "search" },
          "milvus:etcdTls": { secret: "etcd" },
          "milvus:preflight": { chartThere: "off" },
          "milvus:timeouts": { stop: "90s" },
          "kubernetes:kubeconfig": "/k",
          "kubernetes:context": "prod",
        },
        secretKeys: ["milvus:values"],
      }),
    );
  });

  it("are all checked at once, under their own names", () => {
    const lines = problemsOf({
      version: "yesterday",
      releaseName: "My_Release",
      upgrade: { strategy: "fast" },
      timeouts: { stop: "soon" },
      chart: { repository: "https://a.example.com", folder: "b" },
    });
    expect(lines[0]).to.equal(
      'The arguments of MilvusCluster "m" have 5 problems; nothing was read from or changed in the cluster.',
    );
    const keys = lines.slice(1, -1).map((line) => /^ {2}- ([\w.]+)/.exec(line)?.[1]);
    expect(keys).to.have.members(["version", "releaseName", "upgrade.strategy", "timeouts.stop", "chart"]);
    expect(lines.join("\n")).to.not.contain("milvus:");
  });

  it("that nobody knows are named with what was meant: not every language checks them", () => {
    expect(
      problemsOf({ relaeseName: "a", upgrade: { stratgy: "helm" }, chart: { folders: "x" } }).slice(1, -1),
    ).to.deep.equal([
      "  - relaeseName: is not an argument; did you mean releaseName?",
      "  - upgrade.stratgy: is not an argument; did you mean upgrade.strategy?",
      "  - chart.folders: is not known here; did you mean folder?",
    ]);
  });

  it("never show a value of values", () => {
    expect(problemsOf({ values: "hunter2" }).join("\n"))
      .to.contain("values")
      .and.not.contain("hunter2");
  });
});

describe("a message in the words of arguments", () => {
  const rows: readonly [string, string][] = [
    ["pulumi config set milvus:rollback true", "set upgrade.rollback to true in the program"],
    [
      "Stay with what runs: pulumi config set milvus:version 2.1.4",
      "Stay with what runs: set version to 2.1.4 in the program",
    ],
    [
      "say so: pulumi config set --path 'milvus:values.pulsarv3.enabled' false, then pulumi up",
      "say so: set values.pulsarv3.enabled to false in the program, then pulumi up",
    ],
    ["pulumi config set --path 'milvus:dropValues[0]' KEY", "set upgrade.dropValues[0] to KEY in the program"],
    [
      "pulumi config set --path milvus:preflight.storageClass warn; pulumi config set --path milvus:preflight.permissions warn",
      "set preflight.storageClass to warn in the program; set preflight.permissions to warn in the program",
    ],
    ["pulumi config rm milvus:rollback", "take upgrade.rollback out of the program"],
    ["pulumi config rm --path 'milvus:values.a.b'", "take values.a.b out of the program"],
    ["milvus:maxDowntime allows 5 min", "upgrade.maxDowntime allows 5 min"],
    ["Say in milvus:values what runs now", "Say in values what runs now"],
    ["pulumi config set kubernetes:context NAME, or KUBECONFIG", "set context to NAME in the program, or KUBECONFIG"],
    [
      "pulumi config set milvus:version 2.1.4 and milvus:rollback true, then pulumi up; what was written since is lost",
      "set version to 2.1.4 and upgrade.rollback to true in the program, then pulumi up; what was written since is lost",
    ],
    [
      "  pulumi config set kubernetes:context NAME, or kubernetes:kubeconfig, or KUBECONFIG",
      "  set context to NAME in the program, or kubeconfig, or KUBECONFIG",
    ],
    [
      "All hops, one after the other: npm run upgrade -- --to 2.6.15",
      "All hops, one after the other: set version to the next one of the way and run pulumi up, again and again up to 2.6.15",
    ],
    [
      "With pulumi config set milvus:version 2.5.16 first change the layout and run pulumi up: A. Then set 2.6.15. Where milvus:values does not ask for another layout, this does both: npm run upgrade -- --to 2.6.15",
      "With version still 2.5.16, first change the layout and run pulumi up: A. Then set 2.6.15.",
    ],
    [
      "  pulumi stack init NAME && npm run adopt -- --release r --namespace n --context c --stack NAME",
      "  pulumi stack init NAME && pulumi up",
    ],
    ["repairing it: then pulumi up or npm run verify. More", "repairing it: then pulumi up. More"],
    [
      "To go on as it is: npm run verify -- --accept. It costs",
      "To go on as it is: delete the ConfigMap that keeps it (kubectl get configmaps -A -l milvus-upgrade/verification lists it). It costs",
    ],
    [
      "which interrupts its searches: npm run verify -- --reload\n  or for every run: pulumi config set milvus:reload true",
      "which interrupts its searches: set verify.reload to true in the program",
    ],
    [
      "is not known. npm run catalog:update brings the catalogue up to date.",
      "is not known. A newer version of the package milvus-upgrade brings the catalogue up to date.",
    ],
    [
      "For a release that came out since, run npm run catalog:update.",
      "For a release that came out since, take a newer version of the package milvus-upgrade.",
    ],
    ["pulumi preview and npm run plan show it as five parts", "pulumi preview shows it as five parts"],
    ["What differs: the stack config; the cluster.", "What differs: the arguments; the cluster."],
    ["kubernetes:helm.sh/v3:Release", "kubernetes:helm.sh/v3:Release"],
    ["kubernetes:core/v1:Secret", "kubernetes:core/v1:Secret"],
    ["image milvusdb/milvus:v2.2.9", "image milvusdb/milvus:v2.2.9"],
    ["the label app/milvus:version stays", "the label app/milvus:version stays"],
  ];
  for (const [before, after] of rows) {
    it(before, () => {
      expect(inArguments(before)).to.equal(after);
    });
  }
});
