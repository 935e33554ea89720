import type { PullJob } from "../../upgrade/prepull/job";
import { type ImageState, type Pod, podPulls } from "./podPulls";

/** Seconds after which what is seen is believed: it may pass before. */
const PATIENCE = {
  /** The scheduler knows no node: not the one that was meant. */
  noNode: 15,
  /** The kubelet has not taken the pod up: it does not answer. */
  notTaken: 60,
  /** A Job has no pod: something refuses them. */
  noPod: 10,
  /** The registry has said no, and once more after the kubelet's first pause. */
  sure: 10,
  /** A registry that is away for a moment, or busy. */
  unsure: 60,
} as const;
const SURE: readonly string[] = ["imageNotFound", "imagePullDenied", "invalidImageName", "nodeFull", "otherPlatform"];

export interface NotPulled {
  readonly node: string;
  readonly image: string;
  readonly cause: Extract<ImageState, { kind: "failing" }>["cause"];
  readonly said: string;
}

/** How the pulls stand. */
export interface Standing {
  /** Jobs whose images are all on their node. */
  readonly done: readonly PullJob[];
  /** Jobs that come to nothing, with why: it is the node's trouble. */
  readonly passedOver: readonly { readonly job: PullJob; readonly why: string }[];
  /** Jobs that should have a pod by now. */
  readonly withoutPod: readonly PullJob[];
  readonly coming: readonly { readonly node: string; readonly image: string }[];
  /** An image that cannot be pulled. */
  readonly failed?: NotPulled;
}

/** Judges what the pods say, and how long they have said it. */
export class PullJudge {
  readonly #since = new Map<string, number>();

  /**
   * @param pods by the name of their Job
   * @param at milliseconds
   */
  see(jobs: readonly PullJob[], pods: ReadonlyMap<string, Pod>, at: number): Standing {
    const done: PullJob[] = [];
    const passedOver: { job: PullJob; why: string }[] = [];
    const withoutPod: PullJob[] = [];
    const coming: { node: string; image: string }[] = [];
    const failed: NotPulled[] = [];
    for (const job of jobs) {
      const pod = pods.get(job.name);
      const pulls = pod && podPulls(pod);
      const lasts = (state: string, seconds: number) => this.#lasts(`${job.name} ${state}`, seconds, at);
      this.#forget(job, pulls?.kind ?? "noPod");
      if (pulls === undefined) {
        if (lasts("noPod", PATIENCE.noPod)) withoutPod.push(job);
        coming.push(...job.images.map((image) => ({ node: job.node, image })));
      } else if (pulls.kind === "ended") {
        passedOver.push({ job, why: pulls.why });
      } else if (pulls.kind === "noNode" || pulls.kind === "notTaken") {
        const why = pulls.kind === "noNode" ? pulls.why : "its kubelet does not answer";
        if (lasts(pulls.kind, PATIENCE[pulls.kind])) passedOver.push({ job, why });
        else coming.push(...job.images.map((image) => ({ node: job.node, image })));
      } else {
        const outcome = this.#images(job, pulls.images, lasts);
        coming.push(...outcome.coming);
        failed.push(...outcome.failed);
        if (outcome.trouble !== undefined) passedOver.push({ job, why: outcome.trouble });
        else if (outcome.coming.length + outcome.failed.length === 0) done.push(job);
      }
    }
    const [first] = failed;
    return { done, passedOver, withoutPod, coming, ...(first && { failed: first }) };
  }

  #images(
    { name, node, images }: PullJob,
    states: readonly ImageState[],
    lasts: (state: string, seconds: number) => boolean,
  ) {
    const coming: { node: string; image: string }[] = [];
    const failed: NotPulled[] = [];
    let trouble: string | undefined;
    images.forEach((image, index) => {
      const state = states[index] ?? { kind: "coming" };
      const key = `failing ${image}`;
      if (state.kind !== "failing") {
        this.#since.delete(`${name} ${key}`);
        if (state.kind === "coming") coming.push({ node, image });
        return;
      }
      const { cause, said } = state;
      if (!lasts(key, SURE.includes(cause) ? PATIENCE.sure : PATIENCE.unsure)) coming.push({ node, image });
      else if (cause === "nodeFull") trouble = `its disk is full: ${said}`;
      else if (cause === "otherPlatform") trouble = `${image} is not made for its platform: ${said}`;
      else failed.push({ node, image, cause, said });
    });
    return { coming, failed, trouble };
  }

  #lasts(key: string, seconds: number, at: number): boolean {
    const since = this.#since.get(key) ?? at;
    this.#since.set(key, since);
    return at - since >= seconds * 1000;
  }

  /** What is no longer so has not lasted. */
  #forget({ name }: PullJob, now: string): void {
    for (const state of ["noPod", "noNode", "notTaken"]) if (state !== now) this.#since.delete(`${name} ${state}`);
  }
}
