import type { Sessions } from '../catalog/sessions.ts';
import { joinInside } from '../session-folder.ts';
import type { Session } from '../types.ts';
import type { Locks } from './locks.ts';

/**
 * Work on a session's folder and its `meta.json`, one at a time.
 * @param work gets the session as it is under the lock, and its folder
 * @throws Error when the session is busy for 30 s, or there is none
 */
export type InSession = <T>(sessionId: string, work: (session: Session, folder: string) => Promise<T>) => Promise<T>;

/** @param sessionsDir holds the session folders */
export function createInSession(sessions: Pick<Sessions, 'get'>, locks: Locks, sessionsDir: string): InSession {
  return async (sessionId, work) => {
    const release = await locks.acquire(`session:${sessionId}`, { waitMs: 30_000 });
    if (!release) throw new Error(`the session ${sessionId} is busy`);
    try {
      // Read under the lock: a finish of the session may just have let it go.
      const session = await sessions.get(sessionId);
      if (!session) throw new Error(`there is no session ${sessionId}`);
      return await work(session, joinInside(sessionsDir, session.folder));
    } finally {
      release();
    }
  };
}
