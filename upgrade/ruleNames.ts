import type { PLAN_RULES } from "./plan/rules";
import type { PreflightCheck } from "./preflight/checks";

/**
 * Every rule by its name: a refusal or warning under another one does not compile. What a name means stands in its row
 * (hops/, charts/rules.ts, values/rules/, plan/rules.ts); a test holds rows and names together.
 */

export const HOP_RULE_NAMES = [
  "no_way_back_from_3_0",
  "no_way_back_from_2_6",
  "no_way_back_from_2_4",
  "no_way_back_from_2_3",
  "back_to_2_1_only_from_the_backup",
  "no_downgrade_between_minors",
  "no_downgrade_without_rollback",
  "a_release_candidate_of_2_0_cannot_be_left",
  "a_release_candidate_of_2_6_cannot_be_left",
  "no_upgrade_to_a_pre_release",
  "a_minor_needs_its_rules",
  "2_1_between_2_0_and_2_2",
  "2_2_must_run_before_2_3",
  "leave_2_2_0_and_2_2_1_within_2_2",
  "2_6_only_from_2_5_16",
  "3_0_only_from_2_6_20",
  "one_minor_at_a_time",
  "2_6_needs_mixcoord_first",
  "3_0_needs_the_layout_of_2_6",
] as const;
export type HopRuleName = (typeof HOP_RULE_NAMES)[number];

export const HOP_NOTE_NAMES = [
  "prefer_one_minor_at_a_time",
  "a_pre_release_is_left_at_your_own_risk",
  "query_after_the_hop_to_2_3",
  "services_of_the_old_coordinators_go",
  "proxies_fail_to_forward_by_tls_until_2_6_13",
  "take_3_0_1_or_later",
  "3_0_asks_for_pulsar_2_8",
] as const;
export type HopNoteName = (typeof HOP_NOTE_NAMES)[number];

export const CHART_RULE_NAMES = ["skip_charts_4_2_21_to_4_2_29", "skip_charts_that_ship_another_version"] as const;
export type ChartRuleName = (typeof CHART_RULE_NAMES)[number];

export const VALUE_RULE_NAMES = [
  "metadata_in_mysql_stays_below_2_3_1",
  "standalone_and_cluster_are_not_exchanged",
  "the_image_tag_is_explicit",
  "images_come_from_the_registry_wanted",
  "another_chart_of_pulsar_has_other_volumes",
  "minio_on_plain_files_stays_old",
  "a_dependency_changes_in_a_run_of_its_own",
  "dependencies_keep_their_images",
  "the_message_queue_stays",
  "mixcoord_before_2_6",
  "streamingnode_and_indexnode_follow_the_version",
  "a_new_component_takes_over_settings",
  "settings_of_index_nodes_end",
  "the_live_replicas_stay",
  "config_shortcuts_move_to_user_yaml",
  "insert_buffer_size_has_a_new_name",
  "the_message_size_is_text",
  "etcd_listens_where_milvus_looks",
  "etcd_auth_has_a_new_name",
  "a_place_that_the_chart_moves_is_kept",
  "no_empty_volume_over_the_data",
  "the_standalone_volume_keeps_its_size",
  "no_pulsar_budgets_on_kubernetes_1_25",
  "no_object_of_an_api_that_is_not_there",
  "ingress_hosts_are_rules",
  "no_gcs_gateway_from_4_1_26",
  "a_key_the_chart_lost",
  "no_clients_locked_out",
  "a_key_that_begins_to_count",
  "a_key_that_no_chart_reads",
  "chart_defaults_change",
  "settings_the_chart_used_to_write",
  "milvus_defaults_change",
  "nats_is_gone_in_2_6",
  "a_config_map_of_your_own_is_not_updated",
  "mmap_is_a_property_of_collections_in_2_4",
  "an_autoscaler_needs_replicas_left_out",
  "resource_groups_make_new_deployments",
  "metadata_and_data_stay_where_they_are",
  "volumes_stay_what_they_are",
  "data_stays_on_its_volume",
  "members_change_in_a_run_of_their_own",
  "fields_that_cannot_change_stay",
] as const;
export type ValueRuleName = (typeof VALUE_RULE_NAMES)[number];

export type PlanRuleName = keyof typeof PLAN_RULES;

export type RefusalRule = HopRuleName | ChartRuleName | ValueRuleName | PlanRuleName;
export type WarningRule = HopNoteName | ValueRuleName | PlanRuleName | `preflight_${PreflightCheck}`;
