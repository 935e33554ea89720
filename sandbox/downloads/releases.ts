import type { ToolName } from "../toolList";

/** What a publisher offers for one platform, and where its checksum is. */
export interface Release {
  readonly url: string;
  readonly checksum: Checksum;
  /** The binary's path in the archive; missing where the file is the binary itself. */
  readonly member?: string;
  /** The archive's other programs that come with it, e.g. Pulumi's language hosts; they lie beside the binary. */
  readonly siblings?: boolean;
}

/** `sums`: lines of a SHA-256 and a name, or the SHA-256 alone. `github`: the release's description by GitHub's API. */
export interface Checksum {
  readonly kind: "sums" | "github";
  readonly url: string;
  /** The line, or the asset, that is meant. */
  readonly name: string;
}

/** As Node names them, e.g. `linux` and `x64`. */
export interface Platform {
  readonly os: NodeJS.Platform;
  readonly arch: NodeJS.Architecture;
}

const GO_ARCH: Partial<Record<NodeJS.Architecture, string>> = { x64: "amd64", arm64: "arm64" };
/** Kubernetes publishes the control plane for Linux alone. */
const LINUX_ONLY: readonly ToolName[] = ["kube-apiserver", "kube-controller-manager", "kube-scheduler"];

/**
 * Where the publisher of a tool has it for a platform; undefined where it does not, as for the sandbox's own programs.
 *
 * @param version with its `v`; the kubernetes plugin is wanted in the SDK's version, all others in the pinned one
 */
export function releaseOf(name: ToolName, version: string, { os, arch }: Platform): Release | undefined {
  const goArch = GO_ARCH[arch];
  if (goArch === undefined || (os !== "linux" && os !== "darwin")) return undefined;
  if (os !== "linux" && LINUX_ONLY.includes(name)) return undefined;
  const plain = version.replace(/^v/, "");
  switch (name) {
    case "kube-apiserver":
    case "kube-controller-manager":
    case "kube-scheduler":
    case "kubectl": {
      const url = `https://dl.k8s.io/release/${version}/bin/${os}/${goArch}/${name}`;
      return { url, checksum: { kind: "sums", url: `${url}.sha256`, name } };
    }
    case "etcd": {
      const folder = `etcd-${version}-${os}-${goArch}`;
      const archive = `${folder}.${os === "darwin" ? "zip" : "tar.gz"}`;
      return {
        ...github("etcd-io/etcd", version, archive, "SHA256SUMS"),
        member: `${folder}/etcd`,
      };
    }
    case "kwok":
    case "kwokctl":
      return githubDigest("kubernetes-sigs/kwok", version, `${name}-${os}-${goArch}`);
    case "helm":
    case "helm4": {
      const archive = `helm-${version}-${os}-${goArch}.tar.gz`;
      const url = `https://get.helm.sh/${archive}`;
      return {
        url,
        checksum: { kind: "sums", url: `${url}.sha256sum`, name: archive },
        member: `${os}-${goArch}/helm`,
      };
    }
    case "pulumi":
    case "pulumi-language-yaml": {
      const archive = `pulumi-v${plain}-${os}-${arch}.tar.gz`;
      return {
        ...github("pulumi/pulumi", version, archive, `pulumi-${plain}-checksums.txt`),
        url: `https://get.pulumi.com/releases/sdk/${archive}`,
        member: `pulumi/${name}`,
        siblings: name === "pulumi",
      };
    }
    case "pulumi-resource-kubernetes": {
      const archive = `pulumi-resource-kubernetes-${version}-${os}-${goArch}.tar.gz`;
      return { ...githubDigest("pulumi/pulumi-kubernetes", version, archive), member: name };
    }
    case "actionlint": {
      const archive = `actionlint_${plain}_${os}_${goArch}.tar.gz`;
      return { ...github("rhysd/actionlint", version, archive, `actionlint_${plain}_checksums.txt`), member: name };
    }
    case "meta-migration":
      return undefined;
  }
}

function github(repository: string, version: string, name: string, sums: string): Release {
  const folder = `https://github.com/${repository}/releases/download/${version}`;
  return { url: `${folder}/${name}`, checksum: { kind: "sums", url: `${folder}/${sums}`, name } };
}

/** For projects that publish no file of checksums: GitHub computes one when a file is uploaded, and never changes it. */
function githubDigest(repository: string, version: string, name: string): Release {
  return {
    url: `https://github.com/${repository}/releases/download/${version}/${name}`,
    checksum: { kind: "github", url: `https://api.github.com/repos/${repository}/releases/tags/${version}`, name },
  };
}

/** The same file on a mirror: `MIRROR/HOST/PATH`, the layout of every proxy that keeps what it passes on. */
export function mirrored(url: string, mirror: string | undefined): string {
  if (mirror === undefined) return url;
  const { host, pathname } = new URL(url);
  return `${mirror.replace(/\/+$/, "")}/${host}${pathname}`;
}

/** The SHA-256 in hexadecimal that a publisher's answer names; undefined where it names none for this file. */
export function sha256In(checksum: Pick<Checksum, "kind" | "name">, answer: string): string | undefined {
  return checksum.kind === "github" ? digestOfAsset(checksum.name, answer) : digestInLines(checksum.name, answer);
}

function digestInLines(name: string, text: string): string | undefined {
  const rows = text
    .split("\n")
    .map((line) => /^([0-9a-fA-F]{64})(?:\s+\*?(?:\.\/)?(\S+))?\s*$/.exec(line))
    .filter((row) => row !== null);
  const row = rows.find(([, , file]) => file === name) ?? (rows.length === 1 && !rows[0]?.[2] ? rows[0] : undefined);
  return row?.[1]?.toLowerCase();
}

function digestOfAsset(name: string, text: string): string | undefined {
  let release: { assets?: readonly { name?: string; digest?: string | null }[] };
  try {
    release = JSON.parse(text) as typeof release;
  } catch {
    return undefined;
  }
  const digest = release.assets?.find((asset) => asset.name === name)?.digest ?? "";
  return /^sha256:([0-9a-f]{64})$/i.exec(digest)?.[1]?.toLowerCase();
}
