import { setTimeout as sleep } from "node:timers/promises";
import type { ClusterClient } from "../cluster/api/client";
import { ClusterError, hasCode } from "../cluster/errors";
import { createPullJob, deletePullJobs, readPullJobs, readPullPods, whyNoPod } from "../cluster/pulls/jobs";
import { PullJudge, type Standing } from "../cluster/pulls/judge";
import { imageNotPulled, noNodePulls, notInTime } from "../cluster/pulls/words";
import type { Config } from "../config/schema";
import type { ClusterState } from "../upgrade/model";
import { duration } from "../upgrade/plan/interruption";
import { type PullJob, pullJobs } from "../upgrade/prepull/job";
import type { Pulls } from "../upgrade/prepull/pulls";
import { describeWarning } from "../upgrade/refusal";

const POLL_MS = 500;
/** From then on it is looked at less often. */
const SOON_SECONDS = 20;
const SLOW_POLL_MS = 2000;
const PROGRESS_MS = 30_000;
const REFRESH_MS = 10_000;
/** Seconds for what an earlier run has left to be gone. */
const DELETION_LIMIT = 60;
/** Seconds on top of the step's own limit, after which Jobs end by themselves. */
const MARGIN = 120;

export interface PrepullRequest {
  readonly config: Config;
  readonly state: ClusterState;
  readonly pulls: Pulls;
  readonly say: (line: string) => void;
  /** For a display that is written anew: how it stands, where there is no news. Default: `say`, less often. */
  readonly refresh?: (line: string) => void;
  readonly warn: (line: string) => void;
  /** Throws where this run must not go on. */
  readonly check?: () => Promise<void>;
  /** Default: that of this machine. */
  readonly clock?: Clock;
}

export interface Clock {
  /** Milliseconds. */
  now(): number;
  sleep(milliseconds: number): Promise<unknown>;
}

const CLOCK: Clock = { now: () => Date.now(), sleep: (milliseconds) => sleep(milliseconds) };

/**
 * Has every image pulled onto its nodes by Jobs that do nothing else, and waits for it. They are gone again when this returns or
 * throws; those of a run that was killed are gone on with. What keeps Jobs from being made is said and keeps no upgrade from
 * going on; an image that cannot be pulled does.
 *
 * @throws ClusterError with Milvus untouched
 */
export async function prepull(client: ClusterClient, request: PrepullRequest): Promise<void> {
  const { config, state, pulls, say, warn } = request;
  const { wanted, settings } = config;
  refuseNoNode(pulls);
  const limit = settings.timeouts.prepull;
  const jobs = pullJobs(pulls.groups, { ...wanted, ...settings, limit: limit + MARGIN, state });
  if (jobs.length === 0) return;
  const run = new Run(client, request, jobs);
  try {
    const refused = await run.begin();
    if (refused !== undefined) {
      warn(skipped(refused));
      return;
    }
    await run.wait();
    say(`prepull: done after ${duration(run.seconds)}`);
  } finally {
    await run.end();
  }
}

/** A node that is full or cordoned blocks where there is no other. */
function refuseNoNode({ groups, passedOver }: Pulls): void {
  const [group] = groups.filter(({ nodes }) => nodes.length === 0);
  if (group !== undefined && passedOver.length > 0) throw noNodePulls(usersOf(group.images), passedOver);
}

function usersOf(images: Pulls["groups"][number]["images"]): string[] {
  return [...new Set(images.flatMap(({ users }) => users))];
}

function skipped(why: string): string {
  return describeWarning({
    rule: "images_are_pulled_before_anything_stops",
    message: `Images are not pulled before: ${why}. The upgrade goes on, and a node that has not got an image pulls it while Milvus is away.`,
  });
}

class Run {
  readonly #judge = new PullJudge();
  /** Refused, or the trouble of their node: by name, with why. */
  readonly #lost = new Map<string, { readonly job: PullJob; readonly why: string; readonly isRefused: boolean }>();
  readonly #clock: Clock;
  readonly #started: number;
  #told = "";
  #toldAt = 0;

  constructor(
    private readonly client: ClusterClient,
    private readonly request: PrepullRequest,
    private readonly jobs: readonly PullJob[],
  ) {
    this.#clock = request.clock ?? CLOCK;
    this.#started = this.#clock.now();
  }

  /** Since it began. */
  get seconds(): number {
    return this.#since(this.#started);
  }

  #since(begun: number): number {
    return Math.round((this.#clock.now() - begun) / 1000);
  }

  private get address() {
    return this.request.config.wanted;
  }

  /** Makes the Jobs. Why none of them could be made, or undefined. */
  async begin(): Promise<string | undefined> {
    const { client, address, jobs } = this;
    try {
      await this.clear();
    } catch (error) {
      if (hasCode(error, "forbidden")) return error.what;
      throw error;
    }
    await Promise.all(
      jobs.map(async (job) => {
        const why = await createPullJob(client, address, job);
        if (why !== undefined) this.#lost.set(job.name, { job, why, isRefused: true });
      }),
    );
    return this.refusal();
  }

  /** What of an earlier run is not these pulls, or has ended, goes first. */
  private async clear(): Promise<void> {
    const { client, address } = this;
    const names = new Set(this.jobs.map(({ name }) => name));
    const found = await readPullJobs(client, address);
    const old = found.all.filter((name) => !names.has(name) || found.ended.includes(name));
    await deletePullJobs(client, address, old);
    for (const begun = this.#clock.now(); old.length > 0; await this.#clock.sleep(POLL_MS)) {
      const { all } = await readPullJobs(client, address);
      const left = old.filter((name) => all.includes(name));
      if (left.length === 0) return;
      if (this.#since(begun) > DELETION_LIMIT) {
        throw new ClusterError(
          "timedOut",
          `Jobs of an earlier run that have pulled images are not gone after ${DELETION_LIMIT} s: ${left.join(", ")}. Nothing was stopped.`,
          `See what holds them: kubectl -n ${address.namespace} describe job ${left.join(" ")}. Then run pulumi up again.`,
        );
      }
    }
  }

  /** Why nothing can be pulled at all, where that is nobody's image and no node's trouble. */
  private refusal(): string | undefined {
    const lost = [...this.#lost.values()];
    return lost.length === this.jobs.length && lost.every(({ isRefused }) => isRefused) ? lost[0]?.why : undefined;
  }

  /** @throws ClusterError */
  async wait(): Promise<void> {
    const limit = this.request.config.settings.timeouts.prepull;
    for (;;) {
      const standing = await this.look();
      if (standing !== undefined) {
        const { failed, coming } = standing;
        if (failed !== undefined) throw imageNotPulled(failed, this.usersOf(failed.image));
        this.tell(standing);
        if (coming.length === 0) {
          this.judge(standing);
          return;
        }
        if (this.seconds >= limit) throw notInTime(coming, limit);
      } else if (this.seconds >= limit) {
        throw notInTime(
          this.open().flatMap(({ node, images }) => images.map((image) => ({ node, image }))),
          limit,
        );
      }
      await this.#clock.sleep(this.seconds < SOON_SECONDS ? POLL_MS : SLOW_POLL_MS);
    }
  }

  /** Undefined while the API server does not answer: the pulls go on. */
  private async look(): Promise<Standing | undefined> {
    const { client, address } = this;
    try {
      await this.request.check?.();
      const pods = await readPullPods(client, address);
      const at = this.#clock.now();
      const standing = this.#judge.see(this.open(), pods, at);
      for (const { job, why } of standing.passedOver) this.#lost.set(job.name, { job, why, isRefused: false });
      await Promise.all(
        standing.withoutPod.map(async (job) => {
          const why = await whyNoPod(client, address, job.name);
          if (why !== undefined) this.#lost.set(job.name, { job, why, isRefused: true });
        }),
      );
      const lost = this.#lost;
      const coming = standing.coming.filter(({ node }) =>
        this.jobs.some((job) => job.node === node && !lost.has(job.name)),
      );
      return { ...standing, coming };
    } catch (error) {
      if (hasCode(error, "unreachable", "timedOut", "serverError")) return undefined;
      throw error;
    }
  }

  private open(): PullJob[] {
    return this.jobs.filter(({ name }) => !this.#lost.has(name));
  }

  /** Nothing comes any more: is there a node for everything? */
  private judge({ done }: Standing): void {
    const why = this.refusal();
    if (why !== undefined) {
      this.request.warn(skipped(why));
      return;
    }
    for (const { images } of this.request.pulls.groups) {
      const names = images.map(({ image }) => image).join();
      const ofGroup = (job: PullJob) => job.images.join() === names;
      const lost = [...this.#lost.values()].filter(({ job, isRefused }) => ofGroup(job) && !isRefused);
      if (lost.length > 0 && !done.some(ofGroup)) {
        throw noNodePulls(
          usersOf(images),
          lost.map(({ job, why: because }) => ({ node: job.node, why: because })),
        );
      }
    }
  }

  private usersOf(image: string): readonly string[] {
    const found = this.request.pulls.groups.flatMap(({ images }) => images.filter((it) => it.image === image));
    return [...new Set(found.flatMap(({ users }) => users))];
  }

  /** What has changed, and now and then that nothing has. */
  private tell({ done, coming }: Standing): void {
    const nodes = [...new Set(this.jobs.map(({ node }) => node))];
    const isDone = (node: string) => this.jobs.filter((job) => job.node === node).every((job) => done.includes(job));
    const lost = [...this.#lost.values()].map(({ job, why }) => `${job.node} is left out (${why})`);
    const left = [...new Set(coming.map(({ image }) => image))];
    const line = [
      `prepull: ${nodes.filter(isDone).length} of ${nodes.length} nodes have their images`,
      ...(left.length > 0 ? [`still coming: ${left.join(", ")}`] : []),
      ...lost,
    ].join("; ");
    const { say, refresh, config } = this.request;
    const isNews = line !== this.#told;
    const isOld = this.#clock.now() - this.#toldAt >= (refresh ? REFRESH_MS : PROGRESS_MS);
    if (!isNews && !isOld) return;
    const limit = config.settings.timeouts.prepull;
    const after = this.#told === "" ? "" : ` (${duration(this.seconds)} of at most ${duration(limit)})`;
    const tell = isNews ? say : (refresh ?? say);
    tell(`${line}${after}`);
    this.#told = line;
    this.#toldAt = this.#clock.now();
  }

  /** They end and go by themselves where they cannot be deleted now. */
  async end(): Promise<void> {
    const names = this.jobs.map(({ name }) => name);
    await deletePullJobs(this.client, this.address, names).catch((error: unknown) =>
      this.request.warn(`prepull: ${(error as Error).message.replace("\n", " ")}`),
    );
  }
}
