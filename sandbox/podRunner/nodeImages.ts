/**
 * The images on the sandbox's nodes: each is pulled once onto a node, one after the other as a kubelet does it by default, takes
 * the time that its registry needs, and stays.
 */
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type ApiServer, isStatus, type Pod } from "./apiServer";
import type { EventRecorder } from "./events";
import type { FaultFile, PullSettings } from "./faults";
import { parseImage } from "./imageName";

type Held = Readonly<Record<string, readonly string[]>>;

export class NodeImages {
  readonly #file: string;
  readonly #queues = new Map<string, Promise<unknown>>();

  constructor(
    private readonly api: ApiServer,
    folder: string,
    private readonly faults: FaultFile,
    private readonly events: EventRecorder,
  ) {
    this.#file = fileOf(folder);
  }

  /**
   * Waits for the node to have the image; why it cannot be pulled, in a kubelet's words, or undefined.
   *
   * @param problem of the registry: it has no such image
   */
  async pull(pod: Pod, image: string, problem: string | undefined, signal: AbortSignal): Promise<string | undefined> {
    const node = pod.spec?.nodeName ?? "";
    const earlier = this.#queues.get(node);
    const mine = (earlier ?? Promise.resolve()).then(() => this.#pull(pod, node, image, problem, signal));
    this.#queues.set(node, mine);
    return mine;
  }

  async #pull(
    pod: Pod,
    node: string,
    image: string,
    problem: string | undefined,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    if (signal.aborted || heldIn(this.#file)[node]?.includes(image)) return undefined;
    const settings = this.faults.read().pulls ?? {};
    const refused = (await this.#refusal(pod, image, settings)) ?? problem;
    if (refused !== undefined) return refused;
    if (settings.fullNodes?.includes(node))
      return unpacked(image, "write /var/lib/containerd: no space left on device");
    const seconds = settings.seconds?.[parseImage(image).name] ?? settings.seconds?.["*"] ?? 0;
    if (seconds > 0) {
      this.events.record(pod, "Normal", "Pulling", `Pulling image "${image}"`);
      const isThere = await sleep(seconds * 1000, true, { signal }).catch(() => false);
      if (!isThere) return undefined;
      this.events.record(pod, "Normal", "Pulled", `Successfully pulled image "${image}" in ${seconds}s`);
    }
    const held = heldIn(this.#file);
    keep(this.#file, { ...held, [node]: [...(held[node] ?? []), image] });
    return undefined;
  }

  async #refusal(pod: Pod, image: string, { registries = {} }: PullSettings): Promise<string | undefined> {
    const host = image.split("/")[0] ?? "";
    const registry = registries[host];
    if (registry === undefined) return undefined;
    if (registry === "unreachable") {
      return unpacked(
        image,
        `failed to do request: Head "https://${host}/v2/": dial tcp: lookup ${host}: no such host`,
      );
    }
    const isGiven = pod.spec?.imagePullSecrets?.some(({ name }) => name === registry.secret) === true;
    if (isGiven && (await this.#exists(pod, registry.secret))) return undefined;
    return unpacked(image, "authorization failed: no basic auth credentials");
  }

  async #exists(pod: Pod, secret: string): Promise<boolean> {
    try {
      await this.api.call("GET", `/api/v1/namespaces/${pod.metadata?.namespace ?? "default"}/secrets/${secret}`);
      return true;
    } catch (error) {
      if (isStatus(error, 404)) return false;
      throw error;
    }
  }
}

/** Every node of a sandbox is as if it had pulled none of these yet. */
export function forgetImages(folder: string, isMeant: (image: string) => boolean): void {
  const held = heldIn(fileOf(folder));
  const left = Object.entries(held).map(([node, images]) => [node, images.filter((image) => !isMeant(image))]);
  keep(fileOf(folder), Object.fromEntries(left) as Held);
}

function unpacked(image: string, why: string): string {
  return `failed to pull and unpack image "${image}": failed to resolve reference "${image}": ${why}`;
}

function fileOf(folder: string): string {
  return join(folder, "nodeImages.json");
}

function heldIn(file: string): Held {
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Held) : {};
}

function keep(file: string, held: Held): void {
  writeFileSync(`${file}.new`, JSON.stringify(held));
  renameSync(`${file}.new`, file);
}
