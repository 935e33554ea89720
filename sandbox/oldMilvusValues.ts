/** Charts before 3.3.6 ask by default for PodDisruptionBudgets of an API that Kubernetes 1.25 has removed. */
const noBudgets = { pdb: { usePolicy: false } };

/** Helm values with which a Milvus of that age can be installed on the sandbox. */
export const OLD_MILVUS_VALUES = {
  queryNode: { replicas: 3 },
  pulsar: {
    zookeeper: noBudgets,
    bookkeeper: noBudgets,
    broker: noBudgets,
    proxy: noBudgets,
    autorecovery: noBudgets,
  },
} as const;
