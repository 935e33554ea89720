/** Gets a real Milvus server into the tool cache: pinned, with its hash checked by pip, unpacked by Python. */
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { toolsFolder } from "../../folders";
import { withLock } from "../../lock";
import { type RunOptions, tryRun } from "../../run";
import { hasServer, SERVER_PACKAGES, type ServerVersion } from "./packages";

/** Why there is no real server here; the sandbox then uses its stand-in, and says so. */
export class NoServer extends Error {
  override readonly name = "NoServer";
}

const PYTHON = "python3";
/** 60 MB to fetch, 250 MB to unpack. */
const STEP_SECONDS = 15 * 60;
const HEARTBEAT_MS = 10_000;

/**
 * Folder of the server of exactly this version, with `bin/milvus` and its libraries and `configs/`. Fetched and unpacked
 * the first time, which takes half a minute on a fast line.
 *
 * @throws NoServer when there is none for this version or machine, or it cannot be fetched.
 */
export async function ensureServer(version: string, log: (line: string) => void): Promise<string> {
  if (!hasServer(version)) {
    throw new NoServer(`no server of Milvus ${version} is published as a package`);
  }
  const folder = path.join(toolsFolder(), `milvus-server-${version}-${SERVER_PACKAGES[version].slice(0, 8)}`);
  if (existsSync(folder)) {
    return folder;
  }
  const platform = `${process.platform}/${process.arch}`;
  if (platform !== "linux/x64") {
    throw new NoServer(`the servers are published for linux/x64, and this is ${platform}`);
  }
  return withLock(
    path.join(toolsFolder(), `.lock-milvus-server-${version}`),
    { waitSeconds: 2 * STEP_SECONDS, onWait: (pid) => log(`Milvus server ${version}: process ${pid} is getting it`) },
    async () => {
      if (!existsSync(folder)) {
        await install(version, folder, log);
      }
      return folder;
    },
  );
}

async function install(version: ServerVersion, folder: string, log: (line: string) => void): Promise<void> {
  const started = Date.now();
  const seconds = () => Math.round((Date.now() - started) / 1000);
  let doing = "fetching";
  log(`Milvus server ${version}: fetching its package (about 50 MB)`);
  const heartbeat = setInterval(() => log(`Milvus server ${version}: still ${doing}, ${seconds()} s`), HEARTBEAT_MS);
  await mkdir(toolsFolder(), { recursive: true });
  const work = await mkdtemp(path.join(toolsFolder(), ".milvus-server-"));
  try {
    const wheel = await fetchWheel(version, work);
    doing = "unpacking";
    const unpacked = path.join(work, "server");
    await python([path.join(__dirname, "unpack.py"), wheel, unpacked], `unpacking ${path.basename(wheel)}`);
    await rename(unpacked, folder);
    log(`Milvus server ${version}: ready after ${seconds()} s`);
  } finally {
    clearInterval(heartbeat);
    await rm(work, { recursive: true, force: true });
  }
}

/** pip refuses a file whose hash is another. A Python without pip gets one in an environment of its own. */
async function fetchWheel(version: ServerVersion, work: string): Promise<string> {
  const requirements = path.join(work, "requirements.txt");
  await writeFile(requirements, `milvus==${version} --hash=sha256:${SERVER_PACKAGES[version]}\n`);
  const wheels = path.join(work, "wheels");
  const download = ["download", "--quiet", "--no-deps", "--require-hashes", "--only-binary=:all:"];
  const args = ["-m", "pip", ...download, "--requirement", requirements, "--dest", wheels];
  if ((await attempt(PYTHON, ["-m", "pip", "--version"])).exitCode === 0) {
    await python(args, `fetching the package milvus ${version}`);
  } else {
    const environment = path.join(work, "venv");
    await python(["-m", "venv", environment], "making a Python environment with pip");
    await python(args, `fetching the package milvus ${version}`, path.join(environment, "bin", "python"));
  }
  const [wheel] = await readdir(wheels);
  if (wheel === undefined) {
    throw new NoServer(`pip fetched no package for milvus ${version}`);
  }
  return path.join(wheels, wheel);
}

async function python(args: readonly string[], what: string, program = PYTHON): Promise<void> {
  const { exitCode, stderr, timedOut } = await attempt(program, args);
  if (exitCode !== 0) {
    const said = timedOut ? `not done after ${STEP_SECONDS} s` : stderr.trim().split("\n").slice(-3).join(" ");
    throw new NoServer(`${what} failed: ${said}`);
  }
}

async function attempt(program: string, args: readonly string[]): ReturnType<typeof tryRun> {
  const options: RunOptions = { timeoutSeconds: STEP_SECONDS, env: { ...process.env, PYTHONDONTWRITEBYTECODE: "1" } };
  try {
    return await tryRun(program, args, options);
  } catch (error) {
    throw new NoServer(`${PYTHON} is not on PATH, and the servers are Python packages (${String(error)})`);
  }
}
