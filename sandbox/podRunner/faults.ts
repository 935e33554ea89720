/**
 * Faults that tests ask for, in `<folder>/faults.json`; read anew each time a container starts, so that a test may
 * change it at any moment. A missing file means no faults.
 */
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { MilvusSettings } from "../milvus/settings";

/** Which containers are meant; every given field has to match. */
interface Target {
  /** Start of the pod's name. */
  readonly pod?: string;
  /** Name of the container. */
  readonly container?: string;
  /** Part of the image reference. */
  readonly image?: string;
}

/** What happens to a Job's container. */
export interface ContainerFault extends Target {
  /** How often; default 1. */
  readonly times?: number;
  /** Wait before the container starts, or before it fails. */
  readonly delayMs?: number;
  /** The container's turn has come, and it does not start as long as this fault is in the file. */
  readonly hold?: boolean;
  /** The container is not run but fails with this code. */
  readonly exitCode?: number;
  /** Termination message that goes with `exitCode`. */
  readonly message?: string;
  /** The container is run, and killed (SIGKILL, exit code 137) after this time. */
  readonly killAfterMs?: number;
  /** The image cannot be pulled at the first try. */
  readonly imageMissing?: boolean;
  /** Variables laid over the container's own, e.g. SANDBOX_FAULT for the stand-in of the migration tool. */
  readonly env?: Readonly<Record<string, string>>;
  /** Files cannot grow beyond this size: what a full disk is to a program. */
  readonly fileLimitBytes?: number;
}

export const MILVUS_FAULTS = ["imagePull", "crashLoop", "neverReady", "unschedulable"] as const;

/** What happens to Milvus pods as long as it is in the file. */
export interface MilvusFault extends Target {
  /** Label `component`. */
  readonly component?: string;
  readonly effect: (typeof MILVUS_FAULTS)[number];
  readonly message?: string;
}

/** How nodes pull, in the faults file. */
export interface PullSettings {
  /** Seconds by the image's name (`milvus`, `kubectl`); `*` stands for all others. Default: none. */
  readonly seconds?: Readonly<Record<string, number>>;
  /** Registries by host: one that cannot be reached, or that asks for a pull secret of that name. */
  readonly registries?: Readonly<Record<string, "unreachable" | { readonly secret: string }>>;
  /** Nodes whose disk has no room for an image that they do not have. */
  readonly fullNodes?: readonly string[];
}

export interface Faults {
  readonly containers?: readonly ContainerFault[];
  readonly milvus?: readonly MilvusFault[];
  /** Wins over what the runner was started with. */
  readonly milvusSettings?: Partial<MilvusSettings>;
  /** Default: every image that there is comes at once. */
  readonly pulls?: PullSettings;
  /** Names that lead elsewhere, e.g. `{"my-release-etcd:2379": "127.0.0.1:1"}` for an etcd that cannot be reached. */
  readonly hosts?: Readonly<Record<string, string>>;
}

/** Replaces the faults of a runner's folder in one step, so that it never reads half a file. `{}` ends all faults. */
export function writeFaults(folder: string, faults: Faults): void {
  const file = join(folder, "faults.json");
  writeFileSync(`${file}.new`, JSON.stringify(faults));
  renameSync(`${file}.new`, file);
}

interface Subject {
  readonly pod: string;
  readonly container: string;
  readonly image: string;
}

export class FaultFile {
  readonly #file: string;
  readonly #usedFile: string;

  constructor(folder: string) {
    this.#file = join(folder, "faults.json");
    this.#usedFile = join(folder, "faultsUsed.json");
  }

  read(): Faults {
    return existsSync(this.#file) ? (JSON.parse(readFileSync(this.#file, "utf8")) as Faults) : {};
  }

  /** The fault that hits this container now, if any; counts it. */
  takeContainerFault(subject: Subject): ContainerFault | undefined {
    const used = this.#used();
    for (const fault of this.read().containers ?? []) {
      const key = JSON.stringify(fault);
      if (!matches(fault, subject) || (used[key] ?? 0) >= (fault.times ?? 1)) continue;
      const temporary = `${this.#usedFile}.new`;
      writeFileSync(temporary, JSON.stringify({ ...used, [key]: (used[key] ?? 0) + 1 }));
      renameSync(temporary, this.#usedFile);
      return fault;
    }
    return undefined;
  }

  /** False once a test has taken the fault out of the file. */
  isAsked(fault: ContainerFault): boolean {
    const key = JSON.stringify(fault);
    return (this.read().containers ?? []).some((asked) => JSON.stringify(asked) === key);
  }

  milvusFault(subject: Subject & { readonly component: string }): MilvusFault | undefined {
    return (this.read().milvus ?? []).find(
      (fault) => matches(fault, subject) && (fault.component === undefined || fault.component === subject.component),
    );
  }

  #used(): Record<string, number> {
    return existsSync(this.#usedFile)
      ? (JSON.parse(readFileSync(this.#usedFile, "utf8")) as Record<string, number>)
      : {};
  }
}

function matches(target: Target, { pod, container, image }: Subject): boolean {
  return (
    pod.startsWith(target.pod ?? "") &&
    (target.container === undefined || target.container === container) &&
    image.includes(target.image ?? "")
  );
}
