import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { parseYaml } from "../../config/helmValues";
import { suggest } from "../../config/suggestion";

/** A Pulumi project on the disk. */
export interface Project {
  readonly folder: string;
  readonly name: string;
  /** Of Pulumi.yaml, by full key; what a stack does not set. */
  readonly defaults: Readonly<Record<string, unknown>>;
}

/** A problem to be told without a stack trace. */
export class UsageError extends Error {}

type Tree = Readonly<Record<string, unknown>>;

/**
 * The project in this folder or the nearest one above.
 *
 * @throws UsageError
 */
export function findProject(start: string): Project {
  for (let folder = path.resolve(start); ; folder = path.dirname(folder)) {
    const file = ["Pulumi.yaml", "Pulumi.yml"].map((name) => path.join(folder, name)).find(existsSync);
    if (file !== undefined) return readProject(folder, file);
    if (folder === path.dirname(folder)) {
      throw new UsageError(
        `There is no Pulumi.yaml in ${path.resolve(start)} or above it. Go to the project, or name it: --cwd FOLDER`,
      );
    }
  }
}

function readProject(folder: string, file: string): Project {
  const project = asTree(parseYaml(readFileSync(file, "utf8")));
  const name = typeof project.name === "string" ? project.name : "milvus";
  const defaults = Object.entries(asTree(project.config)).flatMap(([key, declared]) => {
    const isDeclaration = typeof declared === "object" && declared !== null;
    const { value, default: byDefault } = asTree(declared);
    const given = isDeclaration ? (value ?? byDefault) : declared;
    return given === undefined ? [] : [[fullKey(key, name), given] as const];
  });
  return { folder, name, defaults: Object.fromEntries(defaults) };
}

/** A key of a config file; without a namespace it is the project's own. */
export function fullKey(key: string, projectName: string): string {
  return key.includes(":") ? key : `${projectName}:${key}`;
}

/** Names of the stacks that have a config file. */
export function stackNames({ folder }: Project): string[] {
  return readdirSync(folder)
    .flatMap((file) => /^Pulumi\.(.+)\.ya?ml$/.exec(file)?.[1] ?? [])
    .sort();
}

/**
 * The config file of a stack; `org/project/dev` has that of `dev`. Without a name, the only stack there is.
 *
 * @throws UsageError
 */
export function stackFile(
  project: Project,
  stack: string | undefined,
): { readonly stack: string; readonly file: string } {
  const names = stackNames(project);
  const wanted = stack ?? (names.length === 1 ? names[0] : undefined);
  if (wanted === undefined) {
    throw new UsageError(`Say which stack: --stack NAME${names.length > 0 ? `, one of ${names.join(", ")}` : ""}.`);
  }
  const short = wanted.split("/").at(-1) ?? wanted;
  const file = [`Pulumi.${short}.yaml`, `Pulumi.${short}.yml`]
    .map((name) => path.join(project.folder, name))
    .find(existsSync);
  if (file !== undefined) return { stack: wanted, file };
  const meant = suggest(short, names);
  const hint = meant === undefined ? "" : ` Did you mean ${meant}?`;
  const list = names.length === 0 ? "it has none" : `it has ${names.join(", ")}`;
  throw new UsageError(
    `The project in ${project.folder} has no config file for the stack ${short}; ${list}.${hint || ` Make it: pulumi stack init ${short}, then npm run adopt -- --release NAME --namespace NAMESPACE --stack ${short}`}`,
  );
}

export function asTree(value: unknown): Tree {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Tree) : {};
}
