import type { Changes } from "./diff";
import type { Properties } from "./values";

/** Lines that the engine shows beside the resource: `status` for the moment, the others for good. */
export interface EngineLog {
  status(urn: string, message: string): void;
  warning(urn: string, message: string): void;
}

export interface CheckFailure {
  readonly property: string;
  readonly reason: string;
}

export interface DiffAnswer {
  readonly changes: Changes;
  /** Paths that force a replacement. */
  readonly replaces: readonly string[];
  readonly deleteBeforeReplace: boolean;
}

export interface Existing {
  readonly urn: string;
  readonly id: string;
  readonly state: Properties;
}

/** One family of resource types. Properties carry their secret marks in and out. */
export interface ResourceHandler {
  check(request: {
    readonly urn: string;
    readonly olds: Properties;
    readonly news: Properties;
  }): Promise<{ readonly inputs: Properties; readonly failures: readonly CheckFailure[] }>;
  diff(request: Existing & { readonly news: Properties }): Promise<DiffAnswer>;
  create(request: {
    readonly urn: string;
    readonly inputs: Properties;
    /** 0: none given. */
    readonly timeoutSeconds: number;
    readonly preview: boolean;
  }): Promise<{ readonly id: string; readonly state: Properties }>;
  /** Undefined: it does not exist. `inputs` is empty for an import. */
  read(
    request: Existing & { readonly inputs: Properties },
  ): Promise<{ readonly state: Properties; readonly inputs: Properties } | undefined>;
  update(
    request: Existing & { readonly news: Properties; readonly timeoutSeconds: number; readonly preview: boolean },
  ): Promise<Properties>;
  delete(request: Existing & { readonly timeoutSeconds: number }): Promise<void>;
}

/** The resource exists but did not get ready: the engine keeps it in the state, with the reasons. */
export class InitializationFailure extends Error {
  constructor(
    message: string,
    readonly id: string,
    readonly state: Properties,
    /** What else is known, without the message itself. */
    readonly reasons: readonly string[] = [],
    readonly inputs?: Properties,
  ) {
    super(message);
    this.name = "InitializationFailure";
  }
}

/** Where a provider talks to: a kubeconfig of one context, as a file. */
export interface ClusterAccess {
  readonly kubeconfig: string;
  /** For objects and releases that name none. */
  readonly defaultNamespace: string;
  /** Objects that exist already are taken over instead of being an error. */
  readonly upsertExistingObjects: boolean;
  /** Aborted when the engine cancels. */
  readonly signal: AbortSignal;
}
