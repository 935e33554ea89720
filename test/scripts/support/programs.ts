import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { Site } from "./bench";
import { findProgram } from "./tools";

/** The tool, but a record is missing after its `run`. */
export function forgetfulTool(site: Site, key: string): string {
  const file = path.join(site.folder, "forgetful-tool");
  const request = JSON.stringify({ key: Buffer.from(site.prefix + key, "latin1").toString("base64") });
  writeFileSync(
    file,
    `#!${process.execPath}
const { spawnSync } = require("node:child_process");
const { readFileSync } = require("node:fs");
const isRun = /type: run/.test(readFileSync(process.argv[2].replace("-config=", ""), "utf8"));
const { status } = spawnSync(${JSON.stringify(site.bench.tools.metaMigration)}, process.argv.slice(2), { stdio: "inherit" });
if (!isRun || status !== 0) process.exit(status ?? 1);
fetch("http://${site.bench.etcd.address}/v3/kv/deleterange", { method: "POST", body: ${JSON.stringify(request)} }).then(() => process.exit(0));
`,
  );
  chmodSync(file, 0o755);
  return file;
}

/** A folder with one program, which runs this command. */
export function programFolder(site: Site, name: string, command: string): string {
  const folder = path.join(site.folder, `program-${name}`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, name), `#!/bin/sh\nexec ${command} "$@"\n`);
  chmodSync(path.join(folder, name), 0o755);
  return folder;
}

/** A folder with a `sync` and a `mv` that write down how they are called. */
export function recordingPrograms(site: Site, log: string): string {
  const folder = path.join(site.folder, "programs");
  mkdirSync(folder, { recursive: true });
  for (const [name, run] of [
    ["sync", ":"],
    ["mv", `exec ${findProgram("mv") ?? "/bin/mv"} "$@"`],
  ] as const) {
    writeFileSync(path.join(folder, name), `#!/bin/sh\nprintf '%s\\n' "${name} $*" >>'${log}'\n${run}\n`);
    chmodSync(path.join(folder, name), 0o755);
  }
  return folder;
}

/** A folder whose only programs are links to busybox, named as in the migration tool's image (Alpine). */
export function busyboxFolder(site: Site, busybox: string): string {
  const folder = path.join(site.folder, "busybox");
  mkdirSync(folder, { recursive: true });
  for (const name of ["awk", "cat", "date", "mkdir", "mv", "od", "rm", "sha256sum", "sleep", "sync", "wc"]) {
    writeFileSync(path.join(folder, name), `#!${busybox} sh\nexec ${busybox} ${name} "$@"\n`);
    chmodSync(path.join(folder, name), 0o755);
  }
  return folder;
}
