import type { ClusterState, UpgradePlan } from "../model";
import { jobRights } from "../steps/jobRights";
import { factsOf, runsAsJob, touchesMetadata } from "../steps/steps";
import type { VerifyMode } from "../verification";
import type { Permission } from "./facts";

const ALL = ["get", "create", "patch", "delete"] as const;

interface Kind {
  readonly group: string;
  readonly resource: string;
  readonly clusterWide?: boolean;
}

/** Resources of the kinds that the charts render; others are not asked about. */
const KINDS: Readonly<Record<string, Kind>> = {
  Deployment: { group: "apps", resource: "deployments" },
  StatefulSet: { group: "apps", resource: "statefulsets" },
  Service: { group: "", resource: "services" },
  ConfigMap: { group: "", resource: "configmaps" },
  Secret: { group: "", resource: "secrets" },
  ServiceAccount: { group: "", resource: "serviceaccounts" },
  PersistentVolumeClaim: { group: "", resource: "persistentvolumeclaims" },
  Job: { group: "batch", resource: "jobs" },
  CronJob: { group: "batch", resource: "cronjobs" },
  PodDisruptionBudget: { group: "policy", resource: "poddisruptionbudgets" },
  Ingress: { group: "networking.k8s.io", resource: "ingresses" },
  NetworkPolicy: { group: "networking.k8s.io", resource: "networkpolicies" },
  HorizontalPodAutoscaler: { group: "autoscaling", resource: "horizontalpodautoscalers" },
  Role: { group: "rbac.authorization.k8s.io", resource: "roles" },
  RoleBinding: { group: "rbac.authorization.k8s.io", resource: "rolebindings" },
  ClusterRole: { group: "rbac.authorization.k8s.io", resource: "clusterroles", clusterWide: true },
  ClusterRoleBinding: { group: "rbac.authorization.k8s.io", resource: "clusterrolebindings", clusterWide: true },
  ServiceMonitor: { group: "monitoring.coreos.com", resource: "servicemonitors" },
  PodMonitor: { group: "monitoring.coreos.com", resource: "podmonitors" },
};

/** What every chart renders. */
const ALWAYS = ["Deployment", "StatefulSet", "Service", "ConfigMap"];
/** What the upgrade's Jobs are made of. */
const JOB_KINDS = ["ServiceAccount", "Role", "RoleBinding", "Job"];

/**
 * Every permission that the plan needs, each once: Helm's for its record and its objects, Pulumi's for the upgrade's own
 * objects, and the rights that the Jobs get.
 *
 * @param recordedKinds `apps/v1/Deployment`, of the manifest in force
 */
export function permissionsFor(
  plan: UpgradePlan,
  { namespaceExists }: Pick<ClusterState, "namespaceExists">,
  namespace: string,
  recordedKinds: readonly string[] = [],
): Permission[] {
  const of = (kind: string, verbs: readonly string[] = ALL): Permission[] => {
    const found = KINDS[kind];
    if (found === undefined) return [];
    const { group, resource, clusterWide } = found;
    return verbs.map((verb) => ({ verb, group, resource, ...(clusterWide !== true && { namespace }) }));
  };
  const rendered = [...ALWAYS, ...recordedKinds.map((kind) => kind.split("/").at(-1) ?? kind)];
  const hasJobs = plan.steps.some(runsAsJob);
  const own = plan.steps.filter((step) => step.kind === "ownJob");
  const writesSecret = plan.steps.some((step) => factsOf(step).resource === "Secret");
  const inMetadata = plan.steps.some(touchesMetadata);
  const rights = jobRights(plan).flatMap(({ apiGroups, resources, verbs, resourceNames }) =>
    verbs.flatMap((verb) =>
      (resourceNames ?? [undefined]).map(
        (name): Permission => ({
          verb,
          group: apiGroups[0] ?? "",
          resource: resources[0] ?? "",
          namespace,
          ...(name !== undefined && { name }),
        }),
      ),
    ),
  );
  const all = [
    ...of("Secret", ["get", "list", "create", "update", ...(writesSecret ? ["patch"] : [])]),
    ...rendered.flatMap((kind) => of(kind)),
    ...(hasJobs ? JOB_KINDS.flatMap((kind) => of(kind)) : []),
    ...(hasJobs ? [...of("Job", ["list", "watch"]), ...pods(namespace)] : []),
    ...(own.length > 0 ? [...of("Job", [...ALL, "list", "watch"]), ...pods(namespace)] : []),
    ...own.map(({ cronJob: name }) => ({ verb: "get", group: "batch", resource: "cronjobs", namespace, name })),
    ...(inMetadata ? [...of("ConfigMap"), ...of("PersistentVolumeClaim", ["get", "create", "patch"])] : []),
    ...(namespaceExists ? [] : [{ verb: "create", group: "", resource: "namespaces" }]),
    ...rights,
  ];
  return [...new Map(all.map((permission) => [JSON.stringify(permission), permission])).values()];
}

/** How the result will be verified, as far as it needs rights. */
export interface VerificationNeeds {
  readonly mode: VerifyMode;
  /** Missing: a port-forward to a pod. */
  readonly address?: string;
  /** Missing: nobody in particular asks. */
  readonly credentials?: unknown;
  /** Missing: plain text. */
  readonly tls?: { readonly certificate?: string | undefined; readonly key?: string | undefined };
  /** Credentials and TLS are given, and are known only when they are used. */
  readonly areSecretsLater?: boolean;
}

/**
 * What the verification after the run needs: missing only then, it would fail an upgrade that went well. A WebSocket to
 * a pod's port is a get, and since Kubernetes 1.35 must be allowed as a create too.
 */
export function verificationPermissions({ mode, address }: VerificationNeeds, namespace: string): Permission[] {
  if (mode === "off") return [];
  const of = (resource: string, verbs: readonly string[]) =>
    verbs.map((verb): Permission => ({ verb, group: "", resource, namespace }));
  return [
    ...of("pods", ["list"]),
    ...of("configmaps", ["get", "list", "create", "patch"]),
    ...(address === undefined ? of("pods/portforward", ["get", "create"]) : []),
  ];
}

/** Pulumi waits for a Job by watching its pods as well. */
function pods(namespace: string): Permission[] {
  return ["list", "watch"].map((verb) => ({ verb, group: "", resource: "pods", namespace }));
}

/** `patch deployments.apps/scale my-release-milvus-proxy`, as kubectl auth can-i writes it. */
export function describePermission({ verb, group, resource, name }: Permission): string {
  const [plural = "", subresource] = resource.split("/");
  const full = `${plural}${group === "" ? "" : `.${group}`}${subresource === undefined ? "" : `/${subresource}`}`;
  return `${verb} ${full}${name === undefined ? "" : ` ${name}`}`;
}
