import { setTimeout as sleep } from "node:timers/promises";

/** What one try came to. */
export interface Attempt<T> {
  readonly result: T;
  /** Whether another try may help. */
  readonly again: boolean;
  /** Milliseconds that the server asked to wait before it. */
  readonly after?: number;
}

/** A busy server may ask for any pause. */
const LONGEST_PAUSE = 10_000;

/**
 * Tries until another try cannot help, and at most once more than there are pauses: then the last result stands.
 *
 * @param pauses before the second try and the following, in milliseconds
 */
export async function retry<T>(pauses: readonly number[], attempt: () => Promise<Attempt<T>>): Promise<T> {
  for (const pause of pauses) {
    const { result, again, after = 0 } = await attempt();
    if (!again) return result;
    await sleep(Math.min(Math.max(pause, after), LONGEST_PAUSE));
  }
  return (await attempt()).result;
}
