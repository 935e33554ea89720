/**
 * What Pulumi's plugin runner loads (package.json `main`). It does so in the folder of the program that uses the component, with
 * that folder's tsconfig.json and a check of all types, which ends in errors about this project's. So TypeScript is set up anew.
 */
const path = require("node:path");
const { loadTypeScriptCompilerOptions, typeScriptRequireStrings } = require("@pulumi/pulumi/tsutils");

const project = path.join(__dirname, "..", "tsconfig.json");
const fromSdk = (name) =>
  require.resolve(name, { paths: [path.dirname(require.resolve("@pulumi/pulumi/package.json"))] });
const { tsnodeRequire, typescriptRequire } = typeScriptRequireStrings();

delete require.extensions[".ts"];
require(fromSdk(tsnodeRequire)).register({
  compiler: fromSdk(typescriptRequire),
  transpileOnly: true,
  skipProject: true,
  compilerOptions: { ...loadTypeScriptCompilerOptions(project), noEmit: false, sourceMap: true },
});

/** Called by the runner, as nothing here is a component. */
module.exports = () => require("./serve").serve(process.argv.slice(2));
