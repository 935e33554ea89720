import { mkdirSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import path from "node:path";
import { projectFolder } from "../../../sandbox/folders";
import { run } from "../../../sandbox/run";

/** Puts the package into a program's folder as npm would install it, beside its dependencies and nothing else. */
export async function installPackage(program: string): Promise<string> {
  const modules = path.join(program, "node_modules");
  const installed = path.join(modules, "milvus-upgrade");
  mkdirSync(installed, { recursive: true });
  await run("npm", ["pack", "--silent", "--pack-destination", modules], { cwd: projectFolder, timeoutSeconds: 240 });
  const tarball = readdirSync(modules).find((name) => name.endsWith(".tgz")) ?? "";
  await run("tar", ["-xzf", path.join(modules, tarball), "-C", installed, "--strip-components=1"], {
    timeoutSeconds: 60,
  });
  const { dependencies } = JSON.parse(readFileSync(path.join(installed, "package.json"), "utf8")) as {
    dependencies: Record<string, string>;
  };
  for (const name of [...Object.keys(dependencies), "@types/node"]) {
    mkdirSync(path.dirname(path.join(modules, name)), { recursive: true });
    symlinkSync(path.join(projectFolder, "node_modules", name), path.join(modules, name));
  }
  return installed;
}
