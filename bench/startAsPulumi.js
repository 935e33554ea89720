/**
 * Loads a program as Pulumi's language host does (@pulumi/pulumi/cmd/run), without an engine, and prints how long it took:
 * node bench/startAsPulumi.js PROGRAM TSCONFIG
 */
const path = require("node:path");

const [program, project] = process.argv.slice(2);
const { loadTypeScriptCompilerOptions, typeScriptRequireStrings } = require("@pulumi/pulumi/tsutils");
const fromSdk = (name) =>
  require.resolve(name, { paths: [path.dirname(require.resolve("@pulumi/pulumi/package.json"))] });

require("@pulumi/pulumi");
const { tsnodeRequire, typescriptRequire } = typeScriptRequireStrings();
const compilerOptions = loadTypeScriptCompilerOptions(project);
require(fromSdk(tsnodeRequire)).register({
  compiler: fromSdk(typescriptRequire),
  transpileOnly: compilerOptions.noCheck,
  project,
  skipProject: false,
  compilerOptions: {
    target: "ES2020",
    module: "nodenext",
    moduleResolution: "nodenext",
    sourceMap: "true",
    ...compilerOptions,
  },
});
require(path.resolve(program));

const { user, system } = process.cpuUsage();
process.stdout.write(
  JSON.stringify({
    seconds: process.uptime(),
    cpuSeconds: (user + system) / 1e6,
    megabytes: process.memoryUsage().rss / 1e6,
  }),
);
