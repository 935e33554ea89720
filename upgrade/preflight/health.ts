/** Checks of what runs. */

import { isMilvusComponent } from "../milvusComponents";
import { list } from "../refusal";
import { filledText, getValue, path } from "../values/tree";
import { parseImage } from "../versions/images";
import type { Dependency } from "./facts";
import { type Finding, isFresh, type Subject } from "./subject";

export function componentFindings(subject: Subject): Finding[] {
  const { state, plan, namespace } = subject;
  const sick = state.components.filter(
    ({ component, replicas, readyReplicas }) => isMilvusComponent(component) && readyReplicas < replicas,
  );
  // A stop scales one Deployment after the other, and those that still run then lack what they need.
  if (sick.length === 0 || state.components.some(({ replicas }) => replicas === 0)) return [];
  const names = sick.map(({ name, readyReplicas, replicas }) => `${name} (${readyReplicas} of ${replicas} ready)`);
  return [
    {
      check: "componentsHealthy",
      level: plan.kind === "migration" && isFresh(subject) ? "error" : "warn",
      message: `Not every component is ready: ${list(names)}.`,
      remedy: `See why: kubectl -n ${namespace} get pods; kubectl -n ${namespace} describe deployment ${sick[0]?.name ?? ""}`,
    },
  ];
}

/** Those that decide by majority. */
const QUORUM: readonly string[] = ["etcd", "zookeeper", "object storage"] satisfies Dependency["role"][];

export function dependencyFindings(subject: Subject): Finding[] {
  const { facts, namespace } = subject;
  const fresh = isFresh(subject);
  return (facts.dependencies ?? []).flatMap((dependency): Finding[] => {
    const { kind, name, role, replicas, ready } = dependency;
    if (ready >= replicas) return [];
    const isDown = ready < needed(dependency);
    const what = role === "other" ? name : `${name} (${role})`;
    return [
      {
        check: "dependenciesUp",
        level: isDown && fresh ? "error" : "warn",
        message: `${what} has ${ready} of ${replicas} pods ready${isDown ? `, and needs ${needed(dependency)}` : ""}.`,
        remedy: `See why: kubectl -n ${namespace} describe ${kind.toLowerCase()} ${name}`,
      },
    ];
  });
}

function needed({ role, replicas }: Dependency): number {
  if (replicas === 0) return 0;
  return QUORUM.includes(role) ? Math.floor(replicas / 2) + 1 : 1;
}

const REPOSITORY = path("image.all.repository");

/** Only where the values tell: the chart's default repository has been the same since 3.0.0. */
export function imageFindings({ state, plan, namespace }: Subject): Finding[] {
  const said =
    filledText(getValue(plan.values, REPOSITORY)) ?? filledText(getValue(state.release?.chartValues ?? {}, REPOSITORY));
  if (said === undefined) return [];
  const others = state.components.filter(
    ({ component, image }) => isMilvusComponent(component) && parseImage(image).repository !== said,
  );
  if (others.length === 0) return [];
  const images = others.map(({ name, image }) => `${name} (${image})`);
  return [
    {
      check: "imagesAsPinned",
      level: "warn",
      message: `The values say ${said}, but another image runs in ${list(images)}: the upgrade replaces it.`,
      remedy: `If it is to stay: pulumi config set --path 'milvus:values.image.all.repository' REPOSITORY (now in namespace ${namespace}).`,
    },
  ];
}

export function claimFindings({ facts, namespace }: Subject): Finding[] {
  const unbound = (facts.claims ?? []).filter(({ phase }) => phase !== "Bound");
  return unbound.map(({ name, phase }) => ({
    check: "claimsBound",
    level: phase === "Lost" ? "error" : "warn",
    message: `The claim ${name} is ${phase}.`,
    remedy: `See why: kubectl -n ${namespace} describe persistentvolumeclaim ${name}`,
  }));
}
