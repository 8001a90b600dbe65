/**
 * When the next attempt of an upload starts, and what the gate shows until then: at once after progress, else after
 * exactly 2, 4 and 8 s; then the gate shows `failed`, and attempts continue every 10 to 15 s without an end.
 */
import type { Timers } from '../timers.ts';
import type { Gate } from './events.ts';

/** The waits after attempts in a row that moved no byte. */
const RETRY_WAITS_MS = [2000, 4000, 8000] as const;
/**
 * The longest wait between two attempts once the gate shows `failed`, and the longest that a Retry-After is obeyed for.
 */
const SLOW_RETRY_MS = 15_000;
/** The shortest such wait. Between the two, phones that an outage synchronised spread out again. */
const LEAST_SLOW_RETRY_MS = 10_000;
/**
 * A Retry-After is extended by up to this share, so that devices that were sent the same one do not return together.
 */
const RETRY_AFTER_SPREAD = 0.1;
/** The wait after an attempt that moved bytes: time for the server to notice that the older request ended. */
const QUICK_RETRY_MS = 200;

/** The schedule of one series of attempts. */
export interface RetrySchedule {
  /** Whether the waits of 2, 4 and 8 s are used up. */
  readonly failed: boolean;
  /** The next wait is the first one again. */
  reset(): void;
  /**
   * Resolves when the next attempt is due: to true where `wake` ended the wait. Resolves early, to false, when `signal`
   * aborts. `quick`: the attempt before moved bytes, or the next one is asked for.
   */
  wait(next: { quick: boolean; retryAfterMs: number }, signal: AbortSignal): Promise<boolean>;
  /** Shows `failed` and waits for `wake` alone. Resolves to false when `signal` aborts. */
  waitForWake(signal: AbortSignal): Promise<boolean>;
  /** Ends a wait at once. */
  wake(): void;
}

/** Options of `createRetrySchedule`. */
export interface RetryScheduleOptions {
  timers: Timers;
  onGate: (gate: Gate) => void;
  /** From 0 up to, not including, 1. */
  random?: () => number;
}

/** Creates a schedule whose first wait is 2 s. */
export function createRetrySchedule({ timers, onGate, random = Math.random }: RetryScheduleOptions): RetrySchedule {
  let failures = 0;
  let end: ((woken: boolean) => void) | null = null;

  /** Waits for `ms`; `show` is called at the start, and each time a whole number of seconds is left. */
  function pause(ms: number, signal: AbortSignal, show?: (seconds: number) => void): Promise<boolean> {
    return new Promise((resolve) => {
      const due = timers.now() + ms;
      let timer: unknown = null;
      const finish = (woken: boolean) => {
        timers.clear(timer);
        signal.removeEventListener('abort', abort);
        end = null;
        resolve(woken);
      };
      const abort = () => finish(false);
      const tick = () => {
        const left = due - timers.now();
        if (left <= 0) return finish(false);
        show?.(Math.ceil(left / 1000));
        if (left < Number.POSITIVE_INFINITY) timer = timers.set(tick, show ? left % 1000 || 1000 : left);
      };
      end = finish;
      signal.addEventListener('abort', abort);
      if (signal.aborted) abort();
      else tick();
    });
  }

  return {
    get failed() {
      return failures > RETRY_WAITS_MS.length;
    },
    reset() {
      failures = 0;
    },
    wait({ quick, retryAfterMs }, signal) {
      const retryAfter = Math.min(retryAfterMs * (1 + RETRY_AFTER_SPREAD * random()), SLOW_RETRY_MS);
      const show = (seconds: number) => onGate({ kind: 'waiting', seconds });
      if (quick) return pause(Math.max(QUICK_RETRY_MS, retryAfter), signal, retryAfter > 0 ? show : undefined);
      const wait = RETRY_WAITS_MS[failures];
      failures = Math.min(failures + 1, RETRY_WAITS_MS.length + 1);
      if (wait !== undefined) return pause(Math.max(wait, retryAfter), signal, show);
      onGate({ kind: 'failed' });
      const slow = LEAST_SLOW_RETRY_MS + (SLOW_RETRY_MS - LEAST_SLOW_RETRY_MS) * random();
      return pause(Math.max(slow, retryAfter), signal);
    },
    waitForWake(signal) {
      onGate({ kind: 'failed' });
      return pause(Number.POSITIVE_INFINITY, signal);
    },
    wake: () => end?.(true),
  };
}
