import { NoServer } from "./real/installServer";
import { RealServer } from "./real/realServer";
import { type MilvusServer, Server, type ServerOptions } from "./server";
import { imageVersion, versionText } from "./version";

/**
 * The real server where the sandbox was told to use one and there is one for this pod, else the stand-in. Says loudly
 * when a stand-in takes the place of a real one.
 */
export async function startServer(options: ServerOptions): Promise<MilvusServer> {
  const { context, pod, component, image, signal } = options;
  const version = imageVersion(image);
  if (!context.milvus().real || component !== "standalone" || version === undefined) {
    return Server.start(options);
  }
  try {
    return await RealServer.start(context, pod, component, versionText(version), signal);
  } catch (error) {
    if (!(error instanceof NoServer)) throw error;
    const message = `NO REAL MILVUS ${versionText(version)}: ${error.message}. A stand-in takes its place, which holds no data.`;
    context.log(`pod runner: ${message}`);
    context.events.record(pod, "Warning", "StandIn", message);
    return Server.start(options);
  }
}
