import { chartAtLeast } from "../charts/versions";
/** Checks of the cluster that Milvus runs on. */
import { configLine, list } from "../refusal";
import { effectiveValue } from "../values/tables/chartDefaults";
import { isTrue } from "../values/tree";
import { olderThan } from "../versions/versions";
import { describePermission } from "./permissions";
import type { Finding, Subject } from "./subject";

export function versionFindings({ plan, state }: Subject): Finding[] {
  const { chart, values } = plan;
  // A vendor's version that cannot be read is nobody's fault.
  if (!/^\d+\.\d+\.\d+$/.test(state.kubernetesVersion)) return [];
  const needs = [
    ...(chartAtLeast(chart.version, "4.2.21") ? [{ version: "1.20.0", what: `chart ${chart.version}` }] : []),
    ...(isTrue(effectiveValue("pulsarv3.enabled", values, chart.version))
      ? [{ version: "1.21.0", what: `the Pulsar 3 of chart ${chart.version}` }]
      : []),
  ];
  return needs
    .filter(({ version }) => olderThan(state.kubernetesVersion, version))
    .map(({ version, what }) => ({
      check: "kubernetesVersion",
      level: "error",
      message: `The cluster is Kubernetes ${state.kubernetesVersion}, and ${what} needs ${version}.`,
      remedy: "Upgrade Kubernetes first, or choose an older Milvus.",
    }));
}

export function apiFindings({ facts, state, namespace }: Subject): Finding[] {
  const { servedKinds, recordedKinds } = facts;
  if (servedKinds === undefined || recordedKinds === undefined || state.release === undefined) return [];
  const gone = recordedKinds.filter((kind) => !servedKinds.includes(kind));
  if (gone.length === 0) return [];
  const { name, revision } = state.release;
  return [
    {
      check: "servedApis",
      level: "error",
      message: `Revision ${revision} of ${name} has objects of APIs that Kubernetes ${state.kubernetesVersion} does not serve: ${list(gone)}. Helm cannot read its own record then ("no matches for kind").`,
      remedy: `Write the record anew with Helm's plugin mapkubeapis: helm plugin install https://github.com/helm/helm-mapkubeapis && helm mapkubeapis ${name} -n ${namespace}`,
    },
  ];
}

/** A message names so many, and how many more there are. */
const SHOWN = 8;

export function permissionFindings({ facts, namespace }: Subject): Finding[] {
  const denied = facts.denied ?? [];
  if (denied.length === 0) return [];
  const shown = denied.slice(0, SHOWN).map(describePermission);
  const more = denied.length > SHOWN ? ` and ${denied.length - SHOWN} more` : "";
  return [
    {
      check: "permissions",
      level: "error",
      message: `The credentials of the kubeconfig may not, in namespace ${namespace}: ${shown.join(", ")}${more}.`,
      remedy: `Ask for a role that may (the built-in "admin" of the namespace does for most); check with: kubectl -n ${namespace} auth can-i ${shown[0] ?? ""}`,
    },
  ];
}

export function otherReleaseFindings({ facts, plan, state, namespace, releaseName }: Subject): Finding[] {
  if (plan.kind !== "install") return [];
  const others = facts.otherReleases ?? [];
  const [first] = others;
  const [elsewhere] = state.otherNamespaces ?? [];
  if (first === undefined && elsewhere !== undefined) {
    return [
      {
        check: "noOtherMilvus",
        level: "error",
        message: `There is no release ${releaseName} in namespace ${namespace}, but a Milvus of that name runs in ${list((state.otherNamespaces ?? []).map((name) => `namespace ${name}`))}. A second, empty Milvus would be installed.`,
        remedy: `If that one is meant: ${configLine("namespace", elsewhere)}`,
      },
    ];
  }
  if (first === undefined) return [];
  return [
    {
      check: "noOtherMilvus",
      level: "error",
      message: `There is no release ${releaseName} in namespace ${namespace}, but ${others.length > 1 ? "other releases of Milvus are" : "another release of Milvus is"} there: ${list(others)}. A second, empty Milvus would be installed beside ${others.length > 1 ? "them" : "it"}.`,
      remedy: `Name the one that is meant: ${configLine("release", first)}`,
    },
  ];
}

export function chartFindings({ facts: { missingChart }, plan }: Subject): Finding[] {
  if (missingChart === undefined) return [];
  return [
    {
      check: "chartThere",
      level: "error",
      message: `The plan needs chart ${plan.chart.version}, and there is no ${missingChart}.`,
      remedy: `Put it there: helm pull ${plan.chart.name} --version ${plan.chart.version} --repo URL --untar, the folder named milvus-${plan.chart.version}; or take another milvus:chartSource.`,
    },
  ];
}

export function storageFindings({ facts, plan, state, backupStorageClass }: Subject): Finding[] {
  const { storageClasses } = facts;
  const isThere = state.attempts.some(({ claimName }) => claimName === plan.migration?.claimName);
  if (storageClasses === undefined || isThere) return [];
  const names = storageClasses.map(({ name }) => name);
  const known = names.length === 0 ? "there is none" : `there are ${list(names)}`;
  const remedy = "Name one: pulumi config set milvus:backupStorageClass NAME";
  if (plan.kind === "install") {
    return storageClasses.some(({ isDefault }) => isDefault)
      ? []
      : [
          {
            check: "storageClass",
            level: "warn",
            message: `The cluster has no default storage class (${known}): claims that name none will wait for a volume for good.`,
            remedy: "Name one in milvus:values (etcd.persistence.storageClass and so on).",
          },
        ];
  }
  if (backupStorageClass !== undefined && !names.includes(backupStorageClass)) {
    const message = `The storage class ${backupStorageClass} of milvus:backupStorageClass does not exist (${known}).`;
    return [{ check: "storageClass", level: "error", message, remedy }];
  }
  if (backupStorageClass === undefined && !storageClasses.some(({ isDefault }) => isDefault)) {
    const message = `The backup claim names no storage class, and the cluster has no default one (${known}).`;
    return [{ check: "storageClass", level: "error", message, remedy }];
  }
  return [];
}
