import { changedDefaultRule } from "../tables/changedDefaults";
import { chartWrittenRule } from "../tables/chartWritten";
import { ownDefaultRule } from "../tables/milvusDefaults";
import { dependencyChangeRule, etcdPortRule, minioFilesRule, pulsarChartRule } from "./dependencies";
import { dependencyImageRule } from "./dependencyImages";
import { addedKeyRule, lockOutRule, removedKeyRule, unknownKeyRule } from "./effects";
import { imageRule } from "./image";
import { imageRegistryRule } from "./imageRegistry";
import { apiRule, budgetRule, mysqlRule } from "./kubernetes";
import { bufferRule, ownConfigRule, shortcutRule } from "./metadata";
import {
  etcdAuthRule,
  fixedRule,
  gatewayRule,
  groupRule,
  ingressRule,
  messageSizeRule,
  mmapRule,
  standaloneVolumeRule,
} from "./others";
import { keptPlaceRule, memberRule, placeRule } from "./places";
import { autoscalerRule, liveReplicasRule } from "./replicas";
import type { ValueRule } from "./rule";
import { indexNodeRule, successorRule } from "./successors";
import { coordinatorRule, messageQueueRule, modeRule, natsRule, streamingRule } from "./topology";
import { diskRule, keptDataRule, volumeRule } from "./volumes";

/** Rules that lay values under the user's, move them or warn, in the order in which they are asked. */
export const VALUE_RULES: readonly ValueRule[] = [
  mysqlRule,
  modeRule,
  natsRule,
  imageRule,
  imageRegistryRule,
  pulsarChartRule,
  minioFilesRule,
  dependencyChangeRule,
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
  etcdPortRule,
  etcdAuthRule,
  keptPlaceRule,
  diskRule,
  standaloneVolumeRule,
  budgetRule,
  apiRule,
  ingressRule,
  gatewayRule,
  removedKeyRule,
  lockOutRule,
  addedKeyRule,
  unknownKeyRule,
  changedDefaultRule,
  chartWrittenRule,
  ownDefaultRule,
  ownConfigRule,
  mmapRule,
  autoscalerRule,
  groupRule,
];

/** Rules over the values as they will be sent, with everything laid and moved. */
export const FINAL_RULES: readonly ValueRule[] = [placeRule, volumeRule, keptDataRule, memberRule, fixedRule];
