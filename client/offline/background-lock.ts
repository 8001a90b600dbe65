import { backgroundLock, sessionLock } from '../spool/session-lock.ts';
import { sleep, systemTimers, type Timers, within } from '../timers.ts';

/** How often the worker looks whether a page waits for it, in ms … */
const LOOK_EVERY_MS = 200;
/** … and, while a page holds the session, whether that page is gone. */
const ASK_EVERY_MS = 1000;
/** How long a page waits for a worker to let go, in ms: it may not delay the interview. */
const PATIENCE_MS = 3000;

interface BackgroundLockOptions {
  /** The work is given up after this time, in ms; the wait for the lock is a part of it. */
  limitMs: number;
  /** For how long a page that holds the session is waited for, in ms. */
  waitMs?: number;
  locks?: Pick<LockManager, 'request' | 'query'>;
  timers?: Timers;
}

/**
 * Does `work` while no page of the session is open; null where one is, and does not close in time. The work's `signal` is
 * aborted as soon as a page opens, which waits for the work's end before it asks the server what has arrived.
 */
export async function aloneInBackground<T>(
  folder: string,
  work: (signal: AbortSignal) => Promise<T>,
  { limitMs, waitMs = 0, locks = navigator.locks, timers = systemTimers }: BackgroundLockOptions,
): Promise<T | null> {
  const names = [backgroundLock(folder), sessionLock(folder)];
  const [background = '', session = ''] = names;
  const over = new AbortController();
  const begunAt = timers.now();
  const elapsedMs = () => timers.now() - begunAt;

  async function watch(): Promise<void> {
    while (!over.signal.aborted) {
      await sleep(timers, LOOK_EVERY_MS, over.signal);
      const { pending = [] } = await locks.query();
      if (pending.some(({ name }) => name !== undefined && names.includes(name))) over.abort();
    }
  }

  const alone = <R>(name: string, then: () => Promise<R>) =>
    locks.request(name, { ifAvailable: true }, async (lock): Promise<R | null> => (lock ? then() : null));
  const attempt = () =>
    alone(background, () =>
      // A page of a build that knows no background lock holds this one.
      alone(session, async () => {
        const limit = timers.set(() => over.abort(), limitMs - elapsedMs());
        void watch().catch(() => {});
        try {
          return await work(over.signal);
        } finally {
          over.abort();
          timers.clear(limit);
        }
      }),
    );
  // Asked for again and again: a request that waits for the lock would let no page that opens have it.
  for (;;) {
    const done = await attempt();
    if (done !== null || elapsedMs() >= waitMs) return done;
    await sleep(timers, ASK_EVERY_MS, over.signal);
  }
}

/** Keeps the worker away from the session for the life of the page; resolves once the worker has let go. Never rejects. */
export async function keepBackgroundAway(
  folder: string,
  locks: Pick<LockManager, 'request'> | undefined = globalThis.navigator?.locks,
): Promise<void> {
  if (!locks) return;
  const held = new Promise<void>((resolve) => {
    const hold = () => {
      resolve();
      return new Promise<never>(() => {});
    };
    locks.request(backgroundLock(folder), { mode: 'shared' }, hold).catch(() => resolve());
  });
  await within(held, PATIENCE_MS, () => {});
}
