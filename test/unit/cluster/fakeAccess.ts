import type { ApiRequest, ClusterAccess } from "../../../cluster/access";
import { ClusterError } from "../../../cluster/errors";
import type { Permission } from "../../../upgrade/preflight/facts";
import type { GrantedRule } from "../../../upgrade/preflight/grants";

/** Answers by resource (`secrets`, `pods/log`, `version`): the items of a list, an object, or an error. */
export type Answers = Readonly<Record<string, unknown>>;

/** An API server of which only the answers are there; what is not among them is an empty list. */
export function fakeAccess(
  answers: Answers,
  may: (permission: Permission) => boolean = () => true,
  rules: readonly GrantedRule[] = [],
): ClusterAccess & { readonly requests: ApiRequest[]; readonly reviews: Permission[] } {
  const requests: ApiRequest[] = [];
  const reviews: Permission[] = [];
  return {
    context: "test",
    server: "https://test.invalid",
    requests,
    reviews,
    review: (permission) => {
      reviews.push(permission);
      return Promise.resolve(may(permission));
    },
    grants: () => Promise.resolve(rules),
    rehearse: () => Promise.reject(new Error("nothing is rehearsed here")),
    read: (request) => {
      requests.push(request);
      const key = [
        request.resource ?? request.api,
        ...(request.subresource === undefined ? [] : [request.subresource]),
      ];
      const answer = answers[key.join("/")] ?? defaultAnswer(request);
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(toResponse(answer));
    },
  };
}

export function forbidden(resource: string): ClusterError {
  return new ClusterError("forbidden", `may not list ${resource}`, "ask somebody");
}

export function notFound(resource: string): ClusterError {
  return new ClusterError("notFound", `${resource} was not found`, "look elsewhere");
}

function toResponse(answer: unknown): unknown {
  return Array.isArray(answer) ? { items: answer as unknown[] } : answer;
}

function defaultAnswer({ api, resource, name }: ApiRequest): unknown {
  if (api === "version") {
    return { gitVersion: "v1.36.3" };
  }
  if (api === "apis") {
    return { groups: [{ name: "apps" }] };
  }
  return resource === "namespaces" ? { metadata: { name } } : [];
}
