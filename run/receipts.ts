import { randomUUID } from "node:crypto";
import type { ClusterClient } from "../cluster/api/client";
import { ClusterError } from "../cluster/errors";
import { changeReceipts } from "../cluster/kept/receipts";
import type { Config } from "../config/schema";
import { version } from "../package.json";
import { rulesVersion } from "../upgrade/approval";
import type { ClusterState, OpenUpgrade, Step, UpgradePlan } from "../upgrade/model";
import { downSince, isAllDown } from "../upgrade/plan/interruption";
import {
  abandonReceipt,
  type Begun,
  beginReceipt,
  continues,
  type Ended,
  endReceipt,
  openReceipt,
  openUpgrade,
  takeAway,
  withJobs,
  withRun,
} from "../upgrade/receipt/make";
import type { Receipt } from "../upgrade/receipt/receipt";
import type { OwnJobName } from "../upgrade/steps/ownJobs";
import { factsOf } from "../upgrade/steps/steps";
import { whoRunsThis } from "./lock";

/** Of the rules by which this program plans. */
export const RULES = rulesVersion(version);
/** Characters of an id: enough to tell the upgrades of one release apart. */
const ID_LENGTH = 8;

/** Jobs of the user's that a dead run has begun, and that have ended since: the upgrade that is open has them. */
export async function keepRan(
  client: ClusterClient,
  { wanted }: Config,
  ran: readonly OwnJobName[],
  say: (line: string) => void,
): Promise<void> {
  if (ran.length === 0) return;
  try {
    await changeReceipts(client, wanted, (kept) => {
      const open = openReceipt(kept, undefined);
      return open === undefined ? [] : [withJobs(open, ran)];
    });
  } catch (error) {
    if (!(error instanceof ClusterError)) throw error;
    say(`that they have run is not kept in the cluster, so they run again: ${error.message}`);
  }
}

export interface ReceiptRequest extends Pick<Begun, "plan" | "approval"> {
  readonly hash?: string;
  readonly state: ClusterState;
  /** `organization/project/stack`. */
  readonly stack: string;
  /** Text as it may be kept: without what is secret. */
  readonly words: (text: string) => string;
  readonly say: (line: string) => void;
}

/**
 * Keeps the receipt of one upgrade in the cluster, from its begin on: the run that finishes what a killed one began finds it
 * there. What cannot be written is said, and ends no upgrade.
 */
export class ReceiptKeeper {
  private receipt: Receipt | undefined;

  constructor(
    private readonly client: ClusterClient,
    private readonly config: Config,
    private readonly request: ReceiptRequest,
  ) {}

  /** Before anything is touched. Where nothing is to be done, only what an earlier run began is gone on with. */
  async begin(): Promise<void> {
    const { state, plan } = this.request;
    // What may not be read is no open receipt, and an idle run says nothing of it.
    if (plan.kind === "nothing" && state.openUpgrade === undefined) return;
    const since = state.release?.firstDeployedAt;
    const begun = this.begun(plan);
    // Where a namespace is yet to be made, its Release makes it.
    if (!state.namespaceExists) {
      this.receipt = beginReceipt(begun, undefined);
      return;
    }
    await this.write((kept) => {
      const open = openReceipt(kept, since);
      const isIdle = plan.kind === "nothing" && !continues(open, plan);
      this.receipt = isIdle ? undefined : beginReceipt(begun, open);
      const left = open !== undefined && open.id !== this.receipt?.id ? [abandonReceipt(open)] : [];
      return [...left, ...(this.receipt ? [this.receipt] : [])];
    });
    // What could not be kept is in the outputs all the same.
    if (plan.kind !== "nothing") this.receipt ??= beginReceipt(begun, undefined);
    // Going on, and giving up: the outage is the one that has begun, also where no receipt knows of it.
    const away = isAllDown(state) ? downSince(state) : undefined;
    if (away !== undefined) await this.takenAway(away);
  }

  /** Before a step begins: when Milvus was first taken away is kept, over all runs that work on it. */
  async step(step: Step): Promise<void> {
    const { plan } = this.request;
    const isAway = plan.kind !== "rolling" && plan.kind !== "install" && plan.expected?.kind !== "none";
    if (!isAway || !factsOf(step).interrupts || this.receipt?.stoppedAt !== undefined) return;
    await this.takenAway(new Date().toISOString());
  }

  /** What all runs together have come to; undefined where nothing is to be done. */
  now(): OpenUpgrade | undefined {
    return this.receipt && openUpgrade(this.receipt);
  }

  private async takenAway(at: string): Promise<void> {
    if (this.receipt === undefined) return;
    const next = takeAway(this.receipt, at);
    this.receipt = next;
    if (this.request.state.namespaceExists) await this.write(() => [next]);
  }

  /** The user's Jobs before the upgrade are done, and nothing is touched yet. */
  async ranBefore(): Promise<void> {
    if (this.receipt !== undefined) await this.keep(withRun(this.receipt, "before", this.request.plan));
  }

  /** What the verification found; the user's Jobs after it are still to run. */
  async verified({ verification, measured }: Ended): Promise<void> {
    const { receipt } = this;
    if (receipt === undefined) return;
    const { steps = receipt.steps } = measured ?? {};
    await this.keep({ ...receipt, steps, verification: { ...receipt.verification, ...verification } });
  }

  /** The receipt as it is then; undefined where there was nothing to be done. */
  async end(ended: Ended): Promise<Receipt | undefined> {
    const { receipt } = this;
    if (receipt === undefined) return undefined;
    const isDone = ended.verification.status !== "failed";
    return this.keep(endReceipt(isDone ? withRun(receipt, "after", this.request.plan) : receipt, ended));
  }

  private async keep(receipt: Receipt): Promise<Receipt> {
    this.receipt = receipt;
    await this.write(() => [receipt]);
    return receipt;
  }

  private begun(plan: UpgradePlan): Begun {
    const { hash, approval, stack, words } = this.request;
    const { wanted, verification } = this.config;
    return {
      plan: {
        ...plan,
        ...(plan.migration && { migration: { ...plan.migration, claimName: words(plan.migration.claimName) } }),
      },
      ...(hash !== undefined && { hash }),
      id: randomUUID().slice(0, ID_LENGTH),
      release: words(`${wanted.namespace}/${wanted.releaseName}`),
      rules: RULES,
      approval,
      run: { stack: words(stack), who: words(whoRunsThis()), startedAt: new Date().toISOString() },
      mode: verification.mode,
    };
  }

  private async write(change: (kept: readonly Receipt[]) => readonly Receipt[]): Promise<void> {
    try {
      await changeReceipts(this.client, this.config.wanted, change);
    } catch (error) {
      if (!(error instanceof ClusterError)) throw error;
      this.request.say(`the receipt of this upgrade is not kept in the cluster: ${error.message}`);
    }
  }
}
