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

const TWO = { replicas: 2 };
const STANDBY = { enabled: true, replicas: 2, activeStandby: { enabled: true } };
const OFF = { enabled: false };
const WORKERS = { queryNode: TWO, dataNode: TWO, indexNode: TWO, proxy: TWO };

/** Helm values of a cluster whose components can be rolled one by one, none ever without a replica. */
export const ROLLABLE_MILVUS_VALUES = {
  ...WORKERS,
  mixCoordinator: STANDBY,
  rootCoordinator: OFF,
  queryCoordinator: OFF,
  dataCoordinator: OFF,
  indexCoordinator: OFF,
} as const;

/** The same with each coordinator a Deployment of its own, as charts before 4.2.4 have them. */
export const ROLLABLE_MILVUS_VALUES_APART = {
  ...WORKERS,
  rootCoordinator: STANDBY,
  queryCoordinator: STANDBY,
  dataCoordinator: STANDBY,
  indexCoordinator: STANDBY,
} as const;

/** Helm values of a Milvus beside another: the sandbox has one etcd for all, as a company may have. */
export const valuesOfRootPath = (name: string) =>
  ({ extraConfigFiles: { "user.yaml": `etcd:\n  rootPath: ${name}\n` } }) as const;
