import { chmod, cp, mkdir, rename, rm } from "node:fs/promises";
import path from "node:path";
import { run } from "../run";
import type { ToolName } from "../toolList";
import { fetchFile, fetchText, NotDownloaded } from "./fetchFile";
import { mirrored, type Platform, releaseOf, sha256In } from "./releases";

/** `off`: nothing is downloaded, everything is built. Else a URL that has the publishers' files as `URL/HOST/PATH`. */
export const MIRROR_VARIABLE = "MILVUS_MIRROR";

export interface DownloadRequest {
  readonly name: ToolName;
  readonly version: string;
  /** Where the binary goes. What is downloaded lies beside it until it is whole and verified. */
  readonly target: string;
  /** Default: this machine's. */
  readonly platform?: Platform;
  /** Of {@link MIRROR_VARIABLE}; undefined: the publishers themselves. */
  readonly mirror: string | undefined;
  readonly log: (line: string) => void;
  /** Hosts that this process has found out of reach; added to. */
  readonly out: Set<string>;
  readonly pauseMs?: number;
}

/**
 * Puts the publisher's binary at `target`, verified against the publisher's checksum for exactly that version.
 *
 * @returns undefined when it is there, else why it is not, as half a sentence
 * @throws Error when what came is not what the publisher's checksum says: that is no reason to try another way silently
 */
export async function downloadTool(request: DownloadRequest): Promise<string | undefined> {
  const { name, version, target, mirror, log, out, pauseMs } = request;
  const release = releaseOf(name, version, request.platform ?? { os: process.platform, arch: process.arch });
  if (release === undefined) {
    return name === "meta-migration"
      ? "it is a program of the sandbox itself"
      : "its publisher has none for this platform";
  }
  const url = mirrored(release.url, mirror);
  const sumsUrl = mirrored(release.checksum.url, mirror);
  const hosts = [url, sumsUrl].map((address) => new URL(address).host);
  const gone = hosts.find((host) => out.has(host));
  if (gone !== undefined) return `${gone} cannot be reached`;
  const part = `${target}.download`;
  await mkdir(path.dirname(target), { recursive: true });
  try {
    const tries = pauseMs === undefined ? {} : { pauseMs };
    const wanted = sha256In(release.checksum, await fetchText(sumsUrl, tries));
    if (wanted === undefined) return `${sumsUrl} has no checksum of ${release.checksum.name}`;
    const progress = (bytes: number, ofBytes: number | undefined) =>
      log(`${name} ${version}: ${megabytes(bytes)}${ofBytes === undefined ? "" : ` of ${megabytes(ofBytes)}`} MB`);
    const fetchIt = () => fetchFile(url, part, { onProgress: progress, ...tries });
    let found = await fetchIt();
    if (found !== wanted) {
      // What an earlier run had left may be of another file: once more, from the start.
      await rm(part, { force: true });
      found = await fetchIt();
    }
    if (found !== wanted) {
      await rm(part, { force: true });
      throw new Error(
        `${url} is not what its publisher has released: its SHA-256 is ${found}, and ${sumsUrl} says ${wanted}. ` +
          `Nothing of it was kept. Look at what answers for ${new URL(url).host} (a proxy, a mirror); ` +
          `${MIRROR_VARIABLE}=off builds the tool from its Go module instead`,
      );
    }
    await install(part, target, release);
    return undefined;
  } catch (error) {
    if (!(error instanceof NotDownloaded)) throw error;
    if (error.unreachable !== undefined) out.add(error.unreachable);
    return error.message;
  }
}

async function install(file: string, target: string, release: { member?: string; siblings?: boolean }): Promise<void> {
  if (release.member === undefined) {
    await chmod(file, 0o755);
    await rename(file, target);
    return;
  }
  const folder = `${target}.unpacked`;
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  try {
    // macOS' tar reads zip files too, the only place where there is one.
    await run("tar", ["-xf", file, "-C", folder], { timeoutSeconds: 300 });
    const binary = path.join(folder, release.member);
    await chmod(binary, 0o755);
    if (release.siblings === true) {
      await cp(path.dirname(binary), path.dirname(target), { recursive: true, filter: (from) => from !== binary });
    }
    // Last, since whoever finds it takes the tool for complete.
    await rename(binary, target);
  } finally {
    await rm(folder, { recursive: true, force: true });
    await rm(file, { force: true });
  }
}

/** Of {@link MIRROR_VARIABLE} in an environment. */
export function mirrorOf(env: NodeJS.ProcessEnv): { readonly off: boolean; readonly url: string | undefined } {
  const text = env[MIRROR_VARIABLE] ?? "";
  if (text === "") return { off: false, url: undefined };
  if (text === "off") return { off: true, url: undefined };
  if (!/^https?:$/.test(URL.parse(text)?.protocol ?? "")) {
    throw new Error(
      `${MIRROR_VARIABLE}=${text}: give the http or https URL of a mirror, e.g. https://mirror.example/tools, or off`,
    );
  }
  return { off: false, url: text };
}

const megabytes = (bytes: number) => (bytes / 1e6).toFixed(0);
