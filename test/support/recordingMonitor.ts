import * as pulumi from "@pulumi/pulumi";
// The public mocks show neither dependsOn nor options: this is the one deep import, for the class that does.
import { MockMonitor } from "@pulumi/pulumi/runtime/mocks";
import type { Struct } from "google-protobuf/google/protobuf/struct_pb";

/** A resource as the engine gets it. */
export interface Registered {
  readonly type: string;
  readonly name: string;
  readonly urn: string;
  readonly custom: boolean;
  /** Secrets are marked: see `isSecret` and `plain`. */
  readonly inputs: Record<string, unknown>;
  readonly parent: string;
  /** URNs. */
  readonly dependsOn: readonly string[];
  readonly importId: string;
  readonly protect: boolean;
  readonly retainOnDelete: boolean;
  readonly deleteBeforeReplace: boolean;
  readonly replacementTrigger: unknown;
  readonly ignoreChanges: readonly string[];
  /** e.g. `900s`; empty for the provider's default. */
  readonly createTimeout: string;
  /** Names of error hooks. */
  readonly onError: readonly string[];
}

/** The parts of the engine's protocol that are read here. */
interface RegisterRequest {
  getType(): string;
  getName(): string;
  getParent(): string;
  getCustom(): boolean;
  getObject(): Struct;
  getDependenciesList(): string[];
  getImportid(): string;
  getProtect(): boolean | undefined;
  getRetainondelete(): boolean | undefined;
  getDeletebeforereplace(): boolean;
  getReplacementTrigger(): { toJavaScript(): unknown } | undefined;
  getIgnorechangesList(): string[];
  getCustomtimeouts(): { getCreate(): string } | undefined;
  getHooks(): { getOnErrorList(): string[] } | undefined;
}
interface OutputsRequest {
  getUrn(): string;
  getOutputs(): Struct | undefined;
}
type Callback = (error: unknown, response: unknown) => void;
type Invoke = (token: string, inputs: Record<string, unknown>) => Record<string, unknown>;

type Inputs = Record<string, unknown> & { readonly metadata?: object };

/** Later than every revision of the tests. */
export const NEW_REVISION = 1000;

/**
 * Like the API server, which gives every object a uid, and Helm, which makes a new revision; a preview that may not rehearse
 * gives back what it got.
 */
function made(type: string, inputs: Inputs): Inputs {
  if (type === "kubernetes:helm.sh/v3:Release") return { ...inputs, status: { revision: NEW_REVISION } };
  return inputs.metadata === undefined ? inputs : { ...inputs, metadata: { ...inputs.metadata, uid: "made" } };
}

class RecordingMonitor extends MockMonitor {
  readonly registered: Registered[] = [];
  /** Names of the error hooks that the program has registered. */
  readonly errorHooks: string[] = [];

  constructor(invoke: Invoke, preview: boolean, leftOut: readonly string[]) {
    super({
      newResource: ({ type, name, inputs, id }) => ({
        id: id || `${name}-id`,
        state: preview || leftOut.includes(name) ? (inputs as Inputs) : made(type, inputs as Inputs),
      }),
      call: ({ token, inputs }) => invoke(token, inputs as Record<string, unknown>),
    });
  }

  override async registerResource(request: RegisterRequest, callback: Callback): Promise<void> {
    await super.registerResource(request, (error: unknown, response: { getUrn(): string }) => {
      if (!error) {
        this.registered.push(toRegistered(request, response.getUrn()));
      }
      callback(error, response);
    });
  }

  /** What components have said of themselves, by type. */
  readonly outputs = new Map<string, Readonly<Record<string, unknown>>>();

  override registerResourceOutputs(request: OutputsRequest, callback: Callback): void {
    const [, , types = ""] = request.getUrn().split("::");
    this.outputs.set(types.split("$").at(-1) ?? "", request.getOutputs()?.toJavaScript() ?? {});
    super.registerResourceOutputs(request, callback);
  }

  registerResourceHook(_request: unknown, callback: Callback): void {
    callback(null, {});
  }

  registerErrorHook(request: { getName(): string }, callback: Callback): void {
    this.errorHooks.push(request.getName());
    callback(null, {});
  }
}

function toRegistered(request: RegisterRequest, urn: string): Registered {
  return {
    urn,
    type: request.getType(),
    name: request.getName(),
    custom: request.getCustom(),
    inputs: request.getObject().toJavaScript(),
    parent: request.getParent(),
    dependsOn: request.getDependenciesList(),
    importId: request.getImportid(),
    protect: request.getProtect() ?? false,
    retainOnDelete: request.getRetainondelete() ?? false,
    deleteBeforeReplace: request.getDeletebeforereplace(),
    replacementTrigger: request.getReplacementTrigger()?.toJavaScript(),
    ignoreChanges: request.getIgnorechangesList(),
    createTimeout: request.getCustomtimeouts()?.getCreate() ?? "",
    onError: request.getHooks()?.getOnErrorList() ?? [],
  };
}

export interface Recording {
  readonly registered: readonly Registered[];
  /** What was logged, each message with its severity before it: `info: …`. */
  readonly said: readonly string[];
  readonly errorHooks: readonly string[];
  /** What components have said of themselves, by type. */
  readonly outputs: ReadonlyMap<string, Readonly<Record<string, unknown>>>;
}

/**
 * Runs a program against a recording engine and answers what it has declared, in the order of registration. The
 * engine is one for the whole process: await one recording before the next.
 *
 * @param invoke answers calls of provider functions; default: every call fails.
 * @param leftOut names of resources that the engine leaves out, as `--exclude` asks for
 */
export async function record(
  program: () => unknown,
  {
    preview = false,
    invoke = refuseCalls,
    leftOut = [],
  }: { preview?: boolean; invoke?: Invoke; leftOut?: readonly string[] } = {},
): Promise<Recording> {
  const monitor = new RecordingMonitor(invoke, preview, leftOut);
  const log = hearLog();
  pulumi.runtime.setMockOptions(monitor, "milvus", "test", preview, "organization");
  // The SDK writes down a stack for every promise and every resource: to do that, and to look it up in the sources, takes longer than
  // all the rest.
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 1;
  process.setSourceMapsEnabled(false);
  try {
    // Asks the monitor for the engine's features as a real run does: without them secrets would be sent in the clear.
    await pulumi.runtime.runInPulumiStack(async () => {
      await program();
    });
  } finally {
    await pulumi.runtime.disconnect();
    process.setSourceMapsEnabled(true);
    Error.stackTraceLimit = stackTraceLimit;
    log.restore();
  }
  return {
    said: log.said,
    registered: monitor.registered.filter(({ type }) => type !== "pulumi:pulumi:Stack"),
    errorHooks: monitor.errorHooks,
    outputs: monitor.outputs,
  };
}

const LOGGED = /^(info|warning|error): \[runtime\] /;

/** Without an engine to log to, the SDK writes to the console. */
function hearLog(): { readonly said: string[]; restore: () => void } {
  const said: string[] = [];
  const { log, warn, error } = console;
  const hear =
    (write: (...rest: unknown[]) => void) =>
    (...rest: unknown[]) => {
      const [text] = rest;
      if (typeof text === "string" && LOGGED.test(text)) said.push(text.replace("[runtime] ", ""));
      else write(...rest);
    };
  Object.assign(console, { log: hear(log), warn: hear(warn), error: hear(error) });
  return { said, restore: () => Object.assign(console, { log, warn, error }) };
}

export function isSecret(value: unknown): value is { readonly value: unknown } {
  return pulumi.runtime.isRpcSecret(value);
}

/** The value without the marks that say it is secret. */
export function plain(value: unknown): unknown {
  if (isSecret(value)) {
    return plain(value.value);
  }
  if (Array.isArray(value)) {
    return value.map(plain);
  }
  return typeof value === "object" && value !== null
    ? Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]))
    : value;
}

function refuseCalls(token: string): never {
  throw new Error(`unexpected call of ${token}`);
}
