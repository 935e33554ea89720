import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { ChartAccess } from "../config/schema";
import type { ChartReference } from "../upgrade/model";

export interface HelmRepository {
  /** By which Helm knows it. */
  readonly name: string;
  /** What Helm finds it by. */
  readonly env: Readonly<Record<string, string>>;
}

const NAME = "milvus-source";

/**
 * A private repository of charts for as long as `work` takes. Helm takes user name and password from its file of repositories or
 * from its arguments, which every process of the machine may see: so they stand in a file of mode 0600, in a folder that goes.
 */
export async function withRepository<T>(
  { location }: Pick<ChartReference, "location">,
  { username = "", password = "", caFile }: ChartAccess,
  projectFolder: string,
  work: (repository: HelmRepository) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(path.join(tmpdir(), "milvus-upgrade-helm-"));
  try {
    const file = path.join(folder, "repositories.yaml");
    const entry = {
      name: NAME,
      url: location,
      username,
      password,
      caFile: caFile === undefined ? "" : path.resolve(projectFolder, caFile),
    };
    // JSON is YAML.
    await writeFile(file, JSON.stringify({ apiVersion: "v1", repositories: [entry] }), { mode: 0o600 });
    const env = { HELM_REPOSITORY_CONFIG: file, HELM_REPOSITORY_CACHE: path.join(folder, "cache") };
    return await work({ name: NAME, env });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
