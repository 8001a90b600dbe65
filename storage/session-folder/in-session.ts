import path from 'node:path';
import type { Sessions } from '../catalog/sessions.ts';
import { StorageError, storageCodeOf } from '../errors.ts';
import { ensurePrivateFolder, exists, joinInside, syncDirectory } from '../files.ts';
import type { Session } from '../types.ts';
import type { Locks } from '../uploads/locks.ts';

/** How long work on a session waits for other work on the same session. */
const WAIT_MS = 30_000;

/**
 * Runs work on a session's folder and its `meta.json` under the session's lock: one at a time for each session.
 * @param work is called with the session, as it is under the lock, and the path of its folder, which exists unless the
 * session is finished. On a full disk it may be called a second time, after room was made.
 * @throws StorageError `session-busy` after a wait of 30 s, or `no-session`
 */
export type InSession = <T>(sessionId: string, work: (session: Session, folder: string) => Promise<T>) => Promise<T>;

/** What the work on session folders needs. */
interface InSessionDeps {
  sessions: Pick<Sessions, 'get'>;
  locks: Locks;
  /** The folder that holds the session folders. */
  sessionsDir: string;
  /** Called when the disk is full. Returns whether there is room now. */
  makeRoom: () => boolean;
}

/** Waits for a session's lock. Returns its release; null after a wait of 30 s. */
export const lockSession = (locks: Locks, sessionId: string): Promise<(() => void) | null> =>
  locks.acquire(`session:${sessionId}`, { waitMs: WAIT_MS });

/** Creates `inSession`, the only way to work on session folders. */
export function createInSession({ sessions, locks, sessionsDir, makeRoom }: InSessionDeps): InSession {
  return async (sessionId, work) => {
    const release = await lockSession(locks, sessionId);
    if (!release) throw new StorageError('session-busy', `the session ${sessionId} is busy`);
    const run = async () => {
      // Read under the lock: the holder before may just have finished the session.
      const session = await sessions.get(sessionId);
      if (!session) throw new StorageError('no-session', `there is no session ${sessionId}`);
      const folder = joinInside(sessionsDir, session.folder);
      if (!session.finishedAt) await ensureFolder(folder);
      return work(session, folder);
    };
    try {
      return await run().catch((error: unknown) => {
        if (storageCodeOf(error) !== 'disk-full' || !makeRoom()) throw error;
        return run();
      });
    } finally {
      release();
    }
  };
}

/** Makes the folder of an unfinished session again where somebody removed it: the interview goes on. */
async function ensureFolder(folder: string): Promise<void> {
  if (await exists(folder)) return;
  await ensurePrivateFolder(folder);
  await syncDirectory(path.dirname(folder));
}
