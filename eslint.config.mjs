import pulumi from "@pulumi/eslint-plugin";
import tseslint from "typescript-eslint";

/** Imports go one way: index, plugin → components → run → manifests → cluster, config, verify → upgrade, which imports nothing of ours. */
const forbid = (message, ...group) => ({ group, message });
const noWorkspaces = forbid(
  "The product imports nothing of the sandbox, the tests, the benchmarks and the scripts.",
  ...["sandbox", "test", "bench", "scripts"].flatMap((name) => [`**/${name}`, `**/${name}/**`]),
);
const room = (files, ...patterns) => ({
  files,
  rules: { "no-restricted-imports": ["error", { patterns: [...patterns, noWorkspaces] }] },
});

const noIndex = forbid("Nothing imports the program; the sandbox runs it through sandbox/engine.", "**/index");
const noPulumi = forbid("Only components/, config/stackConfig.ts and index.ts know Pulumi.", "@pulumi/*");
const noKubernetes = forbid(
  "Only cluster/ talks to the Kubernetes API; pass its result as a plain value.",
  "@kubernetes/*",
);
const noRooms = (...rooms) =>
  forbid(`This room must not import ${rooms.join(", ")}.`, ...rooms.flatMap((name) => [`**/${name}`, `**/${name}/**`]));

export default tseslint.config(
  { ignores: ["node_modules/", "dist/", "coverage/", "test/fixtures/", "examples/", "template/"] },
  {
    files: ["**/*.ts"],
    extends: [...tseslint.configs.strictTypeChecked],
    // One program for all: a project service, which asks anew with each file, takes a third longer.
    languageOptions: { parserOptions: { project: "./tsconfig.json", tsconfigRootDir: import.meta.dirname } },
    plugins: { "@pulumi": pulumi },
    rules: {
      "@pulumi/no-output-in-template-literal": "error",
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true, allowBoolean: true }],
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
    },
  },
  room(["index.ts", "library.ts"]),
  room(
    ["upgrade/**/*.ts"],
    noPulumi,
    noKubernetes,
    noRooms("cluster", "components", "config", "run", "manifests", "process", "verify", "cli"),
    noIndex,
  ),
  room(
    ["cluster/**/*.ts"],
    noPulumi,
    noRooms("components", "run", "manifests", "process", "config", "verify", "cli"),
    noIndex,
  ),
  room(
    ["verify/**/*.ts"],
    noPulumi,
    noKubernetes,
    noRooms("components", "run", "manifests", "process", "config", "cli"),
    noIndex,
  ),
  room(
    ["config/**/*.ts"],
    noKubernetes,
    noRooms("components", "run", "manifests", "process", "cluster", "verify", "cli"),
    noIndex,
  ),
  room(["manifests/**/*.ts"], noPulumi, noKubernetes, noRooms("components", "run", "verify", "cli"), noIndex),
  room(
    ["process/**/*.ts"],
    noPulumi,
    noKubernetes,
    noRooms("components", "run", "manifests", "cluster", "config", "verify", "upgrade", "cli"),
    noIndex,
  ),
  room(["run/**/*.ts"], noPulumi, noKubernetes, noRooms("components", "cli"), noIndex),
  room(["cli/**/*.ts"], noPulumi, noKubernetes, noRooms("components"), noIndex),
  room(["components/*.ts"], noKubernetes, noRooms("cli"), noIndex),
  room(
    ["components/{declare,engine}/**/*.ts"],
    noKubernetes,
    noRooms("cluster", "run", "manifests", "process", "config", "verify", "cli"),
    noIndex,
  ),
  room(
    ["plugin/**/*.ts"],
    noKubernetes,
    noRooms("cluster", "run", "manifests", "process", "config", "verify", "upgrade", "cli"),
    noIndex,
  ),
  room(["policy/**/*.ts"], noKubernetes, noRooms("cluster", "components", "config", "cli"), noIndex),
  {
    files: ["test/**/*.ts"],
    rules: {
      // mocha's describe and it return values nobody awaits; chai's assertions are getters.
      "@typescript-eslint/no-unused-expressions": "off",
      "@typescript-eslint/no-floating-promises": ["error", { ignoreVoid: true }],
    },
  },
);
