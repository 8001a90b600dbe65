/**
 * When the next attempt of an upload may start, and what the gate shows until then (contract, section 6): at once after
 * progress, else after exactly 2, 4 and 8 s, then `failed`, and behind it every 10 to 15 s for ever.
 */
import type { Gate } from './interview.ts';
import type { Timers } from './timers.ts';

/** Waits after an attempt that moved nothing, in ms, in turn. */
export const RETRY_WAITS_MS = [2000, 4000, 8000] as const;
/** The most between two attempts once the gate shows `failed`, and the most that a Retry-After can ask for, in ms. */
export const SLOW_RETRY_MS = 15_000;
/** The least. Spread between the two, phones that an outage brought into step come apart again. */
export const LEAST_SLOW_RETRY_MS = 10_000;
/** What a Retry-After is stretched by at most, so that those who were told the same do not return together. */
export const RETRY_AFTER_SPREAD = 0.1;
/** After an attempt that moved bytes: room for the server to notice that the older request is gone. */
export const QUICK_RETRY_MS = 200;

export interface RetrySchedule {
  /** The waits of 2, 4, 8 s are used up. */
  readonly failed: boolean;
  /** The next wait is the first again. */
  reset(): void;
  /** Resolves when the next attempt is due: true where `wake` asked for it. Returns early, false, when `signal` aborts. */
  wait(next: { quick: boolean; retryAfterMs: number }, signal: AbortSignal): Promise<boolean>;
  /** Shows `failed` and waits for `wake` alone. */
  waitForWake(signal: AbortSignal): Promise<boolean>;
  /** Ends a wait at once. */
  wake(): void;
}

export interface RetryScheduleOptions {
  timers: Timers;
  onGate: (gate: Gate) => void;
  /** From 0 up to, not including, 1. */
  random?: () => number;
}

export function createRetrySchedule({ timers, onGate, random = Math.random }: RetryScheduleOptions): RetrySchedule {
  let failures = 0;
  let end: ((woken: boolean) => void) | null = null;

  /** `show` is called at the start and each time another whole second is left. */
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
