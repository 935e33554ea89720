import { podName } from "../podRunner/context";
import { forwardPorts } from "../podRunner/portForward";
import { NoServer } from "./real/installServer";
import { RealServer } from "./real/realServer";
import { type MilvusServer, Server, type ServerOptions } from "./server";
import { collectionsOf, startStandInService } from "./standInService";
import { imageVersion, versionText } from "./version";

const SERVING: readonly string[] = ["proxy", "standalone"];
const SERVICE_PORT = 19530;

/**
 * The real server where the sandbox was told to use one and there is one for this pod, else the stand-in. Says loudly
 * when a stand-in takes the place of a real one.
 */
export async function startServer(options: ServerOptions): Promise<MilvusServer> {
  const { context, pod, component, image, signal } = options;
  const version = imageVersion(image);
  if (!context.milvus().real || component !== "standalone" || version === undefined) {
    return standIn(options);
  }
  try {
    return await RealServer.start(context, pod, component, versionText(version), signal);
  } catch (error) {
    if (!(error instanceof NoServer)) throw error;
    const message = `NO REAL MILVUS ${versionText(version)}: ${error.message}. A stand-in takes its place, which holds none of its data.`;
    context.log(`pod runner: ${message}`);
    context.events.record(pod, "Warning", "StandIn", message);
    return standIn(options);
  }
}

/** Where clients connect, a stand-in answers as much as its version, and holds small collections. */
async function standIn(options: ServerOptions): Promise<MilvusServer> {
  const { context, pod, component, image } = options;
  const server = await Server.start(options);
  const version = imageVersion(image);
  if (!SERVING.includes(component) || version === undefined) return server;
  const { namespace = "default", labels } = pod.metadata ?? {};
  const service = await startStandInService({
    version: `v${versionText(version)}`,
    collections: collectionsOf(`${namespace}/${labels?.["app.kubernetes.io/instance"] ?? ""}`),
    refusesWrites: () => context.milvus().refusesWrites,
  });
  await forwardPorts(context.api, pod, { [SERVICE_PORT]: service.port }).catch((error: unknown) =>
    context.log(`pod runner: ${podName(pod)}: no port-forward: ${String(error)}`),
  );
  void server.ended.finally(() => service.close()).catch(() => undefined);
  return server;
}
