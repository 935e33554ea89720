import { expect } from "chai";
import { mirrored, type Platform, releaseOf, sha256In } from "../../../../sandbox/downloads/releases";
import { TOOL_NAMES, TOOLS, type ToolName } from "../../../../sandbox/toolList";

const LINUX: Platform = { os: "linux", arch: "x64" };
const MAC: Platform = { os: "darwin", arch: "arm64" };
const A = "a".repeat(64);
const B = "b".repeat(64);

describe("where publishers have their releases", () => {
  // Sources: kubernetes.io/docs/tasks/tools, the release pages of etcd, kwok, Helm, Pulumi, pulumi-kubernetes and actionlint.
  const rows: { name: ToolName; version: string; platform: Platform; url: string; member?: string }[] = [
    {
      name: "kubectl",
      version: "v1.36.3",
      platform: MAC,
      url: "https://dl.k8s.io/release/v1.36.3/bin/darwin/arm64/kubectl",
    },
    {
      name: "etcd",
      version: "v3.6.14",
      platform: LINUX,
      url: "https://github.com/etcd-io/etcd/releases/download/v3.6.14/etcd-v3.6.14-linux-amd64.tar.gz",
      member: "etcd-v3.6.14-linux-amd64/etcd",
    },
    {
      name: "etcd",
      version: "v3.6.14",
      platform: MAC,
      url: "https://github.com/etcd-io/etcd/releases/download/v3.6.14/etcd-v3.6.14-darwin-arm64.zip",
      member: "etcd-v3.6.14-darwin-arm64/etcd",
    },
    {
      name: "kwokctl",
      version: "v0.8.0",
      platform: LINUX,
      url: "https://github.com/kubernetes-sigs/kwok/releases/download/v0.8.0/kwokctl-linux-amd64",
    },
    {
      name: "helm4",
      version: "v4.3.2",
      platform: MAC,
      url: "https://get.helm.sh/helm-v4.3.2-darwin-arm64.tar.gz",
      member: "darwin-arm64/helm",
    },
    {
      name: "pulumi",
      version: "v3.259.0",
      platform: LINUX,
      url: "https://get.pulumi.com/releases/sdk/pulumi-v3.259.0-linux-x64.tar.gz",
      member: "pulumi/pulumi",
    },
    {
      name: "pulumi-resource-kubernetes",
      version: "v4.34.2",
      platform: LINUX,
      url: "https://github.com/pulumi/pulumi-kubernetes/releases/download/v4.34.2/pulumi-resource-kubernetes-v4.34.2-linux-amd64.tar.gz",
      member: "pulumi-resource-kubernetes",
    },
  ];
  for (const { name, version, platform, url, member } of rows) {
    it(`${name} ${version} for ${platform.os} ${platform.arch}`, () => {
      const release = releaseOf(name, version, platform);
      expect(release?.url).to.equal(url);
      expect(release?.member).to.equal(member);
    });
  }

  it("all tools but the sandbox's own are published for Linux on both processors, by https, with a checksum", () => {
    for (const arch of ["x64", "arm64"] as const) {
      for (const name of TOOL_NAMES.filter((tool) => tool !== "meta-migration")) {
        const release = releaseOf(name, TOOLS[name].version, { os: "linux", arch });
        expect(release?.url, name).to.match(/^https:/);
        expect(release?.checksum.url, name).to.match(/^https:/);
      }
    }
  });

  it("the control plane is published for Linux alone, and nothing for other systems and processors", () => {
    expect(releaseOf("kube-apiserver", "v1.36.3", MAC)).to.equal(undefined);
    expect(releaseOf("kubectl", "v1.36.3", { os: "win32", arch: "x64" })).to.equal(undefined);
    expect(releaseOf("kubectl", "v1.36.3", { os: "linux", arch: "s390x" })).to.equal(undefined);
    expect(releaseOf("meta-migration", "stand-in", LINUX)).to.equal(undefined);
  });

  it("a mirror has them under the host's name", () => {
    const url = "https://dl.k8s.io/release/v1.36.3/bin/linux/amd64/kubectl";
    expect(mirrored(url, "https://mirror.example/tools/")).to.equal(
      "https://mirror.example/tools/dl.k8s.io/release/v1.36.3/bin/linux/amd64/kubectl",
    );
    expect(mirrored(url, undefined)).to.equal(url);
  });
});

describe("publishers' checksums", () => {
  const rows: { title: string; kind: "sums" | "github"; text: string; is: string | undefined }[] = [
    { title: "alone", kind: "sums", text: A, is: A },
    { title: "alone, with a line's end", kind: "sums", text: `${A.toUpperCase()}\n`, is: A },
    { title: "of several files", kind: "sums", text: `${B}  other.tar.gz\n${A}  tool.tar.gz\n`, is: A },
    { title: "of a binary file (*)", kind: "sums", text: `${A} *tool.tar.gz\n`, is: A },
    { title: "of files in a folder (./)", kind: "sums", text: `${A}  ./tool.tar.gz\n`, is: A },
    { title: "under headings", kind: "sums", text: `# hashes\n### SHA256SUMS\n${A}  tool.tar.gz\n`, is: A },
    { title: "of another file only", kind: "sums", text: `${B}  tool.tar.gz.sig\n`, is: undefined },
    { title: "of another kind", kind: "sums", text: `${"a".repeat(128)}  tool.tar.gz\n`, is: undefined },
    { title: "by GitHub", kind: "github", text: release("tool.tar.gz", `sha256:${A}`), is: A },
    { title: "by GitHub, of another file", kind: "github", text: release("tool.zip", `sha256:${A}`), is: undefined },
    { title: "by GitHub, not computed", kind: "github", text: release("tool.tar.gz", null), is: undefined },
    { title: "no JSON", kind: "github", text: "<html>", is: undefined },
  ];
  for (const { title, kind, text, is } of rows) {
    it(title, () => expect(sha256In({ kind, name: "tool.tar.gz" }, text)).to.equal(is));
  }
});

function release(name: string, digest: string | null): string {
  return JSON.stringify({
    tag_name: "v1",
    assets: [
      { name: "other", digest: `sha256:${B}` },
      { name, digest },
    ],
  });
}
