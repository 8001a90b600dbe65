/** What a page needs because other tabs of the same browser may hold another session, or the same one. */
import { sessionLock } from '../spool/session-lock.ts';
import type { Identity, SavedProgress, SavedRecord } from './saved-record.ts';

/**
 * The record as one page may use it: for its own session alone. A candidate who opens another link in another tab of the
 * same browser makes the record that session's: this page then neither reads nor changes what is stored, and continues
 * with what it remembers itself. A new log-in to the same session is taken over.
 */
export function createTabRecord(record: SavedRecord): SavedRecord {
  let own: Identity | null = record.get();
  let progress: SavedProgress = record.load();

  /** Whether the record is still this session's; if so, takes over what is stored. */
  function isOurs(): boolean {
    const stored = record.get();
    if (own === null || stored?.folder !== own.folder) return false;
    own = stored;
    progress = record.load();
    return true;
  }

  return {
    ...record,
    get() {
      isOurs();
      return own;
    },
    set(change) {
      if (isOurs()) record.set(change);
      if (own) own = { ...own, ...change };
    },
    clear() {
      if (isOurs()) record.clear();
      own = null;
      progress = {};
    },
    load() {
      isOurs();
      return progress;
    },
    save(change) {
      if (isOurs()) record.save(change);
      progress = { ...progress, ...change };
    },
  };
}

/** Calls `work` while no tab holds the session, else not; at once where the browser knows no locks. */
export async function whileFree(
  folder: string,
  work: () => Promise<void>,
  locks: Pick<LockManager, 'request'> | undefined = navigator.locks,
): Promise<void> {
  if (!locks) return work();
  await locks.request(sessionLock(folder), { ifAvailable: true }, async (lock) => {
    if (lock) await work();
  });
}

/**
 * How long a page waits for the lock before another tab counts as busy, in ms: a page that is being left holds the lock
 * a moment longer.
 */
const BUSY_MS = 2000;

/**
 * Resolves once this tab alone holds the session, for the life of the page (Web Locks); at once where the browser knows no
 * locks. `onBusy` is called where another tab holds the session. Never rejects.
 */
export async function lockSession(
  folder: string,
  onBusy: () => void,
  locks: Pick<LockManager, 'request'> | undefined = navigator.locks,
): Promise<void> {
  if (!locks) return;
  const timer = setTimeout(onBusy, BUSY_MS);
  await new Promise<void>((resolve) => {
    const held = () => {
      resolve();
      return new Promise(() => {});
    };
    // A browser that blocks site data refuses the lock; then no other tab can hold the session either.
    locks.request(sessionLock(folder), held).catch(() => resolve());
  });
  clearTimeout(timer);
}
