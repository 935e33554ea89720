import { addedKeyRule } from "./addedKeys";
import { changedDefaultRule } from "./changedDefaults";
import { dependencyImageRule } from "./dependencyImages";
import { imageRegistryRule } from "./imageRegistry";
import { imageRule } from "./imageRule";
import { apiRule, budgetRule, mysqlRule } from "./kubernetesRules";
import { bufferRule, ownConfigRule, placeRule, shortcutRule } from "./metadataRules";
import {
  autoscalerRule,
  etcdAuthRule,
  fixedRule,
  gatewayRule,
  groupRule,
  ingressRule,
  messageSizeRule,
  mmapRule,
  removedKeyRule,
  standaloneVolumeRule,
} from "./otherRules";
import { coordinatorRule, messageQueueRule, modeRule, streamingRule } from "./topologyRules";
import type { ValueRule } from "./valueRule";

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
