/** Several parent processes may each forward the same signal. Within this time, in ms, it counts once. */
const SAME_SIGNAL_MS = 100;

/** The exit codes by which shells recognise an end by a signal. */
export const EXIT_CODES: Readonly<Partial<Record<NodeJS.Signals, number>>> = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 };

/** Calls `first` at the first SIGTERM, SIGINT or SIGHUP, and `second` at the next one. */
export function onEndSignal(first: (signal: NodeJS.Signals) => void, second: (signal: NodeJS.Signals) => void): void {
  let since: number | undefined;
  const stop = (signal: NodeJS.Signals): void => {
    if (since !== undefined && performance.now() - since > SAME_SIGNAL_MS) second(signal);
    if (since !== undefined) return;
    since = performance.now();
    first(signal);
  };
  // SIGHUP comes from a terminal that is closed or a session that ends.
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, stop);
}
