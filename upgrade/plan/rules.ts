import { QUEUE_SWITCH_SOURCE } from "./ruleSources";

/** What a rule that lives in the planner's code says, for docs/upgrade-rules.md. */
interface PlanRule {
  /** When it speaks, and why. */
  readonly explanation: string;
  readonly source: string;
}

/** Rules that are code and no row of a table, by the name under which they refuse or warn. */
export const PLAN_RULES = {
  // -------------------------------------------------------------------------------- versions and charts
  a_version_must_exist: {
    explanation:
      "A version that was never released, or a minor that is not known, is refused with those that there are.",
    source: "index.yaml of the chart repository, Milvus release notes",
  },
  a_range_takes_the_newest_version_with_a_chart: {
    explanation:
      "`latest`, `2.5`, `2.5.x` and `~2.4.10` take the newest version that has a chart of its own, and stay with what runs when that is newer: a range never asks for a downgrade.",
    source: "docs/upgrade-facts.md 1.7 and 1.8",
  },
  an_unknown_newer_version_is_allowed: {
    explanation:
      "A patch that is newer than all known ones of a known minor is taken, with a warning: the catalogue may be old.",
    source: "docs/upgrade-facts.md 1.8",
  },
  a_deprecated_release: {
    explanation:
      "A release that its notes mark as deprecated is taken, with a warning that names its replacement (2.4.13: 2.4.13-hotfix).",
    source: "milvus-docs v2.4.x release_notes.md",
  },
  a_version_must_have_a_chart: {
    explanation: "A version for which the catalogue has no chart at all is refused.",
    source: "index.yaml",
  },
  a_version_without_a_chart_runs_on_the_nearest: {
    explanation: "A version without a chart of its own runs on the newest chart of its minor, with its image tag.",
    source: "docs/upgrade-facts.md 1.8; milvus-helm issue 106",
  },
  the_chart_must_fit_the_version: {
    explanation:
      "An explicit `milvus:chartVersion` must be of a line that runs the version: 2.3 and older never on 4.2.0 and later.",
    source: "docs/upgrade-facts.md 1.8 and 1.9; README of chart 5.0.19",
  },
  the_chart_must_be_in_the_index: {
    explanation: "An explicit chart that the public repository does not have is refused: numbers are skipped there.",
    source: "docs/upgrade-facts.md 1.5",
  },
  an_unknown_chart_is_allowed_by_name: {
    explanation:
      "A chart newer than the catalogue, or one of a repository, folder or OCI registry of your own, is taken when named, with a warning.",
    source: "docs/upgrade-facts.md 1.10",
  },
  a_chart_version_must_be_readable: {
    explanation:
      "Which chart runs decides what its values mean. Pre-releases and build metadata are read (`4.2.20-acme.1` and `4.2.20+acme.1` count as 4.2.20, which they are made from); a version that is not SemVer is refused.",
    source: "Helm documentation, Charts and Versioning",
  },
  the_chart_never_goes_back: {
    explanation:
      "An upgrade never puts an older chart under the release: it may not know what a newer one made. Only setting an upgrade back does.",
    source: "docs/upgrade-facts.md 1.3",
  },
  // -------------------------------------------------------------------------------- what is found
  an_unknown_version_is_never_guessed: {
    explanation:
      "The version is what the images that run say. A digest, `latest` or a build of one day or commit (`v2.4.5-20240801-4a8b4f9d`) says nothing, and the chart says nothing of such an image: `milvus:currentVersion` must.",
    source: "milvus issue 27737",
  },
  what_runs_counts_not_the_record: {
    explanation:
      "Images newer than the Helm record, as rollingUpdate.sh leaves them, or of several versions: said, and planned from the oldest that runs.",
    source: "milvus deployments/upgrade/rollingUpdate.sh",
  },
  a_helm_revision_did_not_finish: {
    explanation: "A failed or pending revision is named; the plan goes on from what is in the cluster.",
    source: "Helm",
  },
  another_helm_run_may_be_active: {
    explanation:
      "A record `pending-…` is cleared as a step of the plan once nothing has moved for 10 minutes. Before that somebody may be at work: refused, with the command for people who know that nobody is at work.",
    source: "pulumi-kubernetes issue 2054; helm issue 8987",
  },
  an_install_did_not_finish: {
    explanation:
      "The record of an install that died is deleted and the install begun again; where the stack's state has the Release, the record is marked as failed and the Release upgraded. `npm run plan` and `npm run upgrade` ask Pulumi which it is (`pulumi stack export`), and warn where it does not answer.",
    source: "helm pkg/action/upgrade.go",
  },
  the_namespace_is_being_deleted: {
    explanation: "A namespace that is being deleted takes no new objects; an upgrade in it would stop half way.",
    source: "Kubernetes documentation, namespace lifecycle",
  },
  another_run_is_active: {
    explanation:
      "Before `up` touches anything it takes a lock in the cluster, a ConfigMap that only one run can create, and reads everything again. Another run that holds it and renews it is named and refused; a preview warns. One that has not renewed it for `milvus:timeouts.lock` is dead, and its lock is taken over. A run that has lost its lock stops before its next step.",
    source: "pulumi locks a stack, not a cluster; kubernetes client-go, tools/leaderelection",
  },
  deployments_are_paused: {
    explanation:
      "Deployments that a roll that died, or somebody, has left paused are named. Every plan resumes them: a roll in its order, any other plan after its Release, or before it where everything is at 0.",
    source: "Kubernetes, Deployments: pausing and resuming a rollout",
  },
  claims_of_an_earlier_milvus: {
    explanation:
      "`helm uninstall` keeps the claims of etcd, object storage and message queue, and that of a standalone. An install under the same name takes them up: it starts with the data and metadata of the earlier Milvus. They are named, with what tells whose they are, and the command that deletes them. Not for an install that died and is begun again: those are its own.",
    source:
      "Kubernetes documentation, StatefulSets: persistentVolumeClaimRetentionPolicy; templates/pvc.yaml of the charts",
  },
  claims_of_another_minor: {
    explanation:
      "Where the label of such a claim, a passed verification or a finished migration says that another minor wrote it, its metadata is not given to this one: refused, with the version to install for the data, and the command that deletes them.",
    source: "milvus issues 20324 and 19708; the hop rules, which hold for metadata wherever it comes from",
  },
  an_uninstalled_release_is_not_upgraded: {
    explanation: "A release that is being or has been uninstalled is refused.",
    source: "Helm",
  },
  only_one_manager: {
    explanation: "A cluster of the Milvus Operator, Argo CD or Flux is refused, with what to change there instead.",
    source: "milvus-operator docs; Argo CD and Flux labels",
  },
  the_release_must_be_milvus: {
    explanation:
      "A Helm release of another chart under the configured name is refused: also one that is called milvus and is of another project (bitnami's), by its values, home and sources, and an umbrella chart that brings Milvus as a dependency.",
    source: "Helm; Chart.yaml and values.yaml of zilliztech/milvus-helm and of bitnami/charts",
  },
  deployments_need_their_release: {
    explanation:
      "Milvus Deployments without a Helm record are refused: installing over them would take over what somebody else made.",
    source: "Helm",
  },
  an_unknown_deployment_is_not_changed: {
    explanation:
      "A Deployment under the release's labels that is no known component is named and not touched. Attu is known.",
    source: "milvus issue 20756",
  },
  a_component_is_not_ready: {
    explanation: "With nothing to do, a component that is not rolled out is named.",
    source: "milvus issue 37614",
  },
  changes_past_helm_are_set_back: {
    explanation:
      "Helm makes its patch from the old manifest, the new one and what is there, so a Release sets back what somebody changed of a workload past Helm (`kubectl edit`, `kubectl set resources`) where the manifest says something else, also a Release with the same manifest. Every plan that sends the Release compares the workloads with the cluster and names what is set back, apart from what the upgrade changes anyway. What the manifest says nothing of stays. `npm run plan -- --drift` compares every object.",
    source: "helm pkg/kube/client.go",
  },
  not_everything_could_be_read: {
    explanation: "What could not be read, such as kinds that the permissions do not allow to list.",
    source: "the Kubernetes API",
  },
  a_failed_verification_blocks_the_next_hop: {
    explanation:
      "After an upgrade whose verification failed, or was never made though a snapshot was taken, only the two versions of that upgrade are let through, until it is verified or accepted by hand. A write check that failed is verified by a write check alone.",
    source: "milvus issue 37614: a migration reported success with indexes gone",
  },
  // -------------------------------------------------------------------------------- the component's arguments
  an_output_hides_what_a_rule_reads: {
    explanation:
      "A leaf of the component's `values` that is an Output is seen by nobody. Where it is new or another than in force, and a rule has to read it, the plan is refused: the value must be given as plain text.",
    source: "Pulumi documentation, inputs and outputs",
  },
  a_provider_does_not_name_its_cluster: {
    explanation:
      "The component reads the cluster before it declares anything, and a Kubernetes provider does not say how its cluster is reached: `kubeconfig` or `context` must be passed instead.",
    source: "Pulumi documentation, the option provider",
  },
  what_decides_the_plan_must_be_known: {
    explanation:
      "In `up` an argument that decides the plan (kubeconfig, credentials of the verification) must have its value, and `values` as a whole also in the preview.",
    source: "Pulumi documentation, unknown outputs; --target",
  },
  // -------------------------------------------------------------------------------- the stack and the cluster
  a_release_cannot_be_renamed: {
    explanation:
      "The stack manages a release of another name or namespace than the config says. Helm cannot rename or move one: Pulumi would install a second, empty Milvus and uninstall the one that runs. Called `release-cannot-be-renamed` up to version 0.1.",
    source: "Helm; Pulumi documentation, replacement of a resource",
  },
  a_release_has_one_component: {
    explanation:
      "The state of the stack has this release, in this cluster, as that of another component: one that was renamed without an alias, or a second one for the same release. Pulumi would take the release over twice and uninstall it as what is no longer declared.",
    source: "Pulumi documentation, aliases and resource names",
  },
  the_cluster_is_another_one: {
    explanation:
      "A release of that name is there, in another namespace (by its uid) than the one that this stack worked in last: another cluster, or one that was made anew. Version and values would be written over another Milvus. `npm run plan` does not read the state, and cannot say it. Called `the-cluster-is-another-one` up to version 0.1.",
    source: "this program; Kubernetes documentation, names and uids",
  },
  the_state_has_a_release_that_is_gone: {
    explanation:
      "The state of the stack has the Release, and the cluster has no record of it: Pulumi would upgrade what is not there. Called `the-state-has-a-release-that-is-gone` up to version 0.1.",
    source: "this program",
  },
  // -------------------------------------------------------------------------------- values
  no_user_value_is_dropped_silently: {
    explanation:
      "User values of the running release that `milvus:values` does not repeat are refused by key, unless `milvus:dropValues` lists them. After a revision of this program a key that left the config was taken out on purpose.",
    source: "milvus-helm README: --reset-then-reuse-values",
  },
  the_message_queue_must_be_plain: {
    explanation:
      "Values that enable several message queues, or none, or leave the choice to the chart's `lookup`, do not say which one runs.",
    source: "docs/upgrade-facts.md 4.3 and 4.4",
  },
  the_queue_and_mode_stay: {
    explanation:
      "The last look at the complete values: message queue and mode with the new chart must be those that run.",
    source: "milvus-docs fragments/mq_upgrade_limitation.md",
  },
  user_yaml_must_be_readable: {
    explanation: 'extraConfigFiles["user.yaml"] must be YAML: it may say where the metadata is kept.',
    source: "docs/upgrade-facts.md 5.3",
  },
  a_dependency_restarts_with_the_chart: {
    explanation:
      "Dependencies whose images are not kept, and which the new chart brings in another one, are named with the value that keeps it.",
    source: "docs/upgrade-facts.md 4.2",
  },
  // -------------------------------------------------------------------------------- metadata migration
  the_migration_cannot_use_this_metadata_store: {
    explanation:
      "etcd with users and passwords, embedded etcd and MySQL are refused: the tool's image is not known to support them.",
    source: "docs/upgrade-facts.md 6.2 and 6.4",
  },
  etcd_with_tls_needs_certificates: {
    explanation:
      "Where Milvus asks its etcd by TLS (`etcd.ssl.enabled` in user.yaml, `etcd.auth.client.secureTransport` of the bundled etcd, an endpoint with https://), a plan that touches the metadata needs `milvus:etcdTls`: the Secret with which the migration tool asks it. The tool's `etcd.ssl` wants a certificate of the client, with its key. Where the Secret has none, endpoints are asked by https:// with the CA alone.",
    source: "docs/upgrade-facts.md 6.4 and 6.11: milvus internal/util/etcd/etcd_util.go",
  },
  etcd_ssl_needs_2_2_2: {
    explanation:
      "With `etcd.ssl.enabled` Milvus 2.2.0 does not start: it asks for its settings in etcd without TLS. The repair was merged after 2.2.0, on 1 December 2022; whether 2.2.1 has it is not confirmed, so that is not taken either. Before a migration begins, a later 2.2 is asked for; one that has begun goes on.",
    source: "docs/upgrade-facts.md 6.11f: milvus issue 20868, pull request 20910",
  },
  etcd_tls_is_not_in_the_values: {
    explanation:
      "`milvus:etcdTls` is set, and the values in force do not switch TLS to etcd on. The Jobs speak it anyway, since a chart or an image of your own may switch it on; where etcd speaks plain text, the probe fails before anything is stopped, and says to take the key out.",
    source: "docs/upgrade-facts.md 6.11",
  },
  the_metadata_must_be_found: {
    explanation: "External etcd without endpoints in the release's values is refused.",
    source: "docs/upgrade-facts.md 6.4",
  },
  old_milvus_must_not_run_on_half_migrated_metadata: {
    explanation:
      "A migration was begun, neither finished nor undone, and 2.1 runs. Either somebody has put the metadata back, and then the attempt must be forgotten (its label removed), or Milvus runs on a part of it. An attempt binds until then, whatever was deployed since and whatever patch runs. Once Milvus is stopped, the script compares etcd with what the migration can have left, and puts the backup back only where nothing else is there.",
    source: "docs/upgrade-facts.md 6.7",
  },
  old_milvus_must_not_run_on_migrated_metadata: {
    explanation:
      "The migration is finished and 2.1 runs, after `helm rollback` for example: on metadata it cannot see, unless somebody has put it back. Forget the attempt, or stop Milvus and go on or back; the script looks at etcd before it does anything.",
    source: "docs/upgrade-facts.md 6.7 and 6.8",
  },
  an_attempt_of_another_installation: {
    explanation:
      "Backup claims carry when the release was first deployed (Helm keeps that over all revisions; a reinstall makes it anew) and the namespace's uid. A claim of another installation is named, and never continued, restored or rolled back from; a claim of version 0.1 without these marks counts as another one's when it is older than the release.",
    source: "Helm, release record: info.first_deployed",
  },
  overwriting_loses_what_was_written_since: {
    explanation:
      "With `milvus:overwriteMetadata` naming the attempt's claim, the script puts the backup back although etcd holds something that neither the backup nor its migration can have left. It first saves on the claim what is there.",
    source: "milvus cmd/tools/migration/backend/etcd210.go: Restore writes over whatever is there",
  },
  overwriting_is_allowed_for_one_claim: {
    explanation: "`milvus:overwriteMetadata` names another claim than the one this plan works with.",
    source: "this program",
  },
  no_step_is_left_out: {
    explanation:
      "A step begins only when the step before it was done in this run. `--target`, `--exclude` and `--continue-on-error` would start Milvus on metadata that is not its own, or roll all components at once: the run stops there.",
    source: "Pulumi documentation, pulumi up --target and --exclude",
  },
  objects_of_somebody_else_are_not_taken_over: {
    explanation:
      "The ServiceAccount, Role and RoleBinding of the upgrade's Jobs have fixed names. Where one exists without this program's labels it is somebody else's, and nothing is touched.",
    source: "Kubernetes documentation, server-side apply: conflicts and force",
  },
  images_are_pulled_before_anything_stops: {
    explanation:
      "Where a plan takes something away and other images come, Jobs that do nothing else first have them pulled onto the nodes to which the pods may go. An image that cannot be pulled ends the run there, with Milvus untouched, and so does a release that no node could take back. What keeps such Jobs from being made (rights, a quota, a policy) is a warning, and the upgrade goes on. `milvus:prepull off` leaves it out.",
    source: "Kubernetes, Images: a kubelet pulls an image before it makes a container of it",
  },
  jobs_of_an_earlier_run_end_first: {
    explanation:
      "Jobs of a run that is gone may still be at work. Under its lock, `up` waits for those on the metadata (they put right what they have begun) and deletes the others, before it plans.",
    source: "this program",
  },
  "2_2_must_not_run_on_metadata_of_2_1": {
    explanation:
      "Images of 2.2 without a finished migration: beside those of 2.1, somebody patched them past it; on every component, while the last attempt of this installation is not finished, the metadata is that of 2.1.",
    source: "milvus issues 20324 and 19708",
  },
  "2_2_must_have_started_before_2_3": {
    explanation:
      "A coordinator or standalone of 2.2 that is not ready has perhaps never read its metadata: 2.3 is refused until it has.",
    source: "milvus issue 37614: migrated, rootcoord crash-looped, image moved to 2.3.21, collections gone",
  },
  an_unknown_deployment_is_not_stopped: {
    explanation: "A migration stops every Milvus; a Deployment that may be one and is not known is refused.",
    source: "milvus issue 20756",
  },
  no_autoscaler_during_a_migration: {
    explanation:
      "An autoscaler would start Milvus in the middle, or leave it at 0 because the chart omits the replicas: refused.",
    source: "docs/upgrade-facts.md 7.6",
  },
  a_rollback_goes_to_the_version_of_the_backup: {
    explanation: "Going back over the migration ends at the version whose metadata the backup holds.",
    source: "docs/upgrade-facts.md 6.8",
  },
  a_rollback_loses_what_was_written_since: {
    explanation: "The warning of every rollback.",
    source: "milvus deployments/migrate-meta/README.md, step 6",
  },
  a_rollback_needs_a_release: {
    explanation: "`milvus:rollback` without a release is refused.",
    source: "this program",
  },
  // -------------------------------------------------------------------------------- rolling
  a_standalone_has_no_order: {
    explanation: "A standalone is one Deployment that the chart recreates: a plain Helm upgrade.",
    source: "docs/upgrade-facts.md 7.4",
  },
  rolling_from_2_2_3: {
    explanation: "Before 2.2.3 all components change at once.",
    source: "milvus deployments/upgrade/rollingUpdate.sh",
  },
  resource_groups_have_no_order: {
    explanation: "With replicaResourceGroups all components change at once.",
    source: "chart 5.0.17",
  },
  rolling_needs_healthy_components: {
    explanation:
      "An ordered roll starts from healthy components only; one that died is continued. A pod that was deleted or restarted less than five minutes ago, and is only getting ready, is no illness: the plan stays the one that it was, and preview warns (componentsHealthy).",
    source: "milvus deployments/upgrade/rollingUpdate.sh",
  },
  requests_fail_for_a_short_time: {
    explanation:
      "Components that are recreated, or have one replica, cannot be replaced without a gap; each is named. So is a new one that takes over from those that run: the mixcoord from the separate coordinators, the streaming node of 2.6 from data and query nodes, once the last of 2.5 is gone.",
    source:
      "docs/upgrade-facts.md 7.4; milvus issues 43416 and 41393; milvus internal/streamingcoord/server/balancer/balancer_impl.go (blockUntilAllNodeIsGreaterThan260)",
  },
  the_mixcoord_is_recreated_between_2_5_and_2_6: {
    explanation:
      "A mixcoord of 2.6 in active standby becomes active only once the sessions of the coordinators of 2.5 are gone, and one of 2.5 does not look for the session of 2.6. So on this hop, either way, the step of a mixcoord in active standby sets the live Deployment to Recreate, resumes it, waits, and gives it its own strategy back: all old pods end before the first new one starts. The values and Helm's manifest are not changed. Without active standby the chart recreates it by itself.",
    source:
      "docs/upgrade-facts.md 4.6b: milvus internal/util/sessionutil ProcessActiveStandBy; milvus issues 42602 and 44205",
  },
  a_standby_mixcoord_needs_an_ordered_roll: {
    explanation:
      "With all components at once, nothing makes the new mixcoord wait until the old one is gone: refused, with the setting that rolls in order, or the one with which the chart recreates it.",
    source: "docs/upgrade-facts.md 4.6b: milvus internal/util/sessionutil ProcessActiveStandBy; milvus issue 42602",
  },
  going_back_may_not_read_new_data: {
    explanation:
      "What an unfinished roll is taken back from, and that reading what the newer version wrote is not promised.",
    source: "milvus-operator docs/administration/upgrade.md",
  },
  going_back_over_a_minor_needs_rollback: {
    explanation:
      "A roll over a minor of which a component has served already is not taken back unless `milvus:rollback` asks for it: that component may have written what the older version cannot read.",
    source: "milvus issues 33242 and 28008",
  },
  // -------------------------------------------------------------------------------- what a reviewer allows
  no_more_downtime_than_allowed: {
    explanation:
      "A plan that is expected to interrupt longer than milvus:maxDowntime is refused. The expectation is the sum of what its parts usually take: pods end in 30 s, sessions leave etcd in 60 s, a pod of the chart counts as ready after 90 s and a probe. What runs nowhere cannot be interrupted, so a half-done upgrade can always be finished. Of a way with several hops each is judged by itself.",
    source: "docs/upgrade-facts.md 6.5 and 7.4; readinessProbe in the chart's values.yaml",
  },
  own_steps_run_with_the_plan: {
    explanation:
      "A Job made from each CronJob of milvus:runBefore runs before anything is touched, and of milvus:runAfter after the verification; one that fails ends the run there. One that is not in the namespace is refused before. Not in a plan with nothing to do, an install, or one that gives up a migration. A Job that a dead run has left at work is waited for first, and counts where it ends well. A plan that ends what a dead run has begun runs what that run has not run, and says what it does not run again; where Milvus is not as it was before the upgrade, what is to run before it is left out, and that is said.",
    source: "Kubernetes documentation, kubectl create job --from=cronjob",
  },
  one_way_needs_a_run_before: {
    explanation:
      "With `milvus:oneWayNeeds: runBefore` a plan without a way back is refused unless a Job of milvus:runBefore runs in it, or has run in the run that began it: a backup of the data is the only way back then.",
    source: "this program",
  },
  only_within_the_window: {
    explanation:
      "With milvus:window set, `up` begins within it only, and only a plan that usually ends before it closes: the sum of what its steps usually take, and a minute for the verification. Preview says when the next one is. A plan that ends or takes back what was begun is never refused. Windows are on the clock of their place: a time that the clock jumps over begins, or ends, when it jumps; of an hour that comes twice the first counts.",
    source: "ITIL, change enablement: a change is begun and ended within its change window",
  },
  only_what_was_proved_before: {
    explanation:
      "With milvus:promoteFrom set, a hop to a newer version is refused until the last receipt of that stack says the same hop: from, to, chart, rules, done, verified, at least milvus:soak ago. An install, other values, going back, and what was begun already need none.",
    source: "this program; the table below, Promotion: what must be the same, and why",
  },
  only_the_approved_plan_is_run: {
    explanation:
      "With milvus:approvedPlan set, `up` runs that plan only. The hash is over the stack config, the catalogue, the Helm release, the cluster and the plan; the refusal names the part that moved. Preview shows it and warns; a plan with nothing to do needs no approval.",
    source: "pulumi issues 2318 and 16806: what was approved must be what is applied",
  },
  only_the_confirmed_hop_is_run: {
    explanation:
      "`npm run upgrade` gives each run that somebody said yes to the hash of the plan it has shown. When something has moved until the run plans for itself, nothing is changed.",
    source: "pulumi issues 2318 and 16806: what was approved must be what is applied",
  },
  the_message_queue_was_switched: {
    explanation:
      "Milvus' API can switch the message queue while it runs (2.6 and later); the new one is kept in etcd, over the values. `milvus:messageQueue` says so: then values that ask for the new queue are no change of the queue. It is refused where the version that runs has no such API. What etcd says is read before anything is touched (check `queueInEtcd`).",
    source: QUEUE_SWITCH_SOURCE,
  },
  preflight_has_errors: {
    explanation:
      "A check of the preflight found what the plan would stop at half way. Each check can be lowered by name in `milvus:preflight`; what only warns is shown as `preflight_NAME`. The checks are below.",
    source: "Kubernetes and Helm documentation, for each check below",
  },
} as const satisfies Readonly<Record<string, PlanRule>>;
