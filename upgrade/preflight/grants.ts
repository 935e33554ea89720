import type { Permission } from "./facts";

/** What a user may do in a namespace, as a SelfSubjectRulesReview lists it: the words of RBAC. */
export interface GrantedRule {
  readonly verbs: readonly string[];
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  /** Missing or empty: every object. */
  readonly resourceNames?: readonly string[];
}

/**
 * True when a rule allows it for certain. False says nothing: the list may be incomplete (webhooks), and for kinds without
 * a namespace it cannot be told whether a rule comes from a Role, which does not count there.
 */
export function isGranted(
  { verb, group, resource, name, namespace }: Permission,
  rules: readonly GrantedRule[],
): boolean {
  if (namespace === undefined) return false;
  const [, subresource] = resource.split("/");
  const has = (list: readonly string[] | undefined, ...any: readonly string[]) =>
    any.some((word) => list?.includes(word) === true);
  return rules.some(
    ({ verbs, apiGroups, resources, resourceNames = [] }) =>
      has(verbs, verb, "*") &&
      has(apiGroups, group, "*") &&
      has(resources, resource, "*", ...(subresource === undefined ? [] : [`*/${subresource}`])) &&
      (resourceNames.length === 0 || (name !== undefined && resourceNames.includes(name))),
  );
}
