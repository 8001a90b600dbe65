/** A clock and timers, passed in so that tests need not wait. Times are in ms. */
export interface Timers {
  /** Monotonic: a clock set by the user or the network must neither shorten nor stretch a wait. */
  now(): number;
  /** Calls `run` after `ms`. Returns the handle for `clear`. */
  set(run: () => void, ms: number): unknown;
  clear(handle: unknown): void;
}

/** The timers of the platform, the same in browsers and in Node. */
export const systemTimers: Timers = {
  now: () => performance.now(),
  set: (run, ms) => setTimeout(run, ms),
  clear: (handle) => clearTimeout(handle as ReturnType<typeof setTimeout>),
};

/** Resolves after `ms`, or at once when `signal` aborts. Never rejects: the caller checks the signal. */
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

/**
 * What `promise` resolves to, or `late()` where it has not settled within `ms`: a promise of the browser may never settle.
 * Rejects as `promise` does.
 */
export async function within<T>(promise: Promise<T>, ms: number, late: () => T, timers = systemTimers): Promise<T> {
  let handle: unknown;
  const over = new Promise<T>((resolve) => {
    handle = timers.set(() => resolve(late()), ms);
  });
  return Promise.race([promise, over]).finally(() => timers.clear(handle));
}
