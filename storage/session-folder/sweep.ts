/**
 * Unfinished takes that their clients gave up. After a week without a byte the acknowledged bytes move to the session's
 * `takes/`, as `Q3-2.partial.webm`. The upload still has its offset, and one more PATCH moves the bytes back.
 *
 * The catalog is changed first: a crash between the two steps leaves a move that can be done again.
 */
import type { DateTime } from 'luxon';
import type { Takes } from '../catalog/takes.ts';
import { exists } from '../files.ts';
import { partialName } from '../names.ts';
import type { Session, Take } from '../types.ts';
import type { DurableStore } from '../uploads/durable-store.ts';
import type { Locks } from '../uploads/locks.ts';
import type { InSession } from './in-session.ts';
import { writeMeta } from './meta-file.ts';
import { moveInto, moveOut } from './move.ts';

/** An unfinished upload stays among the uploads for this many days after its last byte. */
export const KEEP_UNFINISHED_DAYS = 7;

/** What the sweep works on. */
interface SweepDeps {
  takes: Takes;
  store: DurableStore;
  locks: Locks;
  inSession: InSession;
  /** The clock. */
  now: () => DateTime;
}

/** Creates the sweep of takes that were given up. */
export function createSweep({ takes, store, locks, inSession, now }: SweepDeps) {
  const isAbandoned = (take: Take, before: DateTime) =>
    take.state === 'receiving' && take.via === 'tus' && take.updatedAt < before;

  /** For callers that hold the session's lock. */
  async function move(take: Take, name: string, session: Session, folder: string): Promise<void> {
    await moveInto(folder, name, store.pathOf(take.id), take);
    await writeMeta(folder, session, await takes.list(session.id));
  }

  async function resumeSweep(take: Take): Promise<boolean> {
    if (!take.fileName || !(await exists(store.pathOf(take.id)))) return false;
    return inSession(take.sessionId, async (session, folder) => {
      const now = await takes.get(take.id);
      if (!isSwept(now) || !(await exists(store.pathOf(now.id)))) return false;
      await move(now, now.fileName, session, folder);
      return true;
    });
  }

  async function sweepOne(id: string, before: DateTime): Promise<boolean> {
    const release = await locks.acquire(id, { waitMs: 0 });
    if (!release) return false;
    try {
      const take = await takes.get(id);
      if (!take || !isAbandoned(take, before)) return false;
      if (take.fileName !== null) return await resumeSweep(take);
      if (take.offset === 0) {
        await store.discard(id);
        return true;
      }
      return await inSession(take.sessionId, async (session, folder) => {
        // Neither the finish of a take nor the removal of sound that went ahead takes the upload's lock.
        const now = await takes.get(id);
        if (!now || !isAbandoned(now, before)) return false;
        // A whole take waits here for its place until its session is finished.
        if (now.offset === now.length && !session.finishedAt) return false;
        const fileName = partialName(now);
        if (now.fileName === null) {
          await store.seal(id, now.offset);
          store.forget(id);
          await takes.update(id, { fileName });
        }
        await move(now, fileName, session, folder);
        return true;
      });
    } finally {
      release();
    }
  }

  return {
    /**
     * Sweeps every take that was given up and that no request holds.
     * @returns the ids of the uploads that were swept, and the ids and errors of the uploads that could not be swept
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

    /**
     * Ends a move to `takes/` that an error or a crash interrupted.
     * @returns whether there was anything to move
     * @throws StorageError `not-placed`
     */
    resumeSweep,

    /**
     * Moves swept bytes back among the uploads, because the client continues after all; does nothing for any other
     * take. For callers that hold the upload's lock.
     * @throws StorageError `not-placed`
     */
    async restore(id: string): Promise<void> {
      const first = await takes.get(id);
      if (!isSwept(first)) return;
      await inSession(first.sessionId, async (session, folder) => {
        // A finish may have placed it meanwhile, or removed it as sound that went ahead.
        const take = await takes.get(id);
        if (!isSwept(take)) return;
        await moveOut(folder, take.fileName, store.pathOf(id), take);
        await takes.update(id, { fileName: null });
        await writeMeta(folder, session, await takes.list(session.id));
      });
    },
  };
}

/** Whether a take has the name under which it is swept: only then its bytes may lie under it. */
function isSwept(take: Take | null): take is Take & { fileName: string } {
  return take?.state === 'receiving' && take.fileName !== null;
}
