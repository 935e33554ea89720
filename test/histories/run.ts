import { attemptLabels, attemptName, PHASE_ANNOTATION } from "../../upgrade/metadata/attempt";
import type { AttemptPhase, MigrationPlan, Step, StepKind, UpgradePlan } from "../../upgrade/model";
import { ATTEMPT_PHASES } from "../../upgrade/model";
import { planUpgrade } from "../../upgrade/plan/plan";
import { METADATA_STEPS, type MetadataStepKind } from "../../upgrade/steps/steps";
import { EXIT, type MetadataScript, type ScriptEnvironment, type Verb, type VerbOutcome } from "./metadata";
import { type Fault, NO_FAULT } from "./tool";
import { CHARTS, minorOf, RELEASE, rootOf, type World } from "./world";

/** What befalls one `pulumi up`. */
export type Trouble =
  | { readonly kind: "none" }
  /** The engine is killed at its nth moment; a Job that runs then goes on. */
  | { readonly kind: "engine"; readonly at: number }
  /** The pod of that step's Job ends: within the script, or between its containers. */
  | { readonly kind: "job"; readonly step: StepKind; readonly fault: Fault | "before the script" | "after the script" }
  /** The Release does not get ready: its pods run, the revision is failed. */
  | { readonly kind: "not ready" };

export interface UpOptions {
  readonly trouble: Trouble;
  /** Steps left out by --exclude or --target. */
  readonly without: readonly StepKind[];
  /** It plans while the Job of a killed run is still at work. */
  readonly overlaps: boolean;
}

export interface UpResult {
  readonly kind: "refused" | "nothing" | "succeeded" | "failed" | "killed";
  readonly plan?: UpgradePlan;
  readonly text: string;
  readonly remedy: string;
  /** What the script said in it. */
  readonly verbs: readonly VerbRun[];
  readonly leftOut: readonly StepKind[];
  /** The new revision of the Release is deployed. */
  readonly released: boolean;
}

export interface VerbRun extends VerbOutcome {
  readonly verb: Verb;
  readonly claim: string;
  readonly root: string;
}

/** How the program that is modelled behaves. */
export interface Program {
  readonly script: MetadataScript;
  /** Steps refuse to run when one before them was left out. */
  readonly hasGate: boolean;
}

class Killed extends Error {}
class Failed extends Error {}

/** `pulumi up` as the program does it, over the simulated cluster. */
export async function up(world: World, program: Program, options: UpOptions): Promise<UpResult> {
  if (!options.overlaps) await finishOrphan(world);
  // Refused at the first look, nothing is touched; else what a dead run has left is ended, and planned anew.
  let plan = planUpgrade(world.wanted, world.state());
  if (world.orphan !== undefined && plan.kind !== "refused") {
    await endDeadRun(world);
    plan = planUpgrade(world.wanted, world.state());
  }
  if (plan.kind === "refused") {
    await finishOrphan(world);
    return {
      kind: "refused",
      text: `${plan.rule}: ${plan.reason}`,
      remedy: plan.remedy,
      verbs: [],
      leftOut: [],
      released: false,
    };
  }
  if (plan.kind === "nothing") {
    await finishOrphan(world);
    return { kind: "nothing", plan, text: plan.reason, remedy: "", verbs: [], leftOut: [], released: false };
  }
  const run = new UpRun(world, program, options, plan);
  const described = `${plan.kind} to ${plan.to} [${plan.steps.map(({ kind }) => kind).join(" ")}]${
    plan.migration ? ` ${attemptName(plan.migration.attempt)}` : ""
  }`;
  const ended = (kind: UpResult["kind"], message = ""): UpResult => ({
    kind,
    plan,
    text: message === "" ? described : `${described}: ${message}`,
    remedy: kind === "failed" ? message : "",
    verbs: run.verbs,
    leftOut: plan.steps.map(({ kind: step }) => step).filter((step) => options.without.includes(step)),
    released: run.released,
  });
  try {
    await run.steps();
    return ended("succeeded");
  } catch (error) {
    if (error instanceof Killed) return ended("killed", error.message);
    if (error instanceof Failed) return ended("failed", error.message);
    throw error;
  }
}

/** The Job that a killed run has left comes to its end. */
export async function finishOrphan(world: World): Promise<void> {
  const { orphan } = world;
  world.orphan = undefined;
  await orphan?.rest();
}

/** A Job on the metadata is waited for, any other is deleted. */
async function endDeadRun(world: World): Promise<void> {
  if (METADATA_STEPS.includes(world.orphan?.step ?? "")) await finishOrphan(world);
  world.orphan = undefined;
}

class UpRun {
  readonly verbs: VerbRun[] = [];
  released = false;
  private moment = 0;
  private readonly phases: ReadonlyMap<string, AttemptPhase>;
  private readonly isConsented: boolean;

  constructor(
    private readonly world: World,
    private readonly program: Program,
    private readonly options: UpOptions,
    private readonly plan: UpgradePlan,
  ) {
    this.isConsented = consents(plan, world);
    this.phases = new Map(world.state().attempts.map(({ claimName, phase }) => [claimName, phase]));
  }

  async steps(): Promise<void> {
    const { migration, steps } = this.plan;
    this.passes("before all steps");
    if (migration && steps.some(({ kind }) => kind === "backup")) {
      this.world.claimFor(migration.claimName, attemptLabels(RELEASE, migration.attempt));
    }
    let leftOut: StepKind | undefined;
    for (const step of this.plan.steps) {
      if (this.options.without.includes(step.kind)) {
        leftOut ??= step.kind;
        continue;
      }
      if (leftOut !== undefined && this.program.hasGate) {
        throw new Failed(`${step.kind} refuses to run: the step ${leftOut} before it was left out`);
      }
      this.passes(`before ${step.kind}`);
      await this.step(step);
      this.passes(`after ${step.kind}`);
      this.world.wait(1);
    }
  }

  /** A moment at which the engine can be killed. */
  private passes(name: string): void {
    this.moment += 1;
    const { trouble } = this.options;
    if (trouble.kind === "engine" && trouble.at === this.moment) throw new Killed(`engine killed ${name}`);
  }

  private async step(step: Step): Promise<void> {
    const { world } = this;
    switch (step.kind) {
      case "clearPendingRelease":
        world.revisions = world.revisions.filter(({ revision }) => revision !== step.revision);
        return;
      case "markFailed":
        throw new Error("planned without a stack whose state has the Release");
      case "stop":
        return this.job("stop", [
          () => {
            for (const { name, replicas } of step.deployments) {
              const component = world.components.find((it) => it.name === name);
              if (component && replicas > 0) component.remembered = replicas;
            }
          },
          () => {
            const names = new Set(step.deployments.map(({ name }) => name));
            for (const component of world.components) {
              if (!names.has(component.name)) continue;
              component.replicas = 0;
              component.pods = 0;
              component.paused = false;
            }
          },
        ]);
      case "probe":
      case "backup":
      case "migrate":
      case "restore":
        return this.metadataStep(step.kind);
      case "pause":
        for (const component of world.components) {
          if (step.deployments.includes(component.name)) component.paused = true;
        }
        return;
      case "resume": {
        const component = world.components.find(({ name }) => name === step.deployment);
        if (component === undefined) return;
        component.paused = false;
        if (component.podImage !== component.image) world.run(component);
        return;
      }
      case "release":
        this.release();
        return;
    }
  }

  /** A Job: its containers run one after the other in the cluster, whatever becomes of the engine. */
  private async job(step: StepKind, containers: readonly (() => Promise<void> | void)[]): Promise<void> {
    const { trouble } = this.options;
    if (trouble.kind === "job" && trouble.step === step && trouble.fault === "before the script") {
      throw new Failed(`the Job of ${step} did not start`);
    }
    const rest = async () => {
      for (const container of containers) {
        this.world.wait(1);
        await container();
      }
    };
    try {
      this.passes(`while ${step} runs`);
    } catch (error) {
      this.world.orphan = {
        step,
        rest: () =>
          rest().catch((failure: unknown) => {
            if (!(failure instanceof Failed)) throw failure;
          }),
      };
      throw error;
    }
    await rest();
  }

  private metadataStep(kind: MetadataStepKind): Promise<void> {
    const { world, plan } = this;
    const migration = plan.migration;
    if (migration === undefined) throw new Error(`${kind} without an attempt`);
    const { claimName } = migration;
    const claim = world.claims.get(claimName);
    if (claim === undefined) throw new Failed(`the pod of ${kind} does not start: there is no claim ${claimName}`);
    const record = (phase: AttemptPhase) => () => {
      claim.annotations[PHASE_ANNOTATION] = phase;
    };
    const verb: Verb = kind === "restore" && plan.kind === "rollback" ? "rollback" : kind;
    const script = () => this.script(kind, verb, migration);
    switch (kind) {
      case "probe":
        return this.job(kind, [script]);
      case "backup": {
        const found = this.phases.get(claimName) ?? "prepared";
        const hasPassed = ATTEMPT_PHASES.indexOf(found) > ATTEMPT_PHASES.indexOf("backedUp");
        return this.job(kind, hasPassed ? [script] : [script, record("backedUp")]);
      }
      case "migrate":
        return this.job(kind, [record("migrating"), script, record("migrated")]);
      case "restore":
        return this.job(kind, [
          ...(this.phases.get(claimName) === "migrated" ? [record("restoring")] : []),
          script,
          record("restored"),
        ]);
    }
  }

  private async script(step: StepKind, verb: Verb, migration: MigrationPlan): Promise<void> {
    const { world, options } = this;
    const { claimName, store, attempt } = migration;
    const claim = world.claims.get(claimName);
    if (claim === undefined) throw new Error(`no claim ${claimName}`);
    const environment: ScriptEnvironment = {
      root: store.rootPath,
      attempt: attemptName(attempt),
      source: migration.sourceVersion,
      target: migration.targetVersion,
      installation: migration.installation ?? "",
      overwrite: migration.overwrite === true,
      sessions: () => world.sessionsAt(store.rootPath),
    };
    if (this.isConsented) world.consent(claimName);
    const { trouble } = options;
    const fault = trouble.kind === "job" && trouble.step === step ? trouble.fault : NO_FAULT;
    const hadBackup = claim.volume.get(environment.attempt)?.backup;
    const outcome = await this.program.script.run(
      verb,
      claim.volume,
      world.etcd,
      environment,
      typeof fault === "string" ? NO_FAULT : fault,
    );
    this.verbs.push({ ...outcome, verb, claim: claimName, root: store.rootPath });
    if (claim.volume.get(environment.attempt)?.backup !== hadBackup) {
      world.backUp(claimName);
    }
    if (outcome.code === EXIT.metadataChanged) {
      const hint = `To put the backup back all the same: pulumi config set milvus:overwriteMetadata ${claimName}`;
      throw new Failed(`${outcome.message} ${hint}`);
    }
    if (outcome.code !== 0) throw new Failed(outcome.message);
    if (fault === "after the script") throw new Failed(`the pod of ${step} ends after the script: ${outcome.message}`);
  }

  private release(): void {
    const { world, plan } = this;
    const { image } = plan.values;
    const all = typeof image === "object" && image !== null && !Array.isArray(image) ? image.all : undefined;
    const tag = typeof all === "object" && all !== null && !Array.isArray(all) ? all.tag : undefined;
    const version = typeof tag === "string" ? tag.replace(/^v/, "") : plan.to;
    const isInstall = world.revisions.length === 0;
    if (isInstall) world.firstDeployed = world.now;
    const revision = world.addRevision({
      status: isInstall ? "pending-install" : "pending-upgrade",
      chart: plan.chart.version,
      appVersion: Object.entries(CHARTS).find(([, chart]) => chart === plan.chart.version)?.[0] ?? version,
      values: plan.values,
      image: version,
      description: `milvus-upgrade: ${plan.kind}`,
    });
    this.passes("while Helm has begun");
    const root = rootOf(revision);
    const movesRoot = root !== world.serving && world.configuredRoot === root;
    world.apply(revision);
    // A person had moved it, and it is started there now.
    if (movesRoot && plan.migration === undefined) world.serving = world.configuredRoot;
    if (isInstall) world.begin(minorOf(version));
    this.passes("while the pods start");
    if (this.options.trouble.kind === "not ready") {
      revision.status = "failed";
      throw new Failed("release: timed out waiting for the condition");
    }
    world.deployed(revision);
    this.released = true;
  }
}

/** Only what was asked for by name, and whose message said that something is lost. */
function consents(plan: UpgradePlan, world: World): boolean {
  const said = [plan.reason, ...plan.warnings.map(({ message }) => message)].join(" ");
  const isSaid = /is lost|loses everything/.test(said) && !/nothing is lost/.test(said);
  const isAsked = world.config.overwrite === plan.migration?.claimName && plan.migration?.overwrite === true;
  return isSaid && ((world.config.rollback && plan.kind === "rollback") || isAsked);
}
