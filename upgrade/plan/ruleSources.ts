/** Sources that a refusal names too: apart from the rule book, which is large, and which no run reads. */
export const QUEUE_SWITCH_SOURCE =
  "milvus issue 44726, pull requests 45286 and 47439; milvus.io/docs/switch_milvus_cluster_mq_type-operator.md";
