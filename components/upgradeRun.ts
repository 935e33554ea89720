import { createRequire } from "node:module";
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { type ClusterClient, connect } from "../cluster/api/client";
import type { RunLock } from "../cluster/kept/runLock";
import { watchOwnJob } from "../cluster/state/ownJobs";
import { inArguments } from "../config/arguments";
import { stackFlag, withStackFlag } from "../config/stackFlag";
import { endDeadRuns } from "../run/deadRuns";
import { eventSink, tellLine, tellRefused } from "../run/events";
import { lockRelease, otherRun } from "../run/lock";
import { type Look, look, lookAhead } from "../run/look";
import { keepRan, ReceiptKeeper } from "../run/receipts";
import type { UpgradePlan, VerificationState } from "../upgrade/model";
import type { StepResult } from "../upgrade/progress/events";
import { RefusalError } from "../upgrade/refusal";
import { secretTexts } from "../upgrade/secrets/text";
import { isAfterVerification, isDeclared } from "../upgrade/steps/steps";
import { withoutWays } from "../upgrade/words/openUpgrade";
import { sentAgain } from "../upgrade/words/sentAgain";
import { oneLine } from "../upgrade/words/visible";
import type { Target } from "../verify/connection";
import { describeFailed, describePassed } from "../verify/describe";
import type { Result } from "../verify/verify";
import { allowedPlan, approvalOf } from "./allowed";
import type { MilvusClusterArgs } from "./args";
import { declareChain } from "./declare/chain";
import type { BegunOwnJob, FailedResource } from "./declare/context";
import { type EarlierRun, PROVIDER_TYPE, providerName, readEarlierRun, type StackResources } from "./engine/earlierRun";
import { beforeTheEnd } from "./engine/endSignals";
import { watchEngine } from "./engine/guard";
import { isOnTerminal, onlyRefreshes, typedArguments } from "./engine/operation";
import { ShownLines } from "./engine/shownLines";
import { asStopped, UpgradeStopped } from "./failure";
import { type Given, resolveArguments } from "./given";
import { endTable, measure, secondsBetween } from "./measure";
import { type ClusterOutputs, plannedOutputs } from "./outputs";
import { type EarlierUpgrade, earlierUpgrade, endedRun, receiptOutput } from "./receipt";
import { laterTexts, releaseValues, withoutTexts } from "./values";

const NOT_VERIFIED = "not made yet";
/** A plan of which so long ago is made again before it is carried out. */
const FRESH_MS = 60_000;
const CHANGED_MEANWHILE =
  "The cluster has changed while images were pulled, and the plan is not what it was. Nothing was stopped or changed. Run pulumi up again: it plans anew, and nodes keep what they have pulled.";

/**
 * Lock → look → plan or refuse → declare → verify → unlock. A preview takes no lock, and ends with what it would declare.
 *
 * @throws UpgradeStopped what is refused or failed, in words for people
 */
export async function runUpgrade(
  component: pulumi.ComponentResource,
  {
    name,
    formerNames,
    resources,
  }: { readonly name: string; readonly formerNames: readonly string[]; readonly resources: Promise<StackResources> },
  args: MilvusClusterArgs,
): Promise<ClusterOutputs> {
  // Not every program has its arguments checked by a compiler.
  const { fromStackConfig } = (args as MilvusClusterArgs | null | undefined) ?? {};
  const stack = stackFlag(typedArguments());
  const inProgram = fromStackConfig === true ? (text: string) => text : inArguments;
  const words = (text: string) => withStackFlag(inProgram(text), stack);
  try {
    const given = await resolveArguments(component, name, args);
    return await new UpgradeRun(component, name, formerNames, resources, given, words).make();
  } catch (error) {
    throw asStopped(error, component, words);
  }
}

function atWork(): typeof import("./atWork") {
  return createRequire(__filename)("./atWork") as typeof import("./atWork");
}

function stackName(): string {
  return `${pulumi.getOrganization()}/${pulumi.getProject()}/${pulumi.getStack()}`;
}

class UpgradeRun {
  private readonly earlier: Promise<EarlierRun>;
  private readonly address: { readonly releaseName: string; readonly namespace: string };
  /** What of the values no line may show. */
  private readonly hidden: readonly string[];
  /** Of a preview: declared while the cluster is being read, since the engine takes its time to start the plugin. */
  private early: k8s.Provider | undefined;

  constructor(
    private readonly component: pulumi.ComponentResource,
    private readonly name: string,
    formerNames: readonly string[],
    resources: Promise<StackResources>,
    private readonly given: Given,
    private readonly inProgram: (text: string) => string,
  ) {
    const { releaseName, namespace } = given.config.wanted;
    this.address = { releaseName, namespace };
    this.hidden = [...laterTexts(given.values.leaves), ...given.hidden];
    const { chartLogin } = given;
    const own = { name, formerNames, namespace, releaseName, chartLogin };
    this.earlier = readEarlierRun(own, resources, (text) => this.warn(text));
  }

  async make(): Promise<ClusterOutputs> {
    try {
      return await this.underLock();
    } catch (error) {
      if (error instanceof RefusalError && !pulumi.runtime.isDryRun()) {
        const { rule, reason } = error.refusal;
        tellRefused(this.address, rule, this.words(reason));
      }
      throw asStopped(error, this.component, (text) => this.words(text));
    }
  }

  private async underLock(): Promise<ClusterOutputs> {
    const { config, cluster } = this.given;
    if (!pulumi.runtime.isDryRun() && onlyRefreshes()) return this.asBefore();
    if (cluster === undefined) return this.carryOut(await lookAhead(config, { opaque: this.given.values.leaves }));
    const client = connect(cluster);
    if (pulumi.runtime.isDryRun()) {
      void this.startPlugin();
      // Both are asked at once, and what the one says is not lost by the other's failure.
      const [looked, other] = await Promise.allSettled([this.look(client), otherRun(client, config)]);
      if (other.status === "fulfilled" && other.value !== undefined) await this.warn(other.value);
      if (looked.status === "rejected") throw looked.reason;
      if (other.status === "rejected") throw other.reason;
      const open = other.value === undefined ? looked.value.open : withoutWays(looked.value.open);
      return this.carryOut({ ...looked.value, open }, client);
    }
    const say = (line: string) => this.tell(line);
    const stack = stackName();
    const locking = lockRelease(client, config, { stack, isAlive: watchEngine(), say });
    const isOver = beforeTheEnd(async () => (await locking).release());
    try {
      const lock = await locking;
      try {
        await keepRan(client, config, await endDeadRuns(client, config, say), say);
        return await this.carryOut(await this.look(client), client, lock);
      } finally {
        await lock.release();
      }
    } finally {
      isOver();
    }
  }

  /**
   * In `pulumi refresh --run-program`: the provider as it is to be, and else what the state has. Nothing is locked, planned or
   * verified, and no output says anything of a run that was none.
   */
  private async asBefore(): Promise<ClusterOutputs> {
    const earlier = await this.earlier;
    this.provider(earlier.namespaceUid, earlier);
    await this.say("this command runs the program and upgrades nothing: the outputs stay as they are");
    return (earlier.outputs ?? {}) as unknown as ClusterOutputs;
  }

  /**
   * Only for a release that the state has: its cluster is known, and a look that finds another one ends the preview. `up` declares
   * nothing before the look, since what is declared is written into the state.
   */
  private async startPlugin(): Promise<void> {
    try {
      const earlier = await this.earlier;
      if (earlier.hasRelease && earlier.namespaceUid !== undefined)
        this.early = this.provider(earlier.namespaceUid, earlier);
    } catch {
      // The look says what is wrong with the state.
    }
  }

  private look(client: ClusterClient): Promise<Look> {
    return look(client, this.given.config, {
      stack: this.earlier,
      opaque: this.given.values.leaves,
      hidden: this.hidden,
    });
  }

  /** Declares the plan, waits until it is done, and verifies it. A preview waits for nothing. */
  private async carryOut(first: Look, client?: ClusterClient, lock?: RunLock): Promise<ClusterOutputs> {
    const { config, values } = this.given;
    const earlier = await this.earlier;
    const words = (text: string) => this.words(text);
    const { namespace, releaseName } = this.address;
    const plan = await allowedPlan(config, first, earlier, {
      words,
      say: (lines) => this.say(...lines),
      shown: new ShownLines(`${stackName()} ${namespace}/${releaseName}`),
    });
    const look = client === undefined ? first : await this.withImages(first, client, lock, plan);
    const started = Date.now();
    const { state, hash } = look;
    const isPreview = pulumi.runtime.isDryRun();
    const target = client && { client, ...this.address };
    const say = (line: string) => this.tell(`verification: ${line}`);
    const record =
      isPreview || target === undefined
        ? undefined
        : await atWork().snapshotBefore(target, config.verification, plan, state, say);

    const marked = plan.steps.find((step) => step.kind === "markFailed");
    const failedRecord =
      client && marked && (await atWork().failedRecordOf(client, { ...this.address, recordName: marked.recordName }));
    const hide = [...secretTexts(plan.values), ...this.hidden];
    const { timeouts } = config.settings;
    const events = eventSink(this.address, plan);
    const watched = { ...this.address, plan, state, timeouts, hide, words };
    const receipts = isPreview || client === undefined ? undefined : this.receipts(client, look, plan);
    await receipts?.begin();
    const { done, ends, runAfter } = declareChain(this.component, {
      ...this.address,
      name: this.name,
      plan,
      state,
      earlier,
      settings: config.settings,
      values: releaseValues(plan.values, values.leaves, config.valuesAreSecret || values.isSecret),
      // Where the namespace is there and may not be read, it is taken for the one of the last run.
      provider: this.provider(
        state.namespaceUid ?? (state.namespaceExists ? earlier.namespaceUid : undefined),
        earlier,
      ),
      words: this.inProgram,
      ...(this.given.chartAccess && { chartAccess: this.given.chartAccess }),
      ...(client && {
        diagnose: async (failed: FailedResource) => {
          const text = await atWork().diagnoseUpgrade(client, {
            failed,
            plan,
            releaseName: this.address.releaseName,
            hide,
          });
          return text && this.words(text);
        },
        watch: (job: BegunOwnJob) => void watchOwnJob(client, job, hide, (line) => void this.say(line)),
      }),
      ...(client && { standing: async () => this.words(await atWork().describeInterrupted(client, config.wanted)) }),
      ...(receipts && { ranBefore: () => receipts.ranBefore() }),
      ...(failedRecord !== undefined && { failedRecord }),
      ...(lock && { guard: lock }),
      ...(client &&
        !isPreview && {
          listener: atWork().stepListener({ ...watched, component: this.component, client, receipts, events }),
        }),
    });
    // Where nothing changes, what runs can be looked at while the engine looks at its resources.
    const reads = plan.kind === "nothing" && record === undefined && config.verification.mode !== "write";
    const alongside = reads && !isPreview && target ? this.verify(target, plan, record, say) : undefined;
    alongside?.catch(() => undefined);
    const planned = plannedOutputs({
      ...watched,
      ...(hash !== undefined && { hash }),
      isSentAgain: sentAgain(plan, state, earlier) !== undefined,
    });
    const steps = plan.steps.filter(isDeclared);
    const before = earlierUpgrade(earlier as EarlierUpgrade, state.lastReceipt);
    const lastUpgrade = await measure({ ...plan, steps }, started, ends, before.lastUpgrade, () => receipts?.now());
    const { receipt: last } = before;
    const outputs = { ...planned, ...(lastUpgrade && { lastUpgrade }), ...(last && { receipt: last }) };
    if (isPreview || target === undefined) {
      const { verification = NOT_VERIFIED } = earlier;
      return { ...outputs, verification: oneLine(String(verification)) };
    }
    // Rejected where a step was left out: a program that ends well lets the engine delete what was not declared for it.
    if (!(await done())) {
      // Not beyond the lock.
      await alongside?.catch(() => undefined);
      return { ...outputs, verification: "not made: a step was left out" };
    }
    const result = await (alongside ?? this.verify(target, plan, record, say));
    if (result?.status === "failed") await receipts?.end(endedRun(plan, lastUpgrade, result));
    const verification = this.passed(result, plan, say);
    if (plan.steps.some(isAfterVerification)) {
      await receipts?.verified(endedRun(plan, lastUpgrade, result));
      await runAfter();
    }
    const receipt = await receipts?.end(endedRun(plan, lastUpgrade, result));
    if (plan.kind !== "nothing" && lastUpgrade) {
      const lines = endTable({ ...plan, steps }, lastUpgrade);
      await this.say(...lines);
      events.tell({ event: "finished", seconds: lastUpgrade.seconds, verification, lines });
    }
    return { ...outputs, ...(receipt && { receipt: receiptOutput(receipt) }), verification };
  }

  private receipts(client: ClusterClient, { state, hash }: Look, plan: UpgradePlan): ReceiptKeeper {
    const { config } = this.given;
    return new ReceiptKeeper(client, config, {
      plan,
      state,
      ...(hash !== undefined && { hash }),
      approval: approvalOf(config),
      stack: stackName(),
      words: (text) => oneLine(withoutTexts(text, this.hidden)),
      say: (line) => void this.warn(line),
    });
  }

  /**
   * Has the images pulled onto their nodes, before anything is declared. Where that took its time, the cluster is looked at again:
   * what was found before must still be so.
   */
  private async withImages(
    look: Look,
    client: ClusterClient,
    lock: RunLock | undefined,
    plan: UpgradePlan,
  ): Promise<Look> {
    const { config } = this.given;
    const { pulls, state, hash } = look;
    const step = plan.steps.find(({ kind }) => kind === "prepull");
    if (pulls === undefined || step === undefined || pulumi.runtime.isDryRun()) return look;
    const started = Date.now();
    const { prepull, nameIn } = atWork();
    const events = eventSink(this.address, plan);
    const named = nameIn(plan, step);
    const ended = (result: StepResult) => {
      events.tell({ event: "stepEnded", ...named, seconds: secondsBetween(started, Date.now()), result });
    };
    events.tell({ event: "stepStarted", ...named });
    try {
      await prepull(client, {
        config,
        state,
        pulls,
        say: (line) => {
          events.tell({ event: "stepProgress", ...named, text: this.words(line) });
          void this.say(line);
        },
        ...(isOnTerminal() && { refresh: (line: string) => void this.show(line) }),
        warn: (line) => void this.warn(line),
        ...(lock && { check: () => lock.check() }),
      });
      ended("done");
    } catch (error) {
      ended("failed");
      throw error;
    }
    if (Date.now() - started < FRESH_MS) return look;
    const again = await this.look(client);
    const { refusal } = again.findings;
    if (refusal !== undefined) throw new RefusalError(refusal);
    if (again.hash === hash) return again;
    throw new UpgradeStopped(this.words(CHANGED_MEANWHILE), this.component);
  }

  private async verify(
    target: Target,
    plan: UpgradePlan,
    record: VerificationState | undefined,
    say: (line: string) => void,
  ): Promise<Result | undefined> {
    const { verification } = this.given.config;
    return verification.mode === "off" ? undefined : atWork().verifyUpgrade(target, verification, plan, record, say);
  }

  /** Not a hook: those after a resource only warn. A failure here fails the run with everything in place. */
  private passed(result: Result | undefined, plan: UpgradePlan, say: (line: string) => void): string {
    if (result === undefined) return "off";
    if (result.status === "failed") {
      throw new UpgradeStopped(this.words(describeFailed(result, plan)), this.component);
    }
    const passed = describePassed(result);
    say(passed);
    return passed;
  }

  private provider(namespaceUid: string | undefined, earlier: EarlierRun): k8s.Provider {
    if (this.early !== undefined) return this.early;
    const name = providerName(this.name);
    return new k8s.Provider(
      name,
      {
        ...this.given.providerAccess,
        // By another address, or with a new certificate, it is still the same cluster, and the provider would replace everything.
        // The look finds another cluster by what the state says, also after a run that failed.
        ...(namespaceUid !== undefined && { clusterIdentifier: namespaceUid }),
        // A killed run leaves objects that the state does not know: the next run takes them over.
        upsertExistingObjects: true,
      },
      { parent: this.component, aliases: earlier.urnsOf(PROVIDER_TYPE, name) },
    );
  }

  /** As a person reads it. */
  private words(text: string): string {
    return withoutTexts(this.inProgram(text), this.hidden);
  }

  /** To whoever listens to the run's events, too. */
  private tell(line: string): void {
    tellLine(this.address, this.words(line));
    void this.say(line);
  }

  /** Each is one line, whatever others have written into it. */
  private say(...lines: readonly string[]): Promise<void> {
    return pulumi.log.info(lines.map((line) => oneLine(this.words(line))).join("\n"), this.component);
  }

  /** On a terminal, in the place of the line before, and nowhere afterwards. */
  private show(line: string): Promise<void> {
    return pulumi.log.info(oneLine(this.words(line)), this.component, undefined, true);
  }

  private warn(line: string): Promise<void> {
    return pulumi.log.warn(oneLine(this.words(line)), this.component);
  }
}
