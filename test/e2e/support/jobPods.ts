/** What a test may ask of a Job's pod. */
export interface JobPod {
  readonly status: {
    readonly initContainerStatuses?: readonly ContainerStatus[];
    readonly containerStatuses?: readonly ContainerStatus[];
  };
}

interface ContainerStatus {
  readonly name: string;
  readonly state?: { readonly terminated?: object };
}

/** The containers before it have ended, and it has not. */
export function isTurnOf(container: string | undefined, { status }: JobPod): boolean {
  const all = [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])];
  const at = all.findIndex(({ name }) => name === container);
  const ended = all.map(({ state }) => state?.terminated !== undefined);
  return at >= 0 && !ended[at] && ended.slice(0, at).every(Boolean);
}
