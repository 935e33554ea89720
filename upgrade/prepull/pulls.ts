import type { ComponentState, UpgradePlan } from "../model";
import { list } from "../refusal";
import { type JobPlacement, type PullGroup, pullGroups, type Workload } from "./groups";
import { fitOf, type NodeFacts } from "./nodes";
import { roomNotes } from "./room";

/** A group with the nodes on which it is pulled. */
export interface PlacedGroup extends PullGroup {
  readonly nodes: readonly string[];
}

/** What is pulled and where. */
export interface Pulls {
  readonly groups: readonly PlacedGroup[];
  /** Nodes that pods could go to at another time, each with why not now. */
  readonly passedOver: readonly { readonly node: string; readonly why: string }[];
  /** What is to be said of the choice, a sentence each. */
  readonly notes: readonly string[];
}

/** What the choice is made from. */
export interface PullFacts {
  readonly workloads: readonly Workload[];
  /** Images that pods of the release have now. */
  readonly inUse: readonly string[];
  /** Nodes on which pods of the release are now. */
  readonly usedNodes: readonly string[];
  /** As they run. Default: none. */
  readonly components?: readonly ComponentState[];
  /** Missing: they may not be listed. */
  readonly nodes?: readonly NodeFacts[];
  /** Why it is not known how much of the nodes is free. Default: it is known, or may not be. */
  readonly roomUnknown?: string;
}

/** More nodes than this are not filled for one Milvus: those where it runs come first. */
export const MOST_NODES = 50;

/**
 * Every image on every node to which its pods may go: which of them the scheduler takes, nobody knows before. Where nodes may not
 * be listed, those on which the release runs, to which most pods come back.
 */
export function choosePulls(plan: UpgradePlan, facts: PullFacts, jobs: JobPlacement): Pulls {
  const { workloads, inUse, usedNodes, nodes, roomUnknown, components = [] } = facts;
  const groups = pullGroups(plan, workloads, new Set(inUse), jobs);
  if (nodes === undefined) {
    return {
      groups: groups.map((group) => ({ ...group, nodes: [...usedNodes].sort() })),
      passedOver: [],
      notes: [
        "Nodes may not be listed with these credentials: images are pulled onto those on which Milvus runs now. A pod that moves to another node has its image pulled there while Milvus is away. To see all: allow get and list on nodes.",
      ],
    };
  }
  const passedOver = new Map<string, string>();
  const notes: string[] = roomNotes(plan, components, workloads, nodes);
  if (roomUnknown !== undefined) {
    notes.push(`Whether the nodes have room for the new pods was not looked at: ${roomUnknown.replace(/\.$/, "")}.`);
  }
  const placed = groups.map((group): PlacedGroup => {
    const fitting = nodes.flatMap((node) => {
      const fit = fitOf(group.placement, node);
      if (fit.kind === "later") passedOver.set(node.name, fit.why);
      return fit.kind === "fits" ? [node.name] : [];
    });
    if (fitting.length > MOST_NODES) {
      notes.push(
        `${fitting.length} nodes could take these pods; images are pulled onto ${MOST_NODES} of them, those on which Milvus runs first.`,
      );
    }
    const isNowhere = fitting.length === 0 && nodes.every((node) => fitOf(group.placement, node).kind === "other");
    if (isNowhere) {
      const users = [...new Set(group.images.flatMap((image) => image.users))];
      notes.push(
        `No node fits the node selector, the affinity and the tolerations of ${list(users)}: unless an autoscaler makes one, these pods cannot start.`,
      );
    }
    return { ...group, nodes: nearest(fitting, usedNodes) };
  });
  return {
    groups: placed,
    passedOver: [...passedOver].map(([node, why]) => ({ node, why })).sort((a, b) => a.node.localeCompare(b.node)),
    notes: [...new Set(notes)],
  };
}

function nearest(fitting: readonly string[], used: readonly string[]): string[] {
  const rank = (node: string) => (used.includes(node) ? 0 : 1);
  const byRank = [...fitting].sort((a, b) => rank(a) - rank(b) || a.localeCompare(b));
  return byRank.slice(0, MOST_NODES).sort((a, b) => a.localeCompare(b));
}
