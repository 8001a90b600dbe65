/**
 * Takes that were given up: after a week without a byte, what was acknowledged moves to the session's `takes/`, as
 * `Q3-2.partial.webm`. Nothing is forgotten: the upload still tells its offset, and one more PATCH fetches it back.
 *
 * The catalog is told first where the bytes will be: a crash between the two leaves a move that can be done again.
 */
import path from 'node:path';
import type { DateTime } from 'luxon';
import type { Takes } from '../catalog/takes.ts';
import { writeMeta } from '../meta-file.ts';
import { exists, joinInside, syncDirectory } from '../session-folder.ts';
import type { Session, Take } from '../types.ts';
import type { DurableStore } from './durable-store.ts';
import type { InSession } from './in-session.ts';
import type { Locks } from './locks.ts';
import { moveInto, renameOnce } from './move-into.ts';

/** An unfinished upload is kept among the uploads for that long after its last byte. */
export const KEEP_UNFINISHED_DAYS = 7;

export interface SweepDeps {
  takes: Takes;
  store: DurableStore;
  locks: Locks;
  inSession: InSession;
  now: () => DateTime;
}

export function createSweep({ takes, store, locks, inSession, now }: SweepDeps) {
  /** Nobody writes to it, nothing came for a week, and it can't be recorded any more by itself. */
  const isAbandoned = (take: Take, before: DateTime) =>
    take.state === 'receiving' && take.via === 'tus' && take.updatedAt < before;

  const move = (take: Take, name: string) =>
    inSession(take.sessionId, async (session, folder) => {
      await moveInto(folder, name, store.pathOf(take.id), take);
      await writeMeta(folder, session, await takes.list(session.id));
    });

  /** Ends a move to `takes/` that an error or a crash broke off. */
  async function resume(take: Take): Promise<boolean> {
    if (!take.fileName || !(await exists(store.pathOf(take.id)))) return false;
    await move(take, take.fileName);
    return true;
  }

  async function sweepOne(id: string, before: DateTime): Promise<boolean> {
    const release = await locks.acquire(id, { waitMs: 0 });
    if (!release) return false;
    try {
      const take = await takes.get(id);
      if (!take || !isAbandoned(take, before)) return false;
      if (take.fileName !== null) return await resume(take);
      if (take.offset === 0) {
        await store.discard(id);
        return true;
      }
      // A whole one waits for its place, until its session takes no more.
      if (take.offset === take.length && !(await inSession(take.sessionId, isFinished))) return false;
      await store.seal(id, take.offset);
      store.forget(id);
      const name = partialName(take);
      await takes.update(id, { fileName: name });
      await move(take, name);
      return true;
    } finally {
      release();
    }
  }

  return {
    /**
     * Moves what was given up out of the way.
     * @returns the ids of uploads that were swept, and what could not be
     */
    async sweepAbandoned(): Promise<{ swept: string[]; failed: Array<{ id: string; cause: unknown }> }> {
      const before = now().minus({ days: KEEP_UNFINISHED_DAYS });
      const swept: string[] = [];
      const failed: Array<{ id: string; cause: unknown }> = [];
      for (const { id } of (await takes.listByState(['receiving'])).filter((take) => isAbandoned(take, before)))
        await sweepOne(id, before).then(
          (done) => done && swept.push(id),
          (cause: unknown) => failed.push({ id, cause }),
        );
      return { swept, failed };
    },

    resumeSweep: resume,

    /** Fetches swept bytes back, since its sender goes on after all; for whoever holds the upload's lock. */
    async restore(id: string): Promise<void> {
      const take = await takes.get(id);
      const name = take?.fileName;
      if (take?.state !== 'receiving' || !name) return;
      await inSession(take.sessionId, async (session, folder) => {
        const from = joinInside(folder, ...name.split('/'));
        await renameOnce(from, store.pathOf(id), take);
        await syncDirectory(path.dirname(store.pathOf(id)));
        await takes.update(id, { fileName: null });
        await writeMeta(folder, session, await takes.list(session.id));
      });
    },
  };
}

async function isFinished(session: Session): Promise<boolean> {
  return session.finishedAt !== null;
}

/** The first bytes may be too few to tell what it is: the label has to do. */
function partialName({ question, number, filetype }: Take): string {
  return `takes/Q${question}-${number}.partial.${/mp4/i.test(filetype) ? 'mp4' : 'webm'}`;
}
