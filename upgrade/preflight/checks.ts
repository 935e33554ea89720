/** Checks before anything is touched, beyond what the plan itself refuses. A test of the config keys lists them. */

export const PREFLIGHT_LEVELS = ["error", "warn", "off"] as const;
export type PreflightLevel = (typeof PREFLIGHT_LEVELS)[number];

interface CheckDescription {
  /** For docs/upgrade-rules.md. */
  readonly explanation: string;
  readonly source: string;
}

export const PREFLIGHT_CHECKS = {
  kubernetesVersion: {
    explanation:
      "The Kubernetes version must be one that the chart and its bundled message queue can be rendered for. The charts' own kubeVersion is `^1.10.0-0` in every release and guards nothing.",
    source: "docs/upgrade-facts.md 1.6: README of chart 4.2.21, Chart.yaml of pulsar 3.3.0",
  },
  servedApis: {
    explanation:
      "Every kind of object in the manifest of the release must still be served by the cluster. After a Kubernetes upgrade that removed one, Helm can neither upgrade nor roll back the release.",
    source: "docs/upgrade-facts.md 9.2; Helm's guide on deprecated Kubernetes APIs",
  },
  permissions: {
    explanation:
      "Asks the API server (SelfSubjectAccessReview) about every verb that the plan needs: Helm's own, those for the upgrade's Jobs, and those that the Jobs are given, since nobody may give away a right that he does not have.",
    source: "Kubernetes documentation, privilege escalation prevention in RBAC",
  },
  storageClass: {
    explanation:
      "The storage class of the backup claim must exist, or a default class when none is named: otherwise the claim stays pending once Milvus has been stopped.",
    source: "Kubernetes documentation, default StorageClass",
  },
  componentsHealthy: {
    explanation:
      "A migration starts from components that are all ready. Other plans warn only: an upgrade can be the cure. What was begun is finished in any case.",
    source: "milvus issue 37614",
  },
  dependenciesUp: {
    explanation:
      "etcd, ZooKeeper and MinIO need a majority of their pods, everything else at least one. An upgrade over dependencies that are down would stop half way.",
    source: "etcd documentation, failure tolerance; milvus issue 36094",
  },
  imagesAsPinned: {
    explanation:
      "Components run the image repository that the values say. Another one was put there past Helm, and the upgrade would take it back.",
    source: "milvus issue 27737",
  },
  noOtherMilvus: {
    explanation:
      "An install into a namespace in which another Milvus lives, or beside a Milvus of the same name in another namespace that this program has not made: mostly a release name with a typing error or a namespace that was forgotten, and Pulumi would put a second, empty Milvus beside the one that was meant.",
    source: "pulumi-kubernetes issue 2116; milvus issue 41018",
  },
  chartThere: {
    explanation:
      "With `milvus:chartSource.folder`, the chart of the plan must be in it: the Release comes last, when Milvus may have been stopped already.",
    source: "pulumi-kubernetes issue 2573",
  },
  chartRenders: {
    explanation:
      "The chart of the plan is rendered with the plan's values as an upgrade (Helm CLI), compared with the manifest in force, and what changes is shown to the API server (dryRun=All). What Helm would stop at after Milvus was paused or stopped is refused here: a template that fails, a field that is immutable, an object that an admission rule does not take. Without the Helm CLI, or where the chart cannot be fetched from here, a warning says what was not looked at. What a chart looks up in the cluster is not seen, and hooks are not looked at.",
    source: "Helm documentation, helm template; Kubernetes documentation, dry run of requests",
  },
  jobPods: {
    explanation:
      "Where the plan has Jobs, a pod like theirs is shown to the API server (dryRun=All): a Job whose pod is refused waits without a word, since the job controller tries again for minutes. Found this way: OpenShift's constraints and Pod Security standards, admission policies and webhooks, LimitRanges and quotas. The pod is shown with the rights of the kubeconfig: where `milvus:jobUser` is `fixed` and the cluster serves security.openshift.io, OpenShift may take it from an administrator and refuse it to the job controller, so a warning says which right is needed.",
    source:
      "OpenShift documentation, managing security context constraints; Kubernetes documentation, dry run of requests",
  },
  serviceAccess: {
    explanation:
      "Where the values switch on authorization (`common.security.authorizationEnabled`, `authorization.enabled` below chart 4.0.0) or TLS (`common.security.tlsMode`), in user.yaml or extraEnv, the verification needs `milvus:credentials` and `milvus:tls`. Without them it fails when its time is over, with everything in place, and blocks the next upgrade. Warns only: another layer may be in between. With a customConfigMap it says that the settings are not seen.",
    source: "milvus configs/milvus.yaml, common.security; milvus.io/docs/authenticate.md and tls.md",
  },
  queueInEtcd: {
    explanation:
      "Milvus 2.6 and later keep settings under `ROOT/config/` in etcd, over Helm's values: its API switches the message queue that way. They are read from the bundled etcd, by a port-forward. Another queue than that of the values is an error until `milvus:messageQueue` says so; other settings there are named. Where they cannot be read (an external etcd, TLS, a missing right) it says where to look.",
    source: "milvus issue 44726, pull request 45286 (mq.type in etcd); milvus.io/docs/dynamic_config.md (ROOT/config)",
  },
  claimsBound: {
    explanation: "Claims of the release that are lost or not bound: their pods cannot start again after a restart.",
    source: "milvus-operator issue 217",
  },
  etcdCertificates: {
    explanation:
      "Where a plan on the metadata asks etcd by TLS, the Secret of `milvus:etcdTls` must be there with its CA, and with a certificate of the client and its key or with neither. They must be PEM and not expired, and the key must be that of the certificate. Where the Secret may not be read, a warning says that nobody has looked. Whether etcd takes them is shown by the probe, before anything is stopped.",
    source: "docs/upgrade-facts.md 6.11: milvus internal/util/etcd/etcd_util.go",
  },
} as const satisfies Record<string, CheckDescription>;

export type PreflightCheck = keyof typeof PREFLIGHT_CHECKS;
export const PREFLIGHT_CHECK_NAMES = Object.keys(PREFLIGHT_CHECKS) as readonly PreflightCheck[];

/** Levels that the stack config sets; a check without one keeps what the judge says. */
export type PreflightLevels = Readonly<Partial<Record<PreflightCheck, PreflightLevel>>>;

/** Name under which a check warns. */
export function checkRule(check: PreflightCheck): `preflight_${PreflightCheck}` {
  return `preflight_${check}`;
}
