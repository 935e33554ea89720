import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import * as grpc from "@grpc/grpc-js";
import * as languageRpc from "@pulumi/pulumi/proto/language_grpc_pb";
import * as language from "@pulumi/pulumi/proto/language_pb";
import * as plugin from "@pulumi/pulumi/proto/plugin_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";

/** How `pulumi` starts a program of Node. */
export interface LanguageHost {
  readonly kind: "official" | "stand-in";
  /** What the CLI needs in its environment; PATH is put before the rest. */
  readonly env: Readonly<Record<string, string>>;
  stop(): void;
}

const BINARY = "pulumi-language-nodejs";

/**
 * Pulumi's own language host where it lies beside the CLI or on PATH. Else a stand-in that does the same with the same
 * script of the SDK, which is what loads the program: TypeScript, entry point and errors are the real ones. pulumi starts and ends
 * the one as the other, so the program has pulumi among its ancestors and gets its signals.
 */
export function languageHost(cli: string): LanguageHost {
  const folders = [path.dirname(cli), ...(process.env.PATH ?? "").split(path.delimiter)];
  const found = folders.find((folder) => folder !== "" && existsSync(path.join(folder, BINARY)));
  return found === undefined ? standIn() : { kind: "official", env: { PATH: found }, stop: () => undefined };
}

function standIn(): LanguageHost {
  const folder = mkdtempSync(path.join(tmpdir(), "language-host-"));
  const command = [process.execPath, "--require", require.resolve("tsx/cjs"), __filename].map((it) => `'${it}'`);
  writeFileSync(path.join(folder, BINARY), `#!/bin/sh\nexec ${command.join(" ")} "$@"\n`, { mode: 0o755 });
  return {
    kind: "stand-in",
    env: { PATH: folder },
    stop: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** As the engine starts a plugin: its own address is the last argument, and the plugin says its port first. */
async function serve(engineAddress: string): Promise<void> {
  const server = new grpc.Server({ "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 });
  server.addService(languageRpc.LanguageRuntimeService, implementation(engineAddress));
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  process.stdout.write(`${port}\n`);
}

type Answer = grpc.sendUnaryData<unknown>;

function implementation(startedBy: string): grpc.UntypedServiceImplementation {
  let engineAddress = startedBy;
  return {
    handshake: (call: { request: language.LanguageHandshakeRequest }, done: Answer) => {
      engineAddress = call.request.getEngineAddress();
      done(null, new language.LanguageHandshakeResponse());
    },
    getPluginInfo: (_call: unknown, done: Answer) => done(null, new plugin.PluginInfo()),
    // None is asked for: the engine has the kubernetes provider that the sandbox gives it.
    getRequiredPackages: (_call: unknown, done: Answer) => done(null, new language.GetRequiredPackagesResponse()),
    run: (call: { request: language.RunRequest }, done: Answer) => {
      runProgram(call.request, engineAddress).then(
        (response) => done(null, response),
        (error: unknown) => done({ code: grpc.status.UNKNOWN, details: String(error) }),
      );
    },
    // They are here already.
    installDependencies: (call: grpc.ServerWritableStream<unknown, language.InstallDependenciesResponse>) => call.end(),
    runPlugin,
    cancel: (_call: unknown, done: Answer) => done(null, new Empty()),
  };
}

/** Exit code of a program that has said itself what is wrong; the engine adds nothing to that. */
const SAID_WHY = 32;

/** `node @pulumi/pulumi/cmd/run`, as the official host calls it. */
async function runProgram(request: language.RunRequest, engine: string): Promise<language.RunResponse> {
  const info = request.getInfo();
  const folder = info?.getProgramDirectory() ?? request.getPwd();
  const options = (info?.getOptions()?.toJavaScript() ?? {}) as { typescript?: boolean; tsconfig?: string };
  const flags = {
    monitor: request.getMonitorAddress(),
    engine,
    organization: request.getOrganization(),
    project: request.getProject(),
    "root-directory": info?.getRootDirectory() ?? "",
    stack: request.getStack(),
    pwd: folder,
    parallel: `${request.getParallel()}`,
  };
  const args = Object.entries(flags).flatMap(([flag, value]) => (value === "" ? [] : [`--${flag}`, value]));
  const config = Object.fromEntries(
    request
      .getConfigMap()
      .getEntryList()
      .map(([key, value]) => [key.replace(":", ":config:"), value]),
  );
  const child = spawn(
    process.execPath,
    [
      createRequire(path.join(folder, "package.json")).resolve("@pulumi/pulumi/cmd/run"),
      ...args,
      ...(request.getDryrun() ? ["--dry-run"] : []),
      info?.getEntryPoint() ?? ".",
    ],
    {
      cwd: folder,
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        ...process.env,
        PULUMI_CONFIG: JSON.stringify(config),
        PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(request.getConfigsecretkeysList()),
        ...(options.typescript === true && { PULUMI_NODEJS_TYPESCRIPT: "true" }),
        ...(options.tsconfig !== undefined && { PULUMI_NODEJS_TSCONFIG_PATH: options.tsconfig }),
      },
    },
  );
  let said = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (data: Buffer) => {
      said += data.toString();
    });
  }
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  const response = new language.RunResponse();
  response.setBail(code === SAID_WHY);
  if (code !== 0 && code !== SAID_WHY) {
    response.setError(`Program exited with ${code ?? "a signal"}\n${said}`);
  }
  return response;
}

/** `node @pulumi/pulumi/cmd/run-plugin`, as the official host calls it: in the folder of the program that uses the plugin. */
function runPlugin(call: grpc.ServerWritableStream<language.RunPluginRequest, language.RunPluginResponse>): void {
  const { request } = call;
  const folder = request.getInfo()?.getProgramDirectory() ?? request.getProgram();
  const child = spawn(
    process.execPath,
    [
      createRequire(path.join(folder, "package.json")).resolve("@pulumi/pulumi/cmd/run-plugin"),
      folder,
      ...request.getArgsList(),
    ],
    { cwd: request.getPwd(), stdio: ["ignore", "pipe", "pipe"], env: variables(request.getEnvList()) },
  );
  const answer = (fill: (response: language.RunPluginResponse) => void) => {
    const response = new language.RunPluginResponse();
    fill(response);
    call.write(response);
  };
  child.stdout.on("data", (data: Buffer) => answer((response) => response.setStdout(data)));
  child.stderr.on("data", (data: Buffer) => answer((response) => response.setStderr(data)));
  child.once("error", (error) => call.destroy(error));
  child.once("close", (code) => {
    answer((response) => response.setExitcode(code ?? 1));
    call.end();
  });
  call.once("cancelled", () => child.kill("SIGKILL"));
}

function variables(list: readonly string[]): NodeJS.ProcessEnv {
  return Object.fromEntries(
    list.map((entry): [string, string] => {
      const end = entry.indexOf("=");
      return [entry.slice(0, end), entry.slice(end + 1)];
    }),
  );
}

if (require.main === module) void serve(process.argv.at(-1) ?? "");
