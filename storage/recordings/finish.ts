/**
 * From the last byte to the answer in its folder: `receiving -> received -> placed -> recorded`.
 *
 * Each step leaves the catalog telling how far it came, and can be done again: a crash anywhere, an error of the disk
 * or a lost answer is repaired by calling `finish` once more (start-up, the sweep, the next PATCH do).
 */
import { access, mkdir, rename, rm } from 'node:fs/promises';
import type { Sessions } from '../catalog/sessions.ts';
import type { Takes } from '../catalog/takes.ts';
import { answersOf, writeMeta } from '../meta-file.ts';
import { joinInside, syncDirectory } from '../session-folder.ts';
import type { Session, Take } from '../types.ts';
import { containerOf, MAGIC_BYTES } from './container.ts';
import type { DurableStore } from './durable-store.ts';
import type { Locks } from './locks.ts';

export interface FinishDeps {
  sessions: Sessions;
  takes: Takes;
  store: DurableStore;
  locks: Locks;
  /** Holds the session folders. */
  sessionsDir: string;
}

export function createFinish({ sessions, takes, store, locks, sessionsDir }: FinishDeps) {
  /** Steps of one session never overlap: they share its folder and its meta.json. */
  async function inSession<T>(sessionId: string, work: (session: Session, folder: string) => Promise<T>): Promise<T> {
    const session = await sessions.get(sessionId);
    if (!session) throw new Error(`there is no session ${sessionId}`);
    const release = await locks.acquire(`session:${sessionId}`, { waitMs: 30_000 });
    if (!release) throw new Error(`the session ${session.folder} is busy`);
    try {
      return await work(session, joinInside(sessionsDir, session.folder));
    } finally {
      release();
    }
  }

  async function receive(take: Take): Promise<Take> {
    const container = containerOf(await store.head(take.id, MAGIC_BYTES));
    if (!container) {
      await takes.update(take.id, { state: 'refused' });
      return { ...take, state: 'refused' };
    }
    const sha256 = await store.digest(take.id, take.offset);
    const fileName = `Q${take.question}.${container.extension}`;
    await takes.update(take.id, { state: 'received', sha256, fileName });
    store.forget(take.id);
    return { ...take, state: 'received', sha256, fileName };
  }

  /** Moves an earlier answer out of the way, or (late) this take itself to where earlier takes lie. */
  async function place(take: Take, session: Session, folder: string): Promise<Take> {
    const others = (await takes.list(session.id)).filter(
      (other) => other.question === take.question && other.id !== take.id,
    );
    const answer = answersOf(others).at(0);
    const earlierName = (of: Take) => `takes/Q${of.question}-${of.number}.${of.fileName?.split('.').at(-1)}`;
    const move = async (from: string, of: Take, name: string) => {
      if (name.startsWith('takes/')) await mkdir(joinInside(folder, 'takes'), { recursive: true, mode: 0o700 });
      await renameOnce(from, joinInside(folder, ...name.split('/')), of);
      await syncDirectory(joinInside(folder, ...name.split('/').slice(0, -1)));
      await syncDirectory(folder);
    };
    let fileName = take.fileName;
    if (answer && answer.number < take.number && answer.fileName && !answer.fileName.startsWith('takes/')) {
      const from = joinInside(folder, answer.fileName);
      if (session.interview.keepTakes) {
        await move(from, answer, earlierName(answer));
        await takes.update(answer.id, { fileName: earlierName(answer) });
      } else {
        // The file first: a crash between the two must not leave one that the catalog forgot.
        await rm(from, { force: true });
        await takes.update(answer.id, { fileName: null });
      }
    } else if (answer && answer.number > take.number) {
      fileName = session.interview.keepTakes ? earlierName(take) : null;
    }
    if (fileName === null) await rm(store.pathOf(take.id), { force: true });
    else await move(store.pathOf(take.id), take, fileName);
    await takes.update(take.id, { state: 'placed', fileName });
    return { ...take, state: 'placed', fileName };
  }

  /** Writes `meta.json` from the catalog, after the session itself changed. */
  async function refreshMeta(sessionId: string): Promise<void> {
    await inSession(sessionId, async (_, folder) => {
      const session = await sessions.get(sessionId);
      if (session) await writeMeta(folder, session, await takes.list(sessionId));
    });
  }

  return {
    /**
     * Brings a take as far as it can come. Not whole yet: nothing happens.
     * @returns the take as it is now; null when there is none
     * @throws Error when a step fails; the catalog knows how far it came
     */
    async finish(id: string): Promise<Take | null> {
      const first = await takes.get(id);
      if (!first || first.offset !== first.length || first.state === 'recorded' || first.state === 'refused')
        return first;
      return inSession(first.sessionId, async (session, folder) => {
        let take = await takes.get(id);
        if (take?.state === 'receiving') take = await receive(take);
        if (take?.state === 'received') take = await place(take, session, folder);
        if (take?.state === 'placed') {
          await writeMeta(folder, session, await takes.list(session.id));
          await takes.update(id, { state: 'recorded' });
          take = { ...take, state: 'recorded' };
        }
        return take;
      });
    },

    refreshMeta,

    /** Closes a session and says so in its `meta.json`; done again, it changes nothing. */
    async finishSession(sessionId: string): Promise<void> {
      await sessions.finish(sessionId);
      await refreshMeta(sessionId);
    },
  };
}

/** A rename that an earlier try, before a crash, may have done already. */
async function renameOnce(from: string, to: string, take: Take): Promise<void> {
  try {
    await rename(from, to);
  } catch (cause) {
    const exists = await access(to).then(
      () => true,
      () => false,
    );
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT' || !exists)
      throw new Error(`take ${take.number} of question ${take.question} can't be placed`, { cause });
  }
}
