/** Locks by name: one holder each, a first-come queue of waiters, and a request to the holder to end early. */
export interface Locks {
  /**
   * Waits for the lock.
   * @param options.waitMs how long to wait, 5,000 ms by default; with 0 the holder is not asked to end early
   * @param options.asks whether the holder is asked to end early; true by default
   * @param options.onRequested is called, at most once, when another caller waits for the lock: the holder should end early
   * @returns the release; null when the lock did not become free in time
   */
  acquire(
    name: string,
    options?: { waitMs?: number; asks?: boolean; onRequested?: () => void },
  ): Promise<(() => void) | null>;
  /** Resolves once no lock is held or waited for, or after `withinMs` ms. */
  drained(withinMs: number): Promise<void>;
}

interface Holder {
  onRequested: (() => void) | undefined;
}

interface Waiter extends Holder {
  asks: boolean;
  start(): void;
}

/** Creates locks that are all free. */
export function createLocks(): Locks {
  const queues = new Map<string, { holder: Holder; waiters: Waiter[] }>();
  const onDrained: Array<() => void> = [];

  const request = (holder: Holder) => {
    holder.onRequested?.();
    holder.onRequested = undefined;
  };

  /** Hands the lock over in the same tick: no third caller can get it between the release and the next holder. */
  const release = (name: string, holder: Holder) => {
    const queue = queues.get(name);
    if (queue?.holder !== holder) return;
    const next = queue.waiters.shift();
    if (!next) {
      queues.delete(name);
      if (queues.size === 0) for (const resolve of onDrained.splice(0)) resolve();
      return;
    }
    queue.holder = next;
    if (queue.waiters.some(({ asks }) => asks)) request(next);
    next.start();
  };

  return {
    async acquire(name, { waitMs = 5_000, asks = true, onRequested } = {}) {
      const queue = queues.get(name);
      if (!queue) {
        const holder: Holder = { onRequested };
        queues.set(name, { holder, waiters: [] });
        return () => release(name, holder);
      }
      if (waitMs <= 0) return null;
      return new Promise((resolve) => {
        const waiter: Waiter = {
          asks,
          onRequested,
          start: () => {
            clearTimeout(timer);
            resolve(() => release(name, waiter));
          },
        };
        const timer = setTimeout(() => {
          queue.waiters.splice(queue.waiters.indexOf(waiter), 1);
          resolve(null);
        }, waitMs);
        queue.waiters.push(waiter);
        if (asks) request(queue.holder);
      });
    },

    drained(withinMs) {
      if (queues.size === 0) return Promise.resolve();
      return new Promise((resolve) => {
        const timer = setTimeout(resolve, withinMs);
        onDrained.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    },
  };
}
