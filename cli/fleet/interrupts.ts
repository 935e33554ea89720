const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
/** npm and the shell pass Ctrl-C on as well: within this time it is the same one. */
const SAME_MS = 1000;

/**
 * Tells of each interrupt while the work goes on.
 *
 * @param onInterrupt the first is 1
 */
export async function whileListening<T>(onInterrupt: (count: number) => void, work: () => Promise<T>): Promise<T> {
  let last = Number.NEGATIVE_INFINITY;
  let count = 0;
  const onSignal = () => {
    const now = Date.now();
    if (now - last < SAME_MS) return;
    last = now;
    onInterrupt(++count);
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  try {
    return await work();
  } finally {
    for (const signal of SIGNALS) process.off(signal, onSignal);
  }
}
