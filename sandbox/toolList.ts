import { createHash } from "node:crypto";

/** What a sandbox runs. */
export const SANDBOX_TOOLS = [
  "etcd",
  "kube-apiserver",
  "kube-controller-manager",
  "kube-scheduler",
  "kubectl",
  "kwokctl",
  "kwok",
  "helm",
  "meta-migration",
  "pulumi",
] as const;
/** And what is needed at times: the other Helm, the plugin where it cannot be downloaded, programs in YAML, a look at the workflows. */
export const TOOL_NAMES = [
  ...SANDBOX_TOOLS,
  "helm4",
  "pulumi-resource-kubernetes",
  "pulumi-language-yaml",
  "actionlint",
] as const;
export type ToolName = (typeof TOOL_NAMES)[number];

/** A tool, pinned, and how it is built from its Go module. */
export interface ToolSpec {
  readonly name: ToolName;
  readonly version: string;
  /** Folder with go.mod and go.sum, under sandbox/. */
  readonly folder: string;
  readonly package: string;
  readonly ldflags: string;
  /** Arguments that make it print its version; missing: never taken from PATH. */
  readonly versionArgs?: readonly string[];
}

const KUBERNETES = "v1.36.3";
const KWOK = "v0.8.0";
const ETCD = "v3.6.14";
const HELM = "v3.20.2";
const HELM4 = "v4.3.2";
const PULUMI = "v3.259.0";
/** The newest that public Go modules serve (v4.0.0-20260115033456-f47bc2d6f199); its release is the same commit. */
const PULUMI_KUBERNETES = "v4.25.0";
const PULUMI_YAML = "v1.25.0";
const ACTIONLINT = "v1.7.12";

const strip = "-s -w";
const kubernetesFlags = [
  strip,
  `-X k8s.io/component-base/version.gitVersion=${KUBERNETES}`,
  "-X k8s.io/component-base/version.gitMajor=1",
  "-X k8s.io/component-base/version.gitMinor=36",
].join(" ");

const kubernetes = (name: ToolName, versionArgs: readonly string[]): ToolSpec => ({
  name,
  version: KUBERNETES,
  folder: "tools/kubernetes",
  package: `k8s.io/kubernetes/cmd/${name}`,
  ldflags: kubernetesFlags,
  versionArgs,
});
const kwok = (name: ToolName): ToolSpec => ({
  name,
  version: KWOK,
  folder: "tools/kwok",
  package: `sigs.k8s.io/kwok/cmd/${name}`,
  ldflags: `${strip} -X sigs.k8s.io/kwok/pkg/consts.Version=${KWOK}`,
  versionArgs: ["--version"],
});
const helm = (name: ToolName, version: `v${string}`, folder: string): ToolSpec => {
  const module = `helm.sh/helm/${version.slice(0, 2)}`;
  return {
    name,
    version,
    folder,
    package: `${module}/cmd/helm`,
    ldflags: `${strip} -X ${module}/internal/version.version=${version}`,
    versionArgs: ["version", "--short"],
  };
};

/** In the order they are built: what the control plane needs comes first. */
export const TOOLS = {
  etcd: {
    name: "etcd",
    version: ETCD,
    folder: "tools/etcd",
    package: "go.etcd.io/etcd/server/v3",
    ldflags: strip,
    versionArgs: ["--version"],
  },
  "kube-apiserver": kubernetes("kube-apiserver", ["--version"]),
  "kube-controller-manager": kubernetes("kube-controller-manager", ["--version"]),
  "kube-scheduler": kubernetes("kube-scheduler", ["--version"]),
  kubectl: kubernetes("kubectl", ["version", "--client"]),
  kwokctl: kwok("kwokctl"),
  kwok: kwok("kwok"),
  // Beside the plugin, which has the same packages of Helm and Kubernetes in it: they are compiled once.
  helm: helm("helm", HELM, "tools/pulumi-kubernetes"),
  helm4: helm("helm4", HELM4, "tools/helm4"),
  "meta-migration": {
    name: "meta-migration",
    version: "stand-in",
    folder: "stand-ins",
    package: "./cmd/meta-migration",
    ldflags: strip,
  },
  pulumi: {
    name: "pulumi",
    version: PULUMI,
    folder: "tools/pulumi",
    package: "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
    // The Automation API refuses a CLI that does not know its own version.
    ldflags: `${strip} -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=${PULUMI}`,
    versionArgs: ["version"],
  },
  "pulumi-resource-kubernetes": {
    name: "pulumi-resource-kubernetes",
    version: PULUMI_KUBERNETES,
    folder: "tools/pulumi-kubernetes",
    package: "./cmd/pulumi-resource-kubernetes",
    ldflags: `${strip} -X github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/version.Version=${PULUMI_KUBERNETES}`,
  },
  "pulumi-language-yaml": {
    name: "pulumi-language-yaml",
    version: PULUMI_YAML,
    folder: "tools/pulumi-yaml",
    package: "github.com/pulumi/pulumi-yaml/cmd/pulumi-language-yaml",
    ldflags: `${strip} -X github.com/pulumi/pulumi-yaml/pkg/version.Version=${PULUMI_YAML}`,
  },
  actionlint: {
    name: "actionlint",
    version: ACTIONLINT,
    folder: "tools/actionlint",
    package: "github.com/rhysd/actionlint/cmd/actionlint",
    ldflags: strip,
    versionArgs: ["-version"],
  },
} as const satisfies Record<ToolName, ToolSpec>;

/**
 * Name of a tool's folder in the cache, e.g. `helm-v3.20.2-1f0c9b2a`. The last part changes with everything that
 * goes into the build, so a changed go.sum or flag never finds the old binary.
 */
export function cacheEntry(spec: ToolSpec, sources: readonly string[], platform: string): string {
  const hash = createHash("sha256");
  for (const part of [platform, spec.package, spec.ldflags, ...sources]) {
    hash.update(part).update("\0");
  }
  return `${spec.name}-${spec.version}-${hash.digest("hex").slice(0, 8)}`;
}

/** Does the output of a tool's version command name exactly this version? `v` and build metadata do not matter. */
export function namesVersion(output: string, version: string): boolean {
  const wanted = version.replace(/^v/, "");
  const found = [...output.matchAll(/(?<![\w.])v?(\d+\.\d+\.\d+(?:-[\w.]+)?)/g)].map((match) => match[1]);
  return found[0] === wanted;
}

/** What a run says of a tool, e.g. `helm v3.20.2`. */
export const titleOf = (tool: Pick<ToolSpec, "name" | "version">): string => `${tool.name} ${tool.version}`;

/** `go1.26.8` against `1.26.0`. */
export function goIsAtLeast(goVersion: string, required: string): boolean {
  const numbers = (text: string) => (text.match(/\d+/g) ?? []).map(Number);
  const [have, need] = [numbers(goVersion), numbers(required)];
  for (let index = 0; index < need.length; index++) {
    const difference = (have[index] ?? 0) - (need[index] ?? 0);
    if (difference !== 0) {
      return difference > 0;
    }
  }
  return true;
}
