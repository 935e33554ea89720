import { refusedBy } from "../hops/rules";
import type { ComponentState, HelmRelease, Warning } from "../model";
import { configLine, list, refuse } from "../refusal";
import { parseImage, parseTag } from "../versions/images";
import { compareVersions, minorOf } from "../versions/versions";
import type { Facts } from "./base";

/**
 * Going below what some component runs. An unfinished roll may be taken back, within a minor always; over a minor only
 * while no component of the newer one has served, or when `milvus:rollback` asks for it. A finished upgrade is taken
 * back within its minor when that is asked for. Empty: the hop rules decide.
 */
export function checkSettingBack({ wanted, observed, release }: Facts, to: string): Warning[] {
  const isUnfinished = observed.version === to;
  const leavesFormat = minorOf(to) === "2.1" && minorOf(observed.newest) !== "2.1";
  const sameMinor = minorOf(observed.newest) === minorOf(to);
  const ahead = observed.components.filter((component) => hasServedNewer(component, to));
  const names = list(ahead.map(({ component }) => component));
  // At 0 nobody can be seen ready: what Helm has deployed may have served.
  if (isUnfinished && leavesFormat && observed.stopped && isDeployed(release, minorOf(observed.newest)))
    return refuseWithoutBackup(observed.newest, to, "all, as Helm's record says");
  if (isUnfinished && ahead.length === 0)
    return [warning(`No component has served ${observed.newest} yet; all go back to ${to}.`)];
  if (isUnfinished && leavesFormat) return refuseWithoutBackup(observed.newest, to, names);
  if (isUnfinished && (sameMinor || wanted.rollback)) {
    return [
      warning(
        `These run ${observed.newest} already and go back to ${to}: ${names}. Reading what they wrote is not promised.`,
      ),
    ];
  }
  if (isUnfinished) {
    const rule = refusedBy({ from: observed.newest, to });
    return refuse({
      rule: "going_back_over_a_minor_needs_rollback",
      reason: `These components have served ${observed.newest} already: ${names}. Going back to ${to}: ${rule?.reason ?? "it is not promised"}.`,
      remedy: `Go on: ${configLine("version", observed.newest)}. To go back anyway, with a backup at hand: ${configLine("rollback", "true")}`,
      ...(rule && { source: rule.source }),
    });
  }
  if (sameMinor && wanted.rollback && compareVersions(to, observed.version) < 0) {
    return [
      warning(
        `Back from ${observed.newest} to ${to} within ${minorOf(to)}, as milvus:rollback asks. Reading what it wrote is not promised.`,
      ),
    ];
  }
  return [];
}

/** 2.1 cannot read what 2.2 keeps of collections, and no backup of this program leads back. */
function refuseWithoutBackup(newest: string, to: string, names: string): never {
  return refuse({
    rule: "back_to_2_1_only_from_the_backup",
    reason: `These components have served ${newest} already: ${names}. Milvus ${to} cannot read its metadata, and there is no migration of this program whose backup could be restored.`,
    remedy: `Go on: ${configLine("version", newest)}. To go back, restore the metadata of ${to} from a backup of your own while every component is at 0, with the image ${to} on every Deployment; then run pulumi up.`,
    source: "milvus deployments/migrate-meta/README.md, step 6",
  });
}

function isDeployed({ status, appVersion }: HelmRelease, minor: string): boolean {
  const { version } = parseTag(appVersion);
  return status === "deployed" && version !== undefined && minorOf(version) === minor;
}

function warning(message: string): Warning {
  return { rule: "going_back_may_not_read_new_data", message };
}

/** True when a pod with a newer image has been ready, as far as can be seen. */
function hasServedNewer(component: ComponentState, to: string): boolean {
  const isNewer = (image: string) => {
    const { version } = parseImage(image);
    return version !== undefined && compareVersions(version, to) > 0;
  };
  if (component.podImages && !component.podImages.some(isNewer)) return false;
  return isNewer(component.image) && component.updatedReplicas > 0 && component.readyReplicas > 0;
}
