/** The clock and timers of the sending engine, passed in so that tests need not wait. Times are milliseconds. */
export interface Timers {
  /** Monotonic: a clock set by the user or the network must neither shorten nor stretch a wait. */
  now(): number;
  set(run: () => void, ms: number): unknown;
  clear(handle: unknown): void;
}

/** The platform's own; the same in browsers and in Node. */
export const systemTimers: Timers = {
  now: () => performance.now(),
  set: (run, ms) => setTimeout(run, ms),
  clear: (handle) => clearTimeout(handle as ReturnType<typeof setTimeout>),
};

/** Resolves after `ms`, or at once when `signal` aborts. Never rejects: the caller looks at the signal. */
export function sleep(timers: Timers, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const end = () => {
      timers.clear(handle);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const handle = timers.set(end, ms);
    signal.addEventListener('abort', end);
  });
}
