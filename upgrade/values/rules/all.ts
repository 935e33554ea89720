import { addedKeyRule } from "../tables/addedKeys";
import { changedDefaultRule } from "../tables/changedDefaults";
import { dependencyImageRule } from "./dependencyImages";
import { imageRule } from "./image";
import { imageRegistryRule } from "./imageRegistry";
import { apiRule, budgetRule, mysqlRule } from "./kubernetes";
import { bufferRule, ownConfigRule, placeRule, shortcutRule } from "./metadata";
import {
  etcdAuthRule,
  fixedRule,
  gatewayRule,
  groupRule,
  ingressRule,
  messageSizeRule,
  mmapRule,
  removedKeyRule,
  standaloneVolumeRule,
} from "./others";
import { autoscalerRule, liveReplicasRule } from "./replicas";
import type { ValueRule } from "./rule";
import { indexNodeRule, successorRule } from "./successors";
import { coordinatorRule, messageQueueRule, modeRule, streamingRule } from "./topology";

/** Rules that lay values under the user's, move them or warn, in the order in which they are asked. */
export const VALUE_RULES: readonly ValueRule[] = [
  mysqlRule,
  modeRule,
  imageRule,
  imageRegistryRule,
  dependencyImageRule,
  messageQueueRule,
  coordinatorRule,
  streamingRule,
  successorRule,
  indexNodeRule,
  liveReplicasRule,
  shortcutRule,
  bufferRule,
  messageSizeRule,
  etcdAuthRule,
  standaloneVolumeRule,
  budgetRule,
  apiRule,
  ingressRule,
  gatewayRule,
  removedKeyRule,
  addedKeyRule,
  changedDefaultRule,
  ownConfigRule,
  mmapRule,
  autoscalerRule,
  groupRule,
];

/** Rules over the values as they will be sent, with everything laid and moved. */
export const FINAL_RULES: readonly ValueRule[] = [placeRule, fixedRule];
