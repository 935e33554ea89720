import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { type ApiServer, isStatus, MERGE } from "../podRunner/apiServer";
import { awaitDeleted, awaitReady, jobIsComplete, NotReady } from "./awaitReady";
import { changesBetween, isUnder, sameToServer } from "./diff";
import {
  type ClusterAccess,
  type DiffAnswer,
  type EngineLog,
  type Existing,
  InitializationFailure,
  type ResourceHandler,
} from "./handler";
import { collectionPath, kindOf, nameOf, type ObjectKind, tokenOf } from "./kinds";
import {
  checkpoint,
  idOf,
  importedInputs,
  inputsOf,
  mergePatch,
  namespaceOf,
  skipsAwait,
  withStringData,
} from "./objectState";
import {
  at,
  hasUnknowns,
  isObject,
  markSecrets,
  merge,
  type Properties,
  plainProperties,
  prune,
  text,
  without,
} from "./values";

const FIELD_MANAGER = "pulumi-kubernetes";
/** Takes JSON as well, being YAML. */
const APPLY = "application/apply-patch+yaml";
const AUTONAMED = "pulumi.com/autonamed";
const REPLACE_UNREADY = "pulumi.com/replaceUnready";

/** Kubernetes objects by their REST paths, with the official provider's answers where the program can tell. */
export class ObjectHandler implements ResourceHandler {
  constructor(
    private readonly access: ClusterAccess,
    private readonly api: ApiServer,
    private readonly log: EngineLog,
  ) {}

  check({ urn, olds, news }: Parameters<ResourceHandler["check"]>[0]) {
    const objectKind = kindOf(tokenOf(urn));
    const inputs = plainProperties(news);
    const metadata: Properties = isObject(inputs.metadata) ? { ...inputs.metadata } : {};
    const oldMetadata = at(plainProperties(olds), "metadata");
    if (text(metadata.name) === undefined) {
      metadata.name = text(at(oldMetadata, "name")) ?? `${nameOf(urn)}-${randomBytes(4).toString("hex")}`;
      metadata.annotations = merge((metadata.annotations ?? {}) as Properties, { [AUTONAMED]: "true" });
    }
    if (objectKind.namespaced) {
      metadata.namespace = text(metadata.namespace) ?? this.access.defaultNamespace;
    }
    const checked = { apiVersion: objectKind.apiVersion, kind: objectKind.kind, ...inputs, metadata };
    return Promise.resolve({ inputs: markSecrets(checked, news) as Properties, failures: [] });
  }

  async diff({ urn, state, news }: Existing & { readonly news: Properties }): Promise<DiffAnswer> {
    const objectKind = kindOf(tokenOf(urn));
    const after = plainProperties(news);
    const changes = changesBetween(inputsOf(state), after, sameToServer);
    const immutable = ["metadata.name", "metadata.namespace", ...objectKind.forceNew];
    const replaces = [...changes.keys()].filter((path) => isUnder(path, immutable));
    const annotated = at(after, "metadata", "annotations", REPLACE_UNREADY) === "true";
    if (annotated && objectKind.kind === "Job" && (await this.isUnready(objectKind, state))) {
      replaces.push(`metadata.annotations["${REPLACE_UNREADY}"]`);
    }
    const sameIdentity = !changes.has("metadata.name") && !changes.has("metadata.namespace");
    const autonamed = at(after, "metadata", "annotations", AUTONAMED) === "true";
    return { changes, replaces, deleteBeforeReplace: replaces.length > 0 && sameIdentity && !autonamed };
  }

  async create({ urn, inputs, timeoutSeconds, preview }: Parameters<ResourceHandler["create"]>[0]) {
    const objectKind = kindOf(tokenOf(urn));
    if (preview && hasUnknowns(inputs)) {
      return { id: "", state: inputs };
    }
    const object = plainProperties(inputs);
    const path = collectionPath(objectKind, namespaceOf(object));
    if (preview) {
      const live = await this.rehearse(path, object).catch((error: unknown) => {
        // Not there yet, not allowed to try, or there and about to be replaced: the real call will tell.
        if (isStatus(error, 403, 404, 409)) {
          return object;
        }
        throw error;
      });
      return { id: "", state: checkpoint(without(live, ["status"]), inputs) };
    }
    const created = await this.post(path, object, urn);
    const id = idOf(created);
    try {
      const live = await awaitReady(this.api, objectPath(objectKind, id), created, {
        ...this.waiting(urn, object, timeoutSeconds),
        isNew: true,
      });
      return { id, state: checkpoint(live, inputs) };
    } catch (error) {
      throw notLive(
        error,
        id,
        inputs,
        `resource "${urn}" was successfully created, but the Kubernetes API server reported that it failed to ` +
          "fully initialize or become live",
      );
    }
  }

  async read({ urn, id, state, inputs }: Existing & { readonly inputs: Properties }) {
    const objectKind = kindOf(tokenOf(urn));
    const live = await this.get(objectKind, id);
    if (!live) {
      return undefined;
    }
    const known = Object.keys(inputs).length > 0 ? plainProperties(inputs) : inputsOf(state);
    const imported = Object.keys(known).length === 0;
    const liveInputs = imported ? importedInputs(live) : (prune(withStringData(live, known), known) as Properties);
    const marked = markSecrets(liveInputs, inputs) as Properties;
    const newState = checkpoint(live, marked);
    if (!imported && objectKind.kind === "Job" && !skipsAwait(known) && !jobIsComplete(live)) {
      const message = `Resource '${text(at(live, "metadata", "name")) ?? id}' was created but failed to initialize`;
      throw new InitializationFailure(message, id, newState, [], marked);
    }
    return { state: newState, inputs: marked };
  }

  async update({ urn, id, state, news, timeoutSeconds, preview }: Parameters<ResourceHandler["update"]>[0]) {
    const objectKind = kindOf(tokenOf(urn));
    if (preview && hasUnknowns(news)) {
      return news;
    }
    const after = plainProperties(news);
    const patch = mergePatch(inputsOf(state), after);
    const path = objectPath(objectKind, id) + (preview ? "?dryRun=All" : "");
    const updated = await this.api.call<Properties>("PATCH", path, { body: patch, contentType: MERGE });
    if (preview) {
      return checkpoint(updated, news);
    }
    try {
      const waiting = { ...this.waiting(urn, after, timeoutSeconds), isNew: false };
      return checkpoint(await awaitReady(this.api, objectPath(objectKind, id), updated, waiting), news);
    } catch (error) {
      throw notLive(
        error,
        id,
        news,
        `the Kubernetes API server reported that "${id}" failed to fully initialize or become live`,
      );
    }
  }

  async delete({ urn, id, state, timeoutSeconds }: Existing & { readonly timeoutSeconds: number }): Promise<void> {
    const path = objectPath(kindOf(tokenOf(urn)), id);
    try {
      await this.api.call("DELETE", path, { body: { propagationPolicy: "Foreground" } });
    } catch (error) {
      if (isStatus(error, 404)) {
        return;
      }
      throw error;
    }
    await awaitDeleted(this.api, path, id, this.waiting(urn, inputsOf(state), timeoutSeconds));
  }

  private async post(path: string, object: Properties, urn: string): Promise<Properties> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.createOrTakeOver(path, object);
      } catch (error) {
        const said = error instanceof Error ? error.message : String(error);
        if (isStatus(error, 404) && attempt <= 5) {
          // Its namespace may just be on the way.
          this.log.status(urn, `Retry #${attempt}; creation failed: ${said}`);
          await sleep(500 * attempt);
          continue;
        }
        const hint = isStatus(error, 409) ? "\n\nThe resource already exists in the cluster." : "";
        throw new Error(`resource "${urn}" was not successfully created by the Kubernetes API server: ${said}${hint}`, {
          cause: error,
        });
      }
    }
  }

  /** What the server would make of it. One that has to be replaced is tried under another name, as there. */
  private async rehearse(path: string, object: Properties): Promise<Properties> {
    try {
      return await this.createOrTakeOver(path, object, { dryRun: "All" });
    } catch (error) {
      const isReplaced = isStatus(error, 422) && error.message.includes("field is immutable");
      if (!isReplaced) throw error;
      const name = `${text(at(object, "metadata", "name")) ?? ""}${randomBytes(3).toString("hex")}`;
      return this.createOrTakeOver(path, merge(object, { metadata: { name } }), { dryRun: "All" });
    }
  }

  /** With upsertExistingObjects an object that is there already is taken over, by server-side apply. */
  private createOrTakeOver(
    path: string,
    object: Properties,
    query: Readonly<Record<string, string>> = {},
  ): Promise<Properties> {
    const name = text(at(object, "metadata", "name"));
    return this.access.upsertExistingObjects && name !== undefined
      ? this.api.call(
          "PATCH",
          `${path}/${name}?${new URLSearchParams({ fieldManager: FIELD_MANAGER, force: "true", ...query }).toString()}`,
          { body: object, contentType: APPLY },
        )
      : this.api.call("POST", `${path}?${new URLSearchParams(query).toString()}`, { body: object });
  }

  private async get(objectKind: ObjectKind, id: string): Promise<Properties | undefined> {
    try {
      return await this.api.call<Properties>("GET", objectPath(objectKind, id));
    } catch (error) {
      if (isStatus(error, 404)) {
        return undefined;
      }
      throw error;
    }
  }

  /** Errors count as ready, as with the official provider. */
  private async isUnready(objectKind: ObjectKind, state: Properties): Promise<boolean> {
    const live = await this.get(objectKind, idOf(plainProperties(state))).catch(() => undefined);
    return live !== undefined && !jobIsComplete(live);
  }

  private waiting(urn: string, object: Properties, timeoutSeconds: number) {
    const annotated = Number(at(object, "metadata", "annotations", "pulumi.com/timeoutSeconds") ?? 0);
    return {
      timeoutSeconds: timeoutSeconds || annotated || 600,
      skip: skipsAwait(object),
      signal: this.access.signal,
      onStatus: (message: string) => this.log.status(urn, message),
    };
  }
}

function notLive(error: unknown, id: string, inputs: Properties, message: string): unknown {
  if (!(error instanceof NotReady)) {
    return error;
  }
  return new InitializationFailure(`${message}: ${error.message}`, id, checkpoint(error.live, inputs), error.reasons);
}

function objectPath(objectKind: ObjectKind, id: string): string {
  const [namespace, name] = id.includes("/") ? id.split("/", 2) : ["default", id];
  return `${collectionPath(objectKind, namespace ?? "default")}/${name ?? ""}`;
}
