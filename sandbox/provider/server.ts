import * as grpc from "@grpc/grpc-js";
import * as engineRpc from "@pulumi/pulumi/proto/engine_grpc_pb";
import * as engine from "@pulumi/pulumi/proto/engine_pb";
import * as plugin from "@pulumi/pulumi/proto/plugin_pb";
import * as providerRpc from "@pulumi/pulumi/proto/provider_grpc_pb";
import * as provider from "@pulumi/pulumi/proto/provider_pb";
import * as status from "@pulumi/pulumi/proto/status_pb";
import { Any } from "google-protobuf/google/protobuf/any_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { type JavaScriptValue, Struct } from "google-protobuf/google/protobuf/struct_pb";
import type { ChangeKind } from "./diff";
import { diffConfig } from "./diffConfig";
import { type EngineLog, InitializationFailure, type ResourceHandler } from "./handler";
import { RELEASE_TOKEN, tokenOf } from "./kinds";
import { isObject, type Properties, plainProperties } from "./values";

/** What the engine is told the provider's version is: that of the SDK the program uses. */
export interface ProviderOptions {
  readonly version: string;
  /** Called for every run of the engine with the provider's own config. */
  readonly configure: (config: Properties, log: EngineLog) => Promise<Handlers>;
  /** The engine wants everything under way to end. */
  readonly cancel: () => void;
}

export interface Handlers {
  readonly releases: ResourceHandler;
  readonly objects: ResourceHandler;
}

/** Serves Pulumi's provider protocol on a free loopback port and gives that port. */
export async function serveProvider(options: ProviderOptions): Promise<number> {
  // Charts with their values are larger than gRPC's default of 4 MiB.
  const server = new grpc.Server({ "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 });
  server.addService(providerRpc.ResourceProviderService, implementation(options));
  return new Promise((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
      if (error) {
        reject(error);
      } else {
        resolve(port);
      }
    });
  });
}

function implementation(options: ProviderOptions): grpc.UntypedServiceImplementation {
  let handlers: Handlers | undefined;
  let host: engineRpc.EngineClient | undefined;
  const handlerFor = (urn: string): ResourceHandler => {
    if (!handlers) {
      throw new Error("the provider was not configured");
    }
    return tokenOf(urn) === RELEASE_TOKEN ? handlers.releases : handlers.objects;
  };
  const log: EngineLog = {
    status: (urn, message) => send(engine.LogSeverity.INFO, urn, message, true),
    warning: (urn, message) => send(engine.LogSeverity.WARNING, urn, message, false),
  };
  const send = (severity: engine.LogSeverity, urn: string, message: string, ephemeral: boolean) => {
    const line = new engine.LogRequest();
    line.setSeverity(severity);
    line.setUrn(urn);
    line.setMessage(message);
    line.setEphemeral(ephemeral);
    // What the display misses is no reason to fail.
    host?.log(line, () => undefined);
  };

  return {
    attach: unary(async (request: plugin.PluginAttach) => {
      host = new engineRpc.EngineClient(request.getAddress(), grpc.credentials.createInsecure());
      return Promise.resolve(new Empty());
    }),
    getPluginInfo: unary(async () => {
      const info = new plugin.PluginInfo();
      info.setVersion(options.version);
      return Promise.resolve(info);
    }),
    getSchema: unary(async () => {
      const schema = new provider.GetSchemaResponse();
      schema.setSchema("{}");
      return Promise.resolve(schema);
    }),
    cancel: unary(async () => {
      options.cancel();
      return Promise.resolve(new Empty());
    }),
    checkConfig: unary(async (request: provider.CheckRequest) => {
      const response = new provider.CheckResponse();
      response.setInputs(request.getNews());
      return Promise.resolve(response);
    }),
    diffConfig: unary(async (request: provider.DiffRequest) => {
      const plain = (config: Struct | undefined) => plainProperties(fromStruct(config));
      const { changed, replaces } = diffConfig(plain(request.getOlds()), plain(request.getNews()));
      const { DIFF_NONE, DIFF_SOME } = provider.DiffResponse.DiffChanges;
      const response = new provider.DiffResponse();
      response.setChanges(changed.length === 0 ? DIFF_NONE : DIFF_SOME);
      response.setDiffsList([...changed]);
      response.setReplacesList([...replaces]);
      return Promise.resolve(response);
    }),
    configure: unary(async (request: provider.ConfigureRequest) => {
      handlers = await options.configure(plainProperties(fromStruct(request.getArgs())), log);
      const response = new provider.ConfigureResponse();
      response.setAcceptsecrets(true);
      response.setSupportspreview(true);
      return response;
    }),
    check: unary(async (request: provider.CheckRequest) => {
      const { inputs, failures } = await handlerFor(request.getUrn()).check({
        urn: request.getUrn(),
        olds: fromStruct(request.getOlds()),
        news: fromStruct(request.getNews()),
      });
      const response = new provider.CheckResponse();
      response.setInputs(toStruct(inputs));
      response.setFailuresList(
        failures.map(({ property, reason }) => {
          const failure = new provider.CheckFailure();
          failure.setProperty(property);
          failure.setReason(reason);
          return failure;
        }),
      );
      return response;
    }),
    diff: unary(async (request: provider.DiffRequest) => {
      const answer = await handlerFor(request.getUrn()).diff({
        urn: request.getUrn(),
        id: request.getId(),
        state: fromStruct(request.getOlds()),
        news: fromStruct(request.getNews()),
      });
      const response = new provider.DiffResponse();
      const changed = answer.changes.size > 0 || answer.replaces.length > 0;
      response.setChanges(
        changed ? provider.DiffResponse.DiffChanges.DIFF_SOME : provider.DiffResponse.DiffChanges.DIFF_NONE,
      );
      response.setReplacesList([...answer.replaces]);
      response.setDeletebeforereplace(answer.deleteBeforeReplace);
      response.setDiffsList([...new Set([...answer.changes.keys()].map((path) => path.split(/[.[]/)[0] ?? path))]);
      response.setHasdetaileddiff(answer.changes.size > 0);
      for (const [path, kind] of answer.changes) {
        const property = new provider.PropertyDiff();
        property.setKind(DIFF_KINDS[kind][answer.replaces.includes(path) ? "replace" : "inPlace"]);
        property.setInputdiff(true);
        response.getDetaileddiffMap().set(path, property);
      }
      return response;
    }),
    create: unary(async (request: provider.CreateRequest) => {
      const { id, state } = await handlerFor(request.getUrn()).create({
        urn: request.getUrn(),
        inputs: fromStruct(request.getProperties()),
        timeoutSeconds: request.getTimeout(),
        preview: request.getPreview(),
      });
      const response = new provider.CreateResponse();
      response.setId(id);
      response.setProperties(toStruct(state));
      return response;
    }),
    read: unary(async (request: provider.ReadRequest) => {
      const found = await handlerFor(request.getUrn()).read({
        urn: request.getUrn(),
        id: request.getId(),
        state: fromStruct(request.getProperties()),
        inputs: fromStruct(request.getInputs()),
      });
      const response = new provider.ReadResponse();
      if (found) {
        response.setId(request.getId());
        response.setProperties(toStruct(found.state));
        response.setInputs(toStruct(found.inputs));
      }
      return response;
    }),
    update: unary(async (request: provider.UpdateRequest) => {
      const state = await handlerFor(request.getUrn()).update({
        urn: request.getUrn(),
        id: request.getId(),
        state: fromStruct(request.getOlds()),
        news: fromStruct(request.getNews()),
        timeoutSeconds: request.getTimeout(),
        preview: request.getPreview(),
      });
      const response = new provider.UpdateResponse();
      response.setProperties(toStruct(state));
      return response;
    }),
    delete: unary(async (request: provider.DeleteRequest) => {
      await handlerFor(request.getUrn()).delete({
        urn: request.getUrn(),
        id: request.getId(),
        state: fromStruct(request.getProperties()),
        timeoutSeconds: request.getTimeout(),
      });
      return new Empty();
    }),
  };
}

const { Kind } = provider.PropertyDiff;
const DIFF_KINDS = {
  add: { inPlace: Kind.ADD, replace: Kind.ADD_REPLACE },
  delete: { inPlace: Kind.DELETE, replace: Kind.DELETE_REPLACE },
  update: { inPlace: Kind.UPDATE, replace: Kind.UPDATE_REPLACE },
} as const satisfies Record<ChangeKind, object>;

function unary<Request, Response>(
  work: (request: Request) => Promise<Response>,
): grpc.handleUnaryCall<Request, Response> {
  return (call, callback) => {
    work(call.request).then(
      (response) => callback(null, response),
      (error: unknown) => callback(toServiceError(error), null),
    );
  };
}

function toServiceError(error: unknown): Partial<grpc.StatusObject> {
  const details = error instanceof Error ? error.message : String(error);
  if (!(error instanceof InitializationFailure)) {
    return { code: grpc.status.UNKNOWN, details };
  }
  const failed = new provider.ErrorResourceInitFailed();
  failed.setId(error.id);
  failed.setProperties(toStruct(error.state));
  failed.setReasonsList([details, ...error.reasons]);
  if (error.inputs) {
    failed.setInputs(toStruct(error.inputs));
  }
  const detail = new Any();
  detail.pack(failed.serializeBinary(), "pulumirpc.ErrorResourceInitFailed");
  const rich = new status.Status();
  rich.setCode(grpc.status.UNKNOWN);
  rich.setMessage(details);
  rich.addDetails(detail);
  const metadata = new grpc.Metadata();
  // The place where gRPC implementations put structured details.
  metadata.add("grpc-status-details-bin", Buffer.from(rich.serializeBinary()));
  return { code: grpc.status.UNKNOWN, details, metadata };
}

function fromStruct(struct: Struct | undefined): Properties {
  const value: unknown = struct?.toJavaScript() ?? {};
  return isObject(value as Properties) ? (value as Properties) : {};
}

function toStruct(properties: Properties): Struct {
  // By way of JSON, which leaves out what is undefined.
  return Struct.fromJavaScript(JSON.parse(JSON.stringify(properties)) as Record<string, JavaScriptValue>);
}
