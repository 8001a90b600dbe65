import type { Timers } from '../../client/timers.ts';

export interface ManualTimers extends Timers {
  /** Fires what falls due in the next `ms`, in order, and lets promises settle in between. */
  advance(ms: number): Promise<void>;
  /** How many timers are set. */
  pending(): number;
}

/** A clock that moves only when told to, in ms. */
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

/** Lets promises, and what they start, run. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve));
}
