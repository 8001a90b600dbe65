import type { Timers } from '../../client/timers.ts';

/** Timers whose clock a test moves. */
export interface ManualTimers extends Timers {
  /** Runs the timers that are due in the next `ms`, in order, and lets promises settle in between. */
  advance(ms: number): Promise<void>;
  /** The clock goes on by `ms` while no timer runs, as in a device that sleeps. */
  sleep(ms: number): void;
  /** Number of timers that are set. */
  pending(): number;
}

/** Makes timers on a clock that moves only by `advance`, in ms. */
export function createManualTimers(): ManualTimers {
  let now = 0;
  let count = 0;
  const waiting = new Map<number, { at: number; run: () => void }>();
  return {
    now: () => now,
    set(run, ms) {
      count += 1;
      waiting.set(count, { at: now + ms, run });
      return count;
    },
    clear: (handle) => void waiting.delete(handle as number),
    sleep(ms) {
      now += ms;
    },
    pending: () => waiting.size,
    async advance(ms) {
      const target = now + ms;
      await settle();
      for (;;) {
        const [id, next] = [...waiting].sort(([, a], [, b]) => a.at - b.at)[0] ?? [];
        if (id === undefined || !next || next.at > target) break;
        waiting.delete(id);
        now = Math.max(now, next.at);
        next.run();
        await settle();
      }
      now = target;
    },
  };
}

/** Lets pending promises, and the work that they start, run. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve));
}
