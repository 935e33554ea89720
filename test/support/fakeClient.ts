import type { ClusterClient } from "../../cluster/api/client";
import type { ApiRequest, WriteRequest } from "../../cluster/api/request";
import { ClusterError } from "../../cluster/errors";
import type { Permission } from "../../upgrade/preflight/facts";
import type { GrantedRule } from "../../upgrade/preflight/grants";
import { ObjectStore, type StoredObject } from "./objectStore";

/** Answers by resource (`secrets`, `pods/log`, `version`): the items of a list, an object, or an error. */
export type Answers = Readonly<Record<string, unknown>>;

export interface FakeClient extends ClusterClient {
  readonly requests: ApiRequest[];
  readonly reviews: Permission[];
  readonly writes: WriteRequest[];
}

/**
 * An API server of which only the answers are there; what is not among them is an empty list. What is written is kept, and
 * read again by its name and in lists.
 */
export function fakeClient(
  answers: Answers,
  may: (permission: Permission) => boolean = () => true,
  rules: readonly GrantedRule[] = [],
): FakeClient {
  const requests: ApiRequest[] = [];
  const reviews: Permission[] = [];
  const writes: WriteRequest[] = [];
  const stores = new Map<string, ObjectStore>();
  return {
    context: "test",
    server: "https://test.invalid",
    requests,
    reviews,
    writes,
    review: (permission) => {
      reviews.push(permission);
      return Promise.resolve(may(permission));
    },
    grants: () => Promise.resolve(rules),
    rehearse: () => Promise.resolve({ status: 201, headers: {}, text: "{}" }),
    forward: () => Promise.reject(new Error("there is no pod to forward to")),
    read: (request) => {
      requests.push(request);
      const { resource = "", name } = request;
      const stored = stores.get(resource)?.stored ?? new Map<string, StoredObject>();
      const own = stored.get(name ?? "");
      if (own !== undefined) return Promise.resolve(own);
      const key = [request.resource ?? request.api, request.subresource].filter((part) => part !== undefined);
      const answer = answers[key.join("/")] ?? defaultAnswer(request);
      if (answer instanceof Error) return Promise.reject(answer);
      if (!Array.isArray(answer)) return Promise.resolve(answer);
      const items = [...(answer as unknown[]), ...stored.values()];
      const isShort = request.accept?.includes("as=PartialObjectMetadataList") === true;
      return Promise.resolve({
        items: isShort ? items.map((it) => ({ metadata: (it as { readonly metadata?: object }).metadata })) : items,
      });
    },
    write: (request) => {
      writes.push(request);
      const { method, resource } = request;
      const store = stores.get(resource) ?? new ObjectStore();
      stores.set(resource, store);
      const { status, body } =
        method === "POST"
          ? store.write(method, undefined, request.body)
          : store.write(method, request.name, method === "PATCH" ? request.body : (request.options ?? {}));
      const { message = "" } = body as { readonly message?: string };
      return Promise.resolve(status < 300 ? { status, message: "", body } : { status, message });
    },
  };
}

export function forbidden(resource: string): ClusterError {
  return new ClusterError("forbidden", `may not list ${resource}`, "ask somebody");
}

export function notFound(resource: string): ClusterError {
  return new ClusterError("notFound", `${resource} was not found`, "look elsewhere");
}

function defaultAnswer({ api, resource, name }: ApiRequest): unknown {
  if (api === "version") return { gitVersion: "v1.36.3" };
  if (api === "apis") return { groups: [{ name: "apps" }] };
  if (resource === "configmaps" && name !== undefined) return notFound(`ConfigMap ${name}`);
  return resource === "namespaces" ? { metadata: { name } } : [];
}
