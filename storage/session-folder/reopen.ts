/**
 * A finished session that an admin opens again, with answers that no longer count.
 *
 * The server may run meanwhile, in another process. It places no answer in a finished session, so the session is opened last:
 * until then nothing else moves these files. The catalog says that a reopening has begun, and of which questions, before
 * anything is changed, and of each take before its file is moved. Each step can be done again: the rest of what a crash cut
 * off is done by the same command, by a repair of the session, or by the next start of the server.
 */
import path from 'node:path';
import type { Repairs } from '../catalog/repairs.ts';
import type { Takes } from '../catalog/takes.ts';
import { ensurePrivateFolder, exists, joinInside } from '../files.ts';
import { answerName, earlierName, isEarlier } from '../names.ts';
import type { Session, Take } from '../types.ts';
import { removeDerived } from './derived.ts';
import type { InSession } from './in-session.ts';
import { lastTakesOf, writeMeta } from './meta-file.ts';
import { moveInto } from './move.ts';

/** What the reopening works on. */
interface ReopenDeps {
  takes: Takes;
  repairs: Repairs;
  inSession: InSession;
}

/** Creates the reopening of sessions. */
export function createReopen({ takes, repairs, inSession }: ReopenDeps) {
  /** Moves the last take of a question to `takes/`, where it counts no more. */
  async function withdraw(last: Take, session: Session, folder: string): Promise<void> {
    if (!last.fileName || !last.container) return;
    const fileName = earlierName(last, last.container);
    const [from, to] = [joinInside(folder, answerName(last, last.container)), path.join(folder, fileName)];
    if (!(await exists(from)) && !(await exists(to))) return takes.update(last.id, { fileName: null });
    if (!isEarlier(last.fileName)) await takes.update(last.id, { fileName });
    await moveInto(folder, fileName, from, last);
    await removeDerived(folder, last.question, session, await takes.list(session.id));
  }

  /**
   * Opens a finished session again; does nothing for one that is not finished.
   * @param questions whose answers no longer count, from 1; those without an answer are passed over
   * @throws StorageError `session-busy` or `no-session`
   */
  function reopen(sessionId: string, questions: readonly number[] = []): Promise<void> {
    return inSession(sessionId, async (session, folder) => {
      if (!session.finishedAt) return;
      await ensurePrivateFolder(folder);
      const withdrawn = await repairs.beginReopening(sessionId, questions);
      const last = lastTakesOf(await takes.list(sessionId));
      for (const take of last.filter(({ question }) => withdrawn.includes(question)))
        await withdraw(take, session, folder);
      await repairs.reopen(sessionId);
      await writeMeta(folder, { ...session, finishedAt: null }, await takes.list(sessionId), '.reopen');
    });
  }

  return {
    reopen,

    /**
     * Does the rest of what a crash left of a reopening: of one session, or of all.
     * @returns whether there was one
     */
    async resumeReopening(sessionId?: string): Promise<boolean> {
      const half = (await repairs.listHalfReopened()).filter((id) => sessionId === undefined || id === sessionId);
      for (const id of half) await reopen(id);
      return half.length > 0;
    },
  };
}
