import { cp, mkdtemp, rm } from "node:fs/promises";
import path from "node:path";
import { PulumiCommand } from "@pulumi/pulumi/automation";
import { SemVer } from "semver";
import { run } from "./run";

const INSTALLER = "https://get.pulumi.com/install.sh";
const REACH_SECONDS = 5;

/**
 * Tries Pulumi's own installer and puts the CLI, with the plugins it brings, beside `target`.
 * False where the installer cannot be reached or does not work; that is no error, it can be built instead.
 */
export async function installPulumi(version: string, target: string, log: (line: string) => void): Promise<boolean> {
  try {
    await fetch(INSTALLER, { method: "HEAD", signal: AbortSignal.timeout(REACH_SECONDS * 1000) });
  } catch {
    log(`pulumi ${version}: its installer (${new URL(INSTALLER).host}) cannot be reached from here`);
    return false;
  }
  const root = await mkdtemp(`${path.dirname(target)}.installer-`);
  try {
    log(`pulumi ${version}: installing with Pulumi's own installer`);
    await PulumiCommand.install({ version: new SemVer(version.replace(/^v/, "")), root });
    await run(path.join(root, "bin", "pulumi"), ["version"], { timeoutSeconds: 30 });
    await cp(path.join(root, "bin"), path.dirname(target), { recursive: true });
    return true;
  } catch (error) {
    log(`pulumi ${version}: its installer did not work (${(error as Error).message.split("\n")[0] ?? ""})`);
    return false;
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}
