/** One holder for each name, a first-come queue behind it, and a polite request to the holder to let go. */
export interface Locks {
  /**
   * Waits for the lock. `onRequested` is called (at most once) when another one waits for it: stop early then. With
   * `waitMs` 0 nobody is asked to let go.
   * @returns the release, or null when the lock was not to be had within `waitMs`
   */
  acquire(name: string, options?: { waitMs?: number; onRequested?: () => void }): Promise<(() => void) | null>;
  /** Resolves once nobody holds or wants any lock, or after `withinMs`. */
  drained(withinMs: number): Promise<void>;
}

interface Holder {
  onRequested: (() => void) | undefined;
}

interface Waiter extends Holder {
  start(): void;
}

export function createLocks(): Locks {
  const queues = new Map<string, { holder: Holder; waiters: Waiter[] }>();
  const onDrained: Array<() => void> = [];

  const request = (holder: Holder) => {
    holder.onRequested?.();
    holder.onRequested = undefined;
  };

  /** Hands over in the same tick: no third party can come between release and next holder. */
  const release = (name: string, holder: Holder) => {
    const queue = queues.get(name);
    if (queue?.holder !== holder) return;
    const next = queue.waiters.shift();
    if (!next) {
      queues.delete(name);
      if (queues.size === 0) for (const tell of onDrained.splice(0)) tell();
      return;
    }
    queue.holder = next;
    if (queue.waiters.length > 0) request(next);
    next.start();
  };

  return {
    async acquire(name, { waitMs = 5_000, onRequested } = {}) {
      const queue = queues.get(name);
      if (!queue) {
        const holder: Holder = { onRequested };
        queues.set(name, { holder, waiters: [] });
        return () => release(name, holder);
      }
      if (waitMs <= 0) return null;
      return new Promise((resolve) => {
        const waiter: Waiter = {
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
        request(queue.holder);
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
