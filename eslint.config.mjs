import pulumi from "@pulumi/eslint-plugin";
import tseslint from "typescript-eslint";

/** Imports go one way: index, plugin → components → run → manifests → cluster, config, verify → upgrade, which imports nothing of ours. */
const forbid = (message, ...group) => ({ group, message });
const room = (files, ...patterns) => ({
  files,
  rules: { "no-restricted-imports": ["error", { patterns }] },
});

const noIndex = forbid(
  "Nothing imports the program; the sandbox runs it through sandbox/engine.",
  "**/index",
  "!**/sandbox/**",
);
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
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    plugins: { "@pulumi": pulumi },
    rules: {
      "@pulumi/no-output-in-template-literal": "error",
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true, allowBoolean: true }],
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
    },
  },
  room(
    ["upgrade/**/*.ts"],
    noPulumi,
    noKubernetes,
    noRooms("cluster", "components", "config", "run", "manifests", "process", "verify", "sandbox", "cli"),
    noIndex,
  ),
  room(
    ["cluster/**/*.ts"],
    noPulumi,
    noRooms("components", "run", "manifests", "process", "config", "verify", "sandbox", "cli"),
    noIndex,
  ),
  room(
    ["verify/**/*.ts"],
    noPulumi,
    noKubernetes,
    noRooms("components", "run", "manifests", "process", "config", "sandbox", "cli"),
    noIndex,
  ),
  room(
    ["config/**/*.ts"],
    noKubernetes,
    noRooms("components", "run", "manifests", "process", "cluster", "verify", "sandbox", "cli"),
    noIndex,
  ),
  room(
    ["manifests/**/*.ts"],
    noPulumi,
    noKubernetes,
    noRooms("components", "run", "verify", "sandbox", "cli"),
    noIndex,
  ),
  room(
    ["process/**/*.ts"],
    noPulumi,
    noKubernetes,
    noRooms("components", "run", "manifests", "cluster", "config", "verify", "upgrade", "sandbox", "cli"),
    noIndex,
  ),
  room(["run/**/*.ts"], noPulumi, noKubernetes, noRooms("components", "sandbox", "cli"), noIndex),
  room(["cli/**/*.ts"], noPulumi, noKubernetes, noRooms("components", "sandbox"), noIndex),
  room(["components/*.ts"], noKubernetes, noRooms("sandbox", "cli"), noIndex),
  room(
    ["components/{declare,engine}/**/*.ts"],
    noKubernetes,
    noRooms("cluster", "run", "manifests", "process", "config", "verify", "sandbox", "cli"),
    noIndex,
  ),
  room(
    ["plugin/**/*.ts"],
    noKubernetes,
    noRooms("cluster", "run", "manifests", "process", "config", "verify", "upgrade", "sandbox", "cli"),
    noIndex,
  ),
  room(["policy/**/*.ts"], noKubernetes, noRooms("cluster", "components", "config", "sandbox", "cli"), noIndex),
  {
    files: ["test/**/*.ts"],
    rules: {
      // mocha's describe and it return values nobody awaits; chai's assertions are getters.
      "@typescript-eslint/no-unused-expressions": "off",
      "@typescript-eslint/no-floating-promises": ["error", { ignoreVoid: true }],
    },
  },
);
