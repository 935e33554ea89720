import { expect } from "chai";
import type { EngineStack } from "../../sandbox/engine";
import type { MetadataState } from "../../sandbox/metadata";
import { failureOf, problems, RELEASE, startTestBed, type TestBed, until } from "./support/testBed";

/** As OpenShift's restricted-v2 judges a pod that names a user outside the range of its namespace. */
const CONSTRAINT = [
  {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "ValidatingAdmissionPolicy",
    metadata: { name: "restricted-v2" },
    spec: {
      failurePolicy: "Fail",
      matchConstraints: {
        resourceRules: [{ apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["pods"] }],
        objectSelector: { matchExpressions: [{ key: "milvus-upgrade/step", operator: "Exists" }] },
      },
      validations: [
        {
          expression:
            "!has(object.spec.securityContext) || !(has(object.spec.securityContext.runAsUser) || has(object.spec.securityContext.runAsGroup) || has(object.spec.securityContext.fsGroup))",
          message:
            "unable to validate against any security context constraint: [provider restricted-v2: .spec.securityContext.fsGroup: Invalid value: []int64{65532}: 65532 is not an allowed group]",
        },
      ],
    },
  },
  {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "ValidatingAdmissionPolicyBinding",
    metadata: { name: "restricted-v2" },
    spec: { policyName: "restricted-v2", validationActions: ["Deny"] },
  },
];

/** The API group by which OpenShift is known. */
const GROUP = {
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: "securitycontextconstraints.security.openshift.io" },
  spec: {
    group: "security.openshift.io",
    scope: "Cluster",
    names: {
      plural: "securitycontextconstraints",
      singular: "securitycontextconstraints",
      kind: "SecurityContextConstraints",
    },
    versions: [
      {
        name: "v1",
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } },
      },
    ],
  },
};

describe("a metadata migration where pods may name no user, as on OpenShift", () => {
  let bed: TestBed;
  let stack: EngineStack;
  let original: MetadataState;

  before(async () => {
    bed = await startTestBed();
    original = await bed.seed();
    await bed.install("3.2.18");
    const items = [...CONSTRAINT, GROUP];
    const list = JSON.stringify({ apiVersion: "v1", kind: "List", items });
    await bed.sandbox.kubectl(["apply", "-f", "-"], { input: list });
    stack = await bed.stack({
      "milvus:version": "2.2.0",
    });
  });
  after(() => bed.stop());

  it("refuses a pod of the Jobs that names a user, which is what the next test is worth", async () => {
    const pod = {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "fixed", namespace: RELEASE.namespace, labels: { "milvus-upgrade/step": "probe" } },
      spec: { securityContext: { runAsUser: 65532 }, containers: [{ name: "a", image: "busybox" }] },
    };
    const args = ["create", "--dry-run=server", "-f", "-"];
    await until("the constraint is in force", async () => {
      const { stderr } = await bed.sandbox.tryKubectl(args, { input: JSON.stringify(pod) });
      return stderr.includes("unable to validate against any security context constraint");
    });
  });

  it("with milvus:jobUser fixed it is refused before anything stops, and what it says to type helps", async () => {
    await stack.setConfig({ "milvus:jobUser": "fixed" });
    for (const run of [() => stack.preview(), () => stack.up()]) {
      const { message } = await failureOf(run());
      expect(message).to.match(
        /jobPods: A pod like those of the upgrade's Jobs is refused in namespace \S+: .*security context/,
      );
      expect(message).to.include("pulumi config rm milvus:jobUser");
    }
    expect((await bed.sandbox.kubectl(["get", "jobs", "-n", RELEASE.namespace, "-o", "name"])).trim()).to.equal("");
    expect(
      problems(await bed.observe(), { version: "2.1.4", metadata: { before: original, format: "2.1" } }),
    ).to.deep.equal([]);
    await stack.removeConfig("milvus:jobUser");
  });

  it("by default the group is noticed, the pods name none, and the migration goes through", async () => {
    await stack.up();
    expect(
      problems(await bed.observe(), { version: "2.2.0", metadata: { before: original, format: "2.2" } }),
    ).to.deep.equal([]);
  });
});
