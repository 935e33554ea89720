import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseValuesFile } from "../../config/helmValues";
import { runCommand } from "../../process/command";
import { compareCharts, isChartVersion } from "../../upgrade/charts/versions";
import type { HelmValues } from "../../upgrade/model";
import { asText } from "../../upgrade/values/tree";

export interface Chart {
  readonly version: string;
  /** Milvus version that it says it is for. */
  readonly milvus: string;
  /** Unpacked, with its subcharts. */
  readonly folder: string;
  /** values.yaml. */
  readonly defaults: HelmValues;
}

/** Where charts are taken from; those of a repository or an archive are unpacked when they are asked for. */
export interface ChartShelf {
  /** Oldest first. */
  readonly versions: readonly string[];
  get(version: string): Promise<Chart>;
  /** Removes what was unpacked. */
  close(): Promise<void>;
}

/**
 * @param place a folder with `milvus-VERSION/` or `milvus-VERSION.tgz`, or a clone (also a bare one) of the charts' repository,
 * whose tags are `milvus-VERSION`
 * @throws Error when there is no chart
 */
export async function openCharts(place: string): Promise<ChartShelf> {
  const names = await readdir(place);
  const isRepository = names.includes(".git") || (names.includes("HEAD") && names.includes("objects"));
  const entries = isRepository ? await tagsOf(place) : names;
  const found = new Map(
    entries.flatMap((name): [string, string][] => {
      const version = /^milvus-(\d.*?)(\.tgz)?$/.exec(name)?.[1];
      return version !== undefined && isChartVersion(version) ? [[version, name]] : [];
    }),
  );
  if (found.size === 0) {
    throw new Error(
      `There is no chart in ${place}: milvus-VERSION/, milvus-VERSION.tgz or a repository with such tags.`,
    );
  }
  const temporary = await mkdtemp(join(tmpdir(), "milvus-charts-"));
  const read = new Map<string, Promise<Chart>>();
  return {
    versions: [...found.keys()].sort(compareCharts),
    get: (version) => {
      const name = found.get(version);
      if (name === undefined) throw new Error(`There is no chart ${version} in ${place}.`);
      const known = read.get(version) ?? unpack(place, name, isRepository, temporary).then(readChart);
      read.set(version, known);
      return known;
    },
    close: () => rm(temporary, { recursive: true, force: true }),
  };
}

async function unpack(place: string, name: string, isRepository: boolean, temporary: string): Promise<string> {
  if (!isRepository && !name.endsWith(".tgz")) return join(place, name);
  const work = await mkdtemp(join(temporary, "unpacked-"));
  const target = join(temporary, name.replace(/\.tgz$/, ""));
  if (isRepository) {
    const archive = join(work, "chart.tar");
    await succeed("git", ["-C", place, "archive", "--output", archive, name, "charts/milvus"]);
    await succeed("tar", ["-xf", archive, "-C", work]);
    await rename(join(work, "charts", "milvus"), target);
  } else {
    await mkdir(work, { recursive: true });
    await succeed("tar", ["-xzf", join(place, name), "-C", work]);
    await rename(join(work, "milvus"), target);
  }
  return target;
}

async function tagsOf(repository: string): Promise<string[]> {
  return (await succeed("git", ["-C", repository, "tag", "--list", "milvus-*"])).split("\n");
}

async function succeed(program: string, args: readonly string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await runCommand(program, args, { timeoutSeconds: 60 });
  if (exitCode !== 0) throw new Error(`${program} ${args.join(" ")} failed: ${stderr.trim()}`);
  return stdout;
}

async function readChart(folder: string): Promise<Chart> {
  const [about, defaults] = await Promise.all(
    ["Chart.yaml", "values.yaml"].map(async (name) => parseValuesFile(await readFile(join(folder, name), "utf8"))),
  );
  if (!existsSync(join(folder, "templates"))) throw new Error(`${folder} is no chart: it has no templates.`);
  return {
    folder,
    version: asText(about?.version),
    milvus: asText(about?.appVersion).replace(/^v/, ""),
    defaults: defaults ?? {},
  };
}
