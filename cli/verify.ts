import { connect } from "../cluster/api/client";
import type { Config } from "../config/schema";
import { otherRun } from "../run/lock";
import { look } from "../run/look";
import { isMilvusComponent } from "../upgrade/milvusComponents";
import type { ClusterState, Plan, UpgradePlan, VerificationState } from "../upgrade/model";
import { hasSnapshot } from "../upgrade/verification";
import { parseImage } from "../upgrade/versions/images";
import { withoutWays } from "../upgrade/words/openUpgrade";
import { describeFailed, describePassed } from "../verify/describe";
import { acceptVerification, verifyUpgrade } from "../verify/verify";
import { UsageError } from "./pulumi/project";

export interface VerifyFlags {
  /** Release and load again what is loaded and does not answer. */
  readonly reload?: boolean;
  /** Pass what was found wrong, as it is. */
  readonly accept?: boolean;
}

export interface VerifyOutcome {
  readonly passed: boolean;
  readonly text: string;
}

type Verified = Pick<UpgradePlan, "from" | "to" | "reversibility" | "migration">;

/**
 * What an `up` does at its end, by hand: the health, and the data where a snapshot waits to be compared with.
 *
 * @throws UsageError, ClusterError, ServiceError
 */
export async function verifyByHand(
  config: Config,
  { reload = false, accept = false }: VerifyFlags,
  say: (line: string) => void,
): Promise<VerifyOutcome> {
  const { verification } = config;
  const { releaseName, namespace } = config.wanted;
  const client = connect(config.access);
  const target = { client, releaseName, namespace };
  const { state, plan, open: begun } = await look(client, config, { isChecked: false });
  const open = state.verification?.status === "passed" ? undefined : state.verification;
  if (accept) {
    if (open === undefined) throw new UsageError("There is nothing to accept: no verification of this release failed.");
    await acceptVerification(target, open);
    return {
      passed: true,
      text: `accepted as it is: ${open.summary || "never compared"} (ConfigMap ${open.configMap})`,
    };
  }
  // Nothing of it gets well by waiting: somebody has to go on.
  const writes = verification.mode === "write";
  const other = writes || begun.length > 0 ? await otherRun(client, config) : undefined;
  if (begun.length > 0) {
    const lines = other === undefined ? begun : [other, ...withoutWays(begun), "Wait until that run has ended."];
    return { passed: false, text: ["Nothing was verified:", ...lines].join("\n") };
  }
  if (other !== undefined) {
    // Each would take the other's collection for one that a killed check has left.
    throw new UsageError(
      `Nothing was verified: milvus:verify is write, and two write checks at once disturb each other. ${other} Wait until that run has ended.`,
    );
  }
  const mode = writes ? "write" : hasSnapshot(open) ? "data" : "health";
  const settings = { ...verification, mode, reload: reload || verification.reload } as const;
  const verified = whatRuns(plan, state, open);
  // A look at a healthy cluster's bad moment must not block the next upgrade.
  const result = await verifyUpgrade(target, settings, verified, open, say, false);
  const isWell = result.status === "passed";
  // Nothing wrong was found, and the verification of the upgrade has not passed: its write check has to.
  const passed = isWell && result.stillOpen === undefined;
  return { passed, text: isWell ? describePassed(result) : describeFailed(result, verified) };
}

/** The upgrade that was made: of the open verification, or none, where what runs is looked at. */
function whatRuns(plan: Plan, { components }: ClusterState, open: VerificationState | undefined): Verified {
  const images = components
    .filter(({ component }) => isMilvusComponent(component))
    .map(({ image }) => parseImage(image));
  const running = images.find(({ version }) => version !== undefined)?.version;
  if (open !== undefined && (running === undefined || running === open.attempt.to)) {
    return { from: open.attempt.from, to: open.attempt.to, reversibility: "one way" };
  }
  const planned = plan.kind === "refused" ? undefined : (plan.from ?? plan.to);
  const to = running ?? planned;
  if (to === undefined) throw new UsageError("There is no Milvus of this release to verify.");
  return { from: to, to, reversibility: "reversible" };
}
