import path from 'node:path';
import type { Sessions, StartSession } from '../catalog/sessions.ts';
import type { Takes } from '../catalog/takes.ts';
import { createExclusiveFolder, exists } from '../files.ts';
import { folderName } from '../names.ts';
import type { Session, Token } from '../types.ts';
import type { InSession } from './in-session.ts';
import { isMetaCurrent, writeMeta } from './meta-file.ts';

/** What the start of sessions works on. */
interface StartDeps {
  sessions: Sessions;
  takes: Takes;
  inSession: InSession;
  /** The folder that holds the session folders. */
  sessionsDir: string;
}

/** Creates the start of sessions: the entry in the catalog, the folder, and the folder's first `meta.json`. */
export function createStart({ sessions, takes, inSession, sessionsDir }: StartDeps) {
  /**
   * Writes a session's `meta.json` from the catalog, unless the file has the session's status already: a crash may have
   * come between the catalog, the folder and the file.
   * @throws StorageError `session-busy`
   */
  async function ensureMeta(session: Session): Promise<void> {
    const folder = path.join(sessionsDir, session.folder);
    if (await isMetaCurrent(folder, session)) return;
    // Somebody removed the folder of a finished session: it is not made again.
    if (session.finishedAt && !(await exists(folder))) return;
    await inSession(session.id, async (current, folder) => writeMeta(folder, current, await takes.list(current.id)));
  }

  return {
    ensureMeta,

    /**
     * The token's unfinished session, or a new one with its folder and `meta.json`.
     * @returns the session, and whether it was there before; null when the token allows no session
     */
    async startSession(token: Token, from: StartSession): Promise<{ session: Session; resumed: boolean } | null> {
      const started = await sessions.start(token, from, (startedAt) =>
        createExclusiveFolder(sessionsDir, folderName(startedAt, from.userName)),
      );
      if (started) await ensureMeta(started.session);
      return started;
    },

    /**
     * Keeps, in the catalog and in `meta.json`, that the candidate agreed to what the interview asks; nothing where it asks
     * for nothing, or for another version.
     * @throws StorageError `session-busy`
     */
    async agree(session: Session, version: string): Promise<void> {
      const { consent } = session.interview;
      if (session.consent || !consent || consent.version !== version) return;
      await sessions.agree(session.id, consent);
      await inSession(session.id, async (current, folder) => writeMeta(folder, current, await takes.list(current.id)));
    },
  };
}
