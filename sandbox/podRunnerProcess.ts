/** The pod runner as a process of its own: `podRunnerProcess.ts SANDBOX_FOLDER`. SIGTERM ends it and its containers. */
import { writeFile } from "node:fs/promises";
import { ControlPlane } from "./controlPlane";
import { startPodRunner } from "./podRunner";
import { controlPlaneFolder, podRunnerReadyFile } from "./sandboxPaths";
import { readState } from "./sandboxState";

async function main(folder: string): Promise<void> {
  const state = await readState(folder);
  if (!state) {
    throw new Error(`no sandbox in ${folder}`);
  }
  const podRunner = await startPodRunner({
    kubeconfig: new ControlPlane(controlPlaneFolder(folder), state.tools).kubeconfig,
    folder,
    tools: { ...state.tools, metaMigration: state.tools["meta-migration"] },
    metadataEtcd: state.secureEtcd ?? state.metadataEtcd,
    hosts: state.hosts,
    milvus: { real: state.realMilvus },
    log: (line) => console.log(`${new Date().toISOString()} ${line}`),
  });
  const end = () => {
    podRunner.stop().then(
      () => process.exit(0),
      (error: unknown) => {
        console.error(error);
        process.exit(1);
      },
    );
  };
  process.once("SIGTERM", end);
  process.once("SIGINT", end);
  await writeFile(podRunnerReadyFile(folder), String(process.pid));
}

main(process.argv[2] ?? "").catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
