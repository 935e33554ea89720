import { expect } from "chai";
import fc from "fast-check";
import { splitCommon } from "../../../manifests/common";
import { diffManifests } from "../../../manifests/diff";
import { imagesOf } from "../../../manifests/images";
import { changedLines } from "../../../manifests/lines";
import { maskOf } from "../../../manifests/mask";
import { type ParsedDocuments, parseManifest } from "../../../manifests/objects";
import { HIDDEN } from "../../../upgrade/secrets/take";

const deployment = (name: string, image: string, env = "LEVEL: info") => `
---
# Source: milvus/templates/${name}.yaml
apiVersion: apps/v1
kind: Deployment
metadata:
  name: ${name}
spec:
  template:
    spec:
      containers:
        - name: ${name}
          image: "${image}"
          env:
            - name: ${env.split(": ")[0] ?? ""}
              value: "${env.split(": ")[1] ?? ""}"
`;
const statefulSet = (spec: string) => `
---
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: etcd
spec:
${spec.replace(/^/gm, "  ")}
`;
const secret = (value: string) => `
---
apiVersion: v1
kind: Secret
metadata:
  name: minio
data:
  secretkey: ${value}
`;

const objects = (manifest: string) => parseManifest(manifest, "milvus");
const diff = (before: string, after: string, known: readonly string[] = []) =>
  diffManifests(objects(before), objects(after), maskOf(known));

describe("the diff of manifests", () => {
  it("finds no change between a manifest and itself, in whatever order its objects are", () => {
    const [a, b] = [deployment("a", "i:1"), deployment("b", "i:1")];
    expect(diff(a + b, b + a)).to.deep.equal([]);
  });

  it("names added and removed objects, and says which Helm leaves in the cluster", () => {
    const kept = deployment("a", "i:1").replace(
      "metadata:\n",
      'metadata:\n  annotations: {"helm.sh/resource-policy": keep}\n',
    );
    expect(diff(kept, deployment("b", "i:1"))).to.containSubset([
      { change: "removed", kind: "Deployment", name: "a", kept: true },
      { change: "added", kind: "Deployment", name: "b" },
    ]);
  });

  it("gives the path of a changed field with the container's name", () => {
    const [change] = diff(deployment("proxy", "milvus:v2.1.4"), deployment("proxy", "milvus:v2.2.14"));
    expect(change?.fields).to.deep.equal([
      {
        path: "spec.template.spec.containers[proxy].image",
        before: "milvus:v2.1.4",
        after: "milvus:v2.2.14",
      },
    ]);
  });

  it("gives the paths alone where nobody is to see from what to what", () => {
    const [before, after] = [deployment("proxy", "milvus:v2.1.4"), deployment("proxy", "milvus:v2.2.14")];
    const [change] = diffManifests(objects(before), objects(after));
    expect(change?.fields).to.deep.equal([{ path: "spec.template.spec.containers[proxy].image" }]);
  });

  it("parses a document that two manifests have in common once, and each that differs", () => {
    const parsed: ParsedDocuments = new Map();
    const [before] = parseManifest(deployment("a", "i:1") + deployment("b", "i:1"), "milvus", parsed);
    const [a, b] = parseManifest(`${deployment("a", "i:1")}${deployment("b", "i:2")}`, "milvus", parsed);
    expect(a).to.equal(before);
    expect(b).to.deep.equal(objects(deployment("b", "i:2"))[0]);
  });

  it("takes an object in another version of its API for the same object", () => {
    const budget = (api: string) =>
      `---\napiVersion: ${api}\nkind: PodDisruptionBudget\nmetadata: {name: pulsar}\nspec: {maxUnavailable: 1}\n`;
    expect(diff(budget("policy/v1beta1"), budget("policy/v1"))[0]).to.deep.include({ change: "changed" });
  });

  it("compares default.yaml with the milvus.yaml that it replaces", () => {
    const config = (key: string, line: string) =>
      `---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: milvus}\ndata:\n  ${key}: |\n    etcd: x\n    ${line}\n    log: y\n`;
    const [change] = diff(config("milvus.yaml", "mq: pulsar"), config("default.yaml", "mq: kafka"));
    expect(change?.fields).to.deep.equal([{ path: 'data."default.yaml"', lines: ["- mq: pulsar", "+ mq: kafka"] }]);
  });

  it("leaves hooks out: no release record has them", () => {
    const hook = deployment("hook", "i:1").replace(
      "metadata:\n",
      'metadata:\n  annotations: {"helm.sh/hook": post-install}\n',
    );
    expect(diff("", hook)).to.deep.equal([]);
  });

  it("says once what three objects or more share", () => {
    const all = (image: string) => ["a", "b", "c"].map((name) => deployment(name, image)).join("");
    const { common, own } = splitCommon(diff(all("i:1"), all("i:2")));
    expect(common).to.deep.equal([
      {
        path: "spec.template.spec.containers[*].image",
        change: { before: "i:1", after: "i:2" },
        objects: ["Deployment/a", "Deployment/b", "Deployment/c"],
      },
    ]);
    expect(own.map(({ fields }) => fields)).to.deep.equal([[], [], []]);
  });

  it("reads what charts really render: keys that are there twice, octal numbers", () => {
    const [object] = objects(
      "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {a: 0777, b: 1, b: 2}\n",
    );
    expect(object?.content.data).to.deep.equal({ a: 0o777, b: 2 });
  });

  it("names the template whose output is no YAML, and none of its contents", () => {
    expect(() => objects("---\n# Source: milvus/templates/bad.yaml\na: [hunter2\n")).to.throw(
      "milvus/templates/bad.yaml is not valid YAML",
    );
  });
});

describe("what the API server refuses", () => {
  const claims =
    "serviceName: etcd\nvolumeClaimTemplates:\n  - metadata: {name: data}\n    spec: {resources: {requests: {storage: 10Gi}}}";
  for (const [what, before, after, path] of [
    ["another claim size", claims, claims.replace("10Gi", "50Gi"), "spec.volumeClaimTemplates"],
    ["another Service", claims, claims.replace("serviceName: etcd", "serviceName: other"), "spec.serviceName"],
    ["a policy for pods", claims, `${claims}\npodManagementPolicy: Parallel`, "spec.podManagementPolicy"],
  ] as const) {
    it(`${what} of a StatefulSet`, () => {
      const [change] = diff(statefulSet(before), statefulSet(after));
      expect(change?.refused.map((it) => it.path)).to.deep.equal([path]);
    });
  }

  for (const [what, after] of [
    [
      "replicas, template and update strategy",
      `${claims}\nreplicas: 3\nupdateStrategy: {type: OnDelete}\ntemplate: {}`,
    ],
    ["a default written out", `${claims}\npodManagementPolicy: OrderedReady`],
    [
      "what the API server adds to a claim",
      claims
        .replace("- metadata", "- apiVersion: v1\n    kind: PersistentVolumeClaim\n    metadata")
        .replace("spec: {", "spec: {volumeMode: Filesystem, "),
    ],
  ] as const) {
    it(`takes ${what} of a StatefulSet`, () => {
      const refused = diff(statefulSet(claims), statefulSet(after)).flatMap((change) => change.refused);
      expect(refused).to.deep.equal([]);
    });
  }

  for (const [kind, before, after, path] of [
    ["Deployment", "spec: {selector: {a: b}}", "spec: {selector: {a: c}}", "spec.selector"],
    ["Job", "spec: {template: {a: b}}", "spec: {template: {a: c}}", "spec.template"],
    ["RoleBinding", "roleRef: {name: a}", "roleRef: {name: b}", "roleRef"],
    ["Service", "spec: {clusterIP: None}", "spec: {}", "spec.clusterIP"],
    [
      "PersistentVolumeClaim",
      "spec: {resources: {requests: {storage: 50Gi}}}",
      "spec: {resources: {requests: {storage: 5Gi}}}",
      "spec.resources.requests.storage",
    ],
    ["ConfigMap", "immutable: true\ndata: {a: b}", "immutable: true\ndata: {a: c}", "data"],
  ] as const) {
    it(`a change of ${path} of a ${kind}`, () => {
      const of = (body: string) => `---\napiVersion: v1\nkind: ${kind}\nmetadata: {name: x}\n${body}\n`;
      expect(diff(of(before), of(after))[0]?.refused.map((it) => it.path)).to.deep.equal([path]);
    });
  }
});

describe("the mask", () => {
  it("shows nothing of a Secret but that it changes", () => {
    const [change] = diff(secret("aHVudGVyMg=="), secret("b3RoZXI="));
    expect(change?.fields).to.deep.equal([{ path: "data.secretkey", before: HIDDEN, after: HIDDEN }]);
  });

  it("hides a password of the values wherever it turns up", () => {
    const shown = diff(deployment("a", "hunter2secret:1"), deployment("a", "x-hunter2secret-y:1"), ["hunter2secret"]);
    expect(JSON.stringify(shown)).to.include(`x-${HIDDEN}-y:1`).and.to.not.include("hunter2secret");
  });

  it("hides the value of a variable that is named like a password", () => {
    const [change] = diff(
      deployment("a", "i:1", "MINIO_SECRET_KEY: one"),
      deployment("a", "i:1", "MINIO_SECRET_KEY: two"),
    );
    expect(change?.fields[0]).to.deep.include({ before: HIDDEN, after: HIDDEN });
  });

  it("hides passwords in configuration files", () => {
    const file = (password: string) =>
      `---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata:\n  milvus.yaml: |\n    a: b\n    secretAccessKey: ${password}\n    c: ${password.length}\n`;
    const text = JSON.stringify(diff(file("swordfish"), file("open-sesame")));
    expect(text).to.not.include("swordfish").and.not.to.include("open-sesame");
    expect(text).to.include("- c: 9");
  });

  it("shows names of Secrets, which are no secrets", () => {
    const mask = maskOf([]);
    expect(mask.show("Deployment", ["volumes", "[v]", "secret", "secretName"], "my-release-minio")).to.equal(
      "my-release-minio",
    );
    expect(mask.show("Deployment", ["valueFrom", "secretKeyRef", "key"], "accesskey")).to.equal("accesskey");
  });
});

describe("changed lines", () => {
  const text = fc.array(fc.constantFrom("a", "b", "c", "d"), { maxLength: 12 });
  it("turn one text into the other, for any two texts", () => {
    fc.assert(
      fc.property(text, text, (before, after) => {
        const lines = changedLines(before.join("\n"), after.join("\n"));
        const count = (mark: string, letter: string) => lines.filter((line) => line === `${mark} ${letter}`).length;
        for (const letter of ["a", "b", "c", "d"]) {
          const of = (list: readonly string[]) => list.filter((it) => it === letter).length;
          expect(of(before) - count("-", letter) + count("+", letter)).to.equal(of(after));
        }
        if (before.join() === after.join()) expect(lines).to.deep.equal([]);
      }),
    );
  });
});

describe("the images of a manifest", () => {
  it("are those of containers and init containers, each once, without those of `helm test`", () => {
    const test = deployment("t", "busybox:1").replace(
      "metadata:\n",
      'metadata:\n  annotations: {"helm.sh/hook": test}\n',
    );
    const init = deployment("b", "i:1").replace(
      "containers:",
      "initContainers:\n        - {name: c, image: tool:2}\n      containers:",
    );
    expect([...imagesOf(objects(deployment("a", "i:1") + init + test))]).to.deep.equal([
      ["i:1", ["Deployment/a", "Deployment/b"]],
      ["tool:2", ["Deployment/b"]],
    ]);
  });
});
