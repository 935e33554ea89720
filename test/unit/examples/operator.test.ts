import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { parseAllDocuments } from "yaml";

interface Stack {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels: { readonly wave: string } };
  readonly spec: {
    readonly stack: string;
    readonly destroyOnFinalize: boolean;
    readonly prerequisites?: readonly { readonly name: string }[];
    readonly serviceAccountName: string;
    readonly workspaceTemplate: {
      readonly spec: {
        readonly securityProfile: string;
        readonly podTemplate: {
          readonly spec: { readonly volumes: readonly { readonly secret: { readonly secretName: string } }[] };
        };
      };
    };
  };
}
interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

const folder = join(__dirname, "..", "..", "..", "examples", "operator");
const all = (file: string) =>
  parseAllDocuments(readFileSync(join(folder, file), "utf8")).map((document) => document.toJS() as unknown);

describe("the example for the Pulumi Kubernetes Operator", () => {
  const stacks = all("stacks.yaml") as Stack[];

  it("has waves: each stack waits for those of the wave before, and for no other", () => {
    const waveOf = new Map(stacks.map(({ metadata }) => [metadata.name, Number(metadata.labels.wave)]));
    for (const { metadata, spec } of stacks) {
      const wave = Number(metadata.labels.wave);
      const before = [...waveOf].flatMap(([name, it]) => (it === wave - 1 ? [name] : []));
      expect((spec.prerequisites ?? []).map(({ name }) => name)).to.deep.equal(before);
    }
    expect([...new Set(waveOf.values())]).to.deep.equal([1, 2, 3]);
  });

  it("runs each stack in restricted pods, with the kubeconfig of its own cluster, and uninstalls nothing", () => {
    for (const { metadata, spec } of stacks) {
      expect(spec).to.deep.include({
        stack: `organization/milvus/${metadata.name}`,
        destroyOnFinalize: false,
        serviceAccountName: "milvus-upgrade",
      });
      const { securityProfile, podTemplate } = spec.workspaceTemplate.spec;
      expect(securityProfile).to.equal("restricted");
      expect(podTemplate.spec.volumes.map(({ secret }) => secret.secretName)).to.deep.equal([
        `kubeconfig-${metadata.name}`,
      ]);
    }
  });

  it("gives the workspace pods one right in their cluster, and in the others no wildcard and nothing cluster-wide but reading", () => {
    const access = all("access.yaml") as { readonly kind: string; readonly roleRef?: { readonly name: string } }[];
    expect(access.flatMap(({ roleRef }) => roleRef?.name ?? [])).to.deep.equal(["system:auth-delegator"]);
    const target = all("target.yaml") as { readonly kind: string; readonly rules?: readonly Rule[] }[];
    const rules = target.flatMap(({ rules: own = [] }) => own);
    expect(JSON.stringify(rules)).to.not.include("*");
    const wide = target.filter(({ kind }) => kind === "ClusterRole").flatMap(({ rules: own = [] }) => own);
    expect([...new Set(wide.flatMap(({ verbs }) => verbs))]).to.have.members(["get", "list"]);
  });
});
