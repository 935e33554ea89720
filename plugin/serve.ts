import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import type { MilvusClusterArgs } from "../components/args";
import { TYPE } from "../components/engine/earlierRun";
import { settled } from "../components/engine/resolve";
import { UpgradeStopped } from "../components/failure";
import { MilvusCluster } from "../components/milvusCluster";
import { version } from "../package.json";

/** @param args of the process: the engine's address */
export async function serve(args: string[]): Promise<void> {
  await pulumi.provider.main(new ComponentProvider(), args);
  reportOnce();
}

/**
 * What stops a run rejects every output of the component, and the answer to the engine. The SDK would log the outputs' rejections
 * as well, with stack traces.
 */
function reportOnce(): void {
  const listeners = process.listeners("unhandledRejection");
  process.removeAllListeners("unhandledRejection");
  process.on("unhandledRejection", (reason, promise) => {
    if (reason instanceof UpgradeStopped) return;
    for (const listener of listeners) listener(reason, promise);
  });
}

/** Makes the component for programs in other languages. */
class ComponentProvider implements pulumi.provider.Provider {
  readonly version = version;
  readonly schema = readFileSync(join(__dirname, "schema.json"), "utf8");

  async construct(
    name: string,
    type: string,
    inputs: pulumi.Inputs,
    options: pulumi.ComponentResourceOptions,
  ): Promise<pulumi.provider.ConstructResult> {
    if (type !== TYPE) throw new Error(`This package has no resource of the type ${type}; it has ${TYPE}.`);
    const component = new MilvusCluster(name, inputs as unknown as MilvusClusterArgs, options);
    const { release, version, chart, endpoint, plan, backupClaim, facts, lastUpgrade, receipt, verification, urn } =
      component;
    // What stops the run is thrown as it is; the SDK would write "error serializing property" before it.
    await settled(verification);
    return {
      urn,
      state: { release, version, chart, endpoint, plan, backupClaim, facts, lastUpgrade, receipt, verification },
    };
  }
}
