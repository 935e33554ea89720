import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { builtinModules } from "node:module";
import { dirname, join, relative, sep } from "node:path";
import { expect } from "chai";

const root = join(__dirname, "..", "..");
const ENTRIES = ["index.ts", "library.ts", "cli/main.ts", "plugin/main.js", "policy/index.ts"];
const PRODUCT = [
  ...["components", "run", "manifests", "process", "cluster", "config", "verify", "upgrade", "cli", "plugin", "policy"],
  ...["index.ts", "library.ts", "package.json"],
];
/** Of the policy pack, which is no part of the package. */
const NOT_INSTALLED = ["@pulumi/policy"];

interface Manifest {
  readonly workspaces?: readonly string[];
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}
const manifestOf = (folder: string) => JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8")) as Manifest;
const { workspaces = [], dependencies = {} } = manifestOf(".");

interface Named {
  readonly files: readonly string[];
  readonly packages: readonly string[];
}

const known = new Map<string, Named>();

/** Whatever a file names, in an import, a `require` or a `createRequire`: the files of ours, and the packages. */
function named(file: string): Named {
  const found = known.get(file) ?? namedIn(file);
  known.set(file, found);
  return found;
}

function namedIn(file: string): Named {
  const text = readFileSync(join(root, file), "utf8");
  const files = [...text.matchAll(/["'`](\.{1,2}\/[\w./-]*)["'`]/g)].flatMap(([, name = ""]) => {
    const target = join(root, dirname(file), name);
    const found = [target, `${target}.ts`, join(target, "index.ts")].find(
      (it) => existsSync(it) && statSync(it).isFile(),
    );
    return found === undefined ? [] : [relative(root, found).split(sep).join("/")];
  });
  const packages = [...text.matchAll(/(?:\bfrom|\bimport|\bimport\(|require\(|\bload\()\s*["']([@\w][^"']*)["']/g)]
    .map(([, name = ""]) => name)
    .filter((name) => !name.startsWith("node:") && !builtinModules.includes(name))
    .map((name) => /^(@[^/]+\/)?[^/]+/.exec(name)?.[0] ?? name);
  return { files, packages };
}

function loadedFrom(entry: string): Set<string> {
  const seen = new Set([entry]);
  for (const file of seen) {
    if (!file.endsWith(".json")) for (const next of named(file).files) seen.add(next);
  }
  return seen;
}

const roomOf = (file: string) => file.split("/")[0] ?? "";

describe("the rooms", () => {
  for (const entry of ENTRIES) {
    it(`${entry} loads the product alone, and packages that are installed with it`, () => {
      const files = [...loadedFrom(entry)];
      expect(files.filter((file) => !PRODUCT.includes(roomOf(file)))).to.deep.equal([]);
      const packages = new Set(files.filter((file) => /\.[jt]s$/.test(file)).flatMap((file) => named(file).packages));
      expect([...packages].filter((name) => !(name in dependencies) && !NOT_INSTALLED.includes(name))).to.deep.equal(
        [],
      );
    });
  }

  it("are found by this test as they are: the command line comes to every room that it may import", () => {
    const rooms = new Set([...loadedFrom("cli/main.ts")].map(roomOf));
    expect([...rooms].sort()).to.include.members(["cli", "cluster", "config", "manifests", "run", "upgrade", "verify"]);
    expect([...loadedFrom("sandbox/cli.ts")].map(roomOf)).to.include.members(["sandbox", "cli"]);
    expect(named("sandbox/milvus/standInService.ts").packages).to.include("@grpc/grpc-js");
  });

  it("of the product import nothing of the workspaces, entry or not", () => {
    const sources = PRODUCT.flatMap((room) =>
      statSync(join(root, room)).isFile()
        ? [room]
        : readdirSync(join(root, room), { recursive: true, encoding: "utf8" }).map((name) => join(room, name)),
    ).filter((file) => /\.[jt]s$/.test(file));
    const wrong = sources.flatMap((file) =>
      named(file)
        .files.filter((name) => workspaces.includes(roomOf(name)))
        .map((name) => `${file}: ${name}`),
    );
    expect(sources.length).to.be.greaterThan(200);
    expect(wrong).to.deep.equal([]);
  });

  it("have one version of each package, wherever it is named", () => {
    const versions = new Map<string, Set<string>>();
    for (const manifest of [".", ...workspaces].map(manifestOf)) {
      for (const [name, version] of Object.entries({ ...manifest.dependencies, ...manifest.devDependencies })) {
        versions.set(name, (versions.get(name) ?? new Set()).add(version));
      }
    }
    expect(workspaces).to.include("sandbox");
    expect([...versions].filter(([, of]) => of.size > 1).map(([name]) => name)).to.deep.equal([]);
  });
});
