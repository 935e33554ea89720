/**
 * The stand-in for the kubernetes provider, for machines where the official plugin cannot be had. Prints its port; the
 * engine attaches with PULUMI_DEBUG_PROVIDERS=kubernetes:PORT. Ends when its stdin is closed, that is with its parent.
 */
import { connectApiServer } from "../podRunner/apiServer";
import type { ClusterAccess } from "./handler";
import { resolveKubeconfig } from "./kubeconfig";
import { ObjectHandler } from "./objects";
import { ReleaseHandler } from "./release";
import { serveProvider } from "./server";
import { text } from "./values";

async function main(version: string): Promise<void> {
  let canceler = new AbortController();
  const port = await serveProvider({
    version,
    configure: async (config, log) => {
      // A new run of the engine: what cancelled the last one does not concern it.
      canceler = new AbortController();
      const kubeconfig = await resolveKubeconfig(config);
      const access: ClusterAccess = {
        kubeconfig,
        defaultNamespace: text(config.namespace) ?? "default",
        upsertExistingObjects: text(config.upsertExistingObjects) === "true",
        signal: canceler.signal,
      };
      return {
        releases: new ReleaseHandler(access, log),
        objects: new ObjectHandler(access, connectApiServer(kubeconfig), log),
      };
    },
    cancel: () => canceler.abort(),
  });
  process.stdin.resume();
  process.stdin.once("close", () => process.exit(0));
  process.stdout.write(`${port}\n`);
}

main(process.argv[2] ?? "").catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
