/**
 * The repair of one session whose files lost bytes that were acknowledged: the catalog is brought down to what is whole, so
 * that devices send again what they still have, and candidates are asked again for what nobody has.
 *
 * It may run beside the server. Nothing is deleted: a file that is not whole is kept in `takes/` under a name of its own.
 */
import { rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Repairs } from '../catalog/repairs.ts';
import type { Sessions } from '../catalog/sessions.ts';
import type { Takes } from '../catalog/takes.ts';
import { StorageError } from '../errors.ts';
import { ensurePrivateFolder, exists, syncDirectory } from '../files.ts';
import { answerName, damagedName, earlierName, isEarlier } from '../names.ts';
import { removeDerived } from '../session-folder/derived.ts';
import type { InSession } from '../session-folder/in-session.ts';
import { answersOf, lastTakesOf, writeMeta } from '../session-folder/meta-file.ts';
import type { Session, Take } from '../types.ts';
import { containerOf, MAGIC_BYTES, readHead } from '../uploads/container.ts';
import type { DurableStore } from '../uploads/durable-store.ts';
import { look } from './check.ts';
import { linkOrCopy } from './copy-file.ts';
import { bytesProblem, isSealed, isStored, pathAt, placeOf, placesOf } from './stored-file.ts';

/** What a repair did about one take. */
export interface RepairStep {
  /** From 1. */
  question: number;
  /** The number of the take within its question, from 1. */
  take: number;
  /** What was wrong with its file. */
  problem: string;
  /**
   * `continues`: the unfinished upload goes on at a lower offset. `missing`: the answer is not there any more. `dropped`: an
   * earlier take that did not count is not there any more.
   */
  outcome: 'continues' | 'missing' | 'dropped';
  /** Where an upload continues, in bytes; null for other outcomes. */
  offset: number | null;
  /** The number of the earlier take, which is whole, that counts instead; null where the candidate is asked again. */
  counts: number | null;
  /** Where the damaged file is kept, below the session folder; null where there is none, or where the upload goes on with it. */
  kept: string | null;
}

/** What a repair did. */
export interface RepairReport {
  /** Nothing was wrong where there are none. */
  steps: RepairStep[];
  /** Whether the session was finished, and is open again: an answer is missing, or a reopening had been cut off. */
  reopened: boolean;
}

/** What the repair works on. */
interface RepairDeps {
  sessions: Pick<Sessions, 'get'>;
  takes: Takes;
  repairs: Repairs;
  store: DurableStore;
  inSession: InSession;
  /** Does the rest of a reopening of the session that was cut off; returns whether there was one. */
  resumeReopening: (sessionId: string) => Promise<boolean>;
  dataDir: string;
}

/** Creates the repair of sessions. */
export function createRepair({ sessions, takes, repairs, store, inSession, resumeReopening, dataDir }: RepairDeps) {
  /** Moves a damaged file to a free name in `takes/`. Returns that name; null where there is no file. */
  async function keep(file: string, take: Take, folder: string): Promise<string | null> {
    if (!(await exists(file))) return null;
    const extension = take.container ?? containerOf(await readHead(file, MAGIC_BYTES)) ?? 'webm';
    let name = damagedName(take, extension);
    for (let count = 2; await exists(pathAt(folder, name)); count++) name = damagedName(take, extension, count);
    const to = pathAt(folder, name);
    await ensurePrivateFolder(path.dirname(to));
    await rename(file, to);
    await syncDirectory(path.dirname(to));
    await syncDirectory(path.dirname(file));
    return name;
  }

  async function repairUpload(take: Take, problem: string, folder: string): Promise<RepairStep | null> {
    const sizes: number[] = [];
    for (const place of placesOf(take, path.basename(folder))) {
      const size = await sizeOf(pathAt(dataDir, place));
      if (size !== null) sizes.push(size);
    }
    const [size] = sizes;
    // What the store has put aside, because its bytes were other ones than were acknowledged.
    const kept = await keep(`${store.pathOf(take.id)}.damaged`, take, folder);
    // Before the catalog: the server continues no upload without a file.
    if (size === undefined) await store.ensureFile(take.id);
    const offset = Math.min(size ?? 0, take.offset);
    if (!(await repairs.rewind(take, { offset, fileName: size === undefined ? null : take.fileName }))) return null;
    return { ...about(take), problem, outcome: 'continues', offset, counts: null, kept };
  }

  /**
   * @param isDamaged whether a take of the session is one of those that this repair removes
   * @returns null where nothing was done, since the server has changed the take meanwhile
   */
  async function repairWhole(
    take: Take,
    problem: string,
    session: Session,
    folder: string,
    isDamaged: (take: Take) => boolean,
  ): Promise<RepairStep | null> {
    const before = await takes.list(session.id);
    // Since the look, the server may have placed another answer here.
    if (!before.some(({ id, state, fileName }) => id === take.id && state === take.state && fileName === take.fileName))
      return null;
    const counted =
      answersOf(before).some(({ id }) => id === take.id) || (take.state === 'received' && take.part === null);
    const file = pathAt(dataDir, placeOf(take, session.folder));
    // A repair that a crash has cut off may have put the earlier take here already.
    const kept = (await isCopyOf(before, take.question, file)) ? null : await keep(file, take, folder);
    const whole = (await takes.list(session.id)).filter((other) => !isDamaged(other));
    const next = counted ? lastTakesOf(whole).find(({ question }) => question === take.question) : undefined;
    const fileName = next && (await putInPlace(next, folder));
    if (counted) await removeDerived(folder, take.question, session, whole);
    // The session may have been finished meanwhile.
    const asked = counted && !next;
    if (!(await repairs.forget(take, { asked, ...(next && fileName && { answer: next, fileName }) }))) {
      // The server has placed another answer meanwhile: what was moved may be that answer, or a new file may be here.
      if (kept !== null) await putBack(pathAt(folder, kept), file);
      return null;
    }
    if (next?.fileName && fileName) await rm(pathAt(folder, next.fileName));
    const outcome = counted ? ('missing' as const) : ('dropped' as const);
    return { ...about(take), problem, outcome, offset: null, counts: next?.number ?? null, kept };
  }

  /** Whether a file has the bytes of an earlier take of this question. */
  async function isCopyOf(all: Take[], question: number, file: string): Promise<boolean> {
    for (const take of all)
      if (take.question === question && take.fileName && isEarlier(take.fileName) && isSealed(take))
        if ((await bytesProblem(take, file).catch(() => 'unreadable')) === null) return true;
    return false;
  }

  /**
   * Gives an earlier whole take a second name, that of the answer.
   * @returns that name; null where the take is the answer already, or the server has placed another one, which counts
   */
  async function putInPlace(take: Take, folder: string): Promise<string | null> {
    if (!take.fileName || !take.container || !isEarlier(take.fileName)) return null;
    const name = answerName(take, take.container);
    const to = pathAt(folder, name);
    await linkUnlessTaken(pathAt(folder, take.fileName), to);
    await syncDirectory(folder);
    return (await bytesProblem(take, to)) === null ? name : null;
  }

  /** Removes what a crash has left in `takes/` of takes that count again: in a finished session nothing else moves files. */
  async function removeSecondNames(session: Session, folder: string): Promise<void> {
    for (const take of answersOf(await takes.list(session.id))) {
      if (!take.container || !take.fileName || take.state !== 'recorded') continue;
      const second = pathAt(folder, earlierName(take, take.container));
      if ((await exists(second)) && (await bytesProblem(take, pathAt(folder, take.fileName))) === null)
        await rm(second);
    }
  }

  return {
    /**
     * Repairs a session. A reopening that was cut off is done first: what it moves is not missing.
     * @throws StorageError `session-busy` or `no-session`, or `data-folder-unusable` where a file can't be read, in words for
     * the admin; nothing was repaired then
     */
    async repairSession(sessionId: string): Promise<RepairReport> {
      const resumed = await resumeReopening(sessionId);
      return inSession(sessionId, async (first, folder) => {
        await ensurePrivateFolder(folder);
        const found: Array<{ take: Take; problem: string }> = [];
        for (const take of (await takes.list(sessionId)).filter(isStored)) {
          const problem = await look(dataDir, takes, take, first.folder, damageOf);
          if (problem !== null) found.push({ take, problem });
        }
        // The server may have finished the session while its files were read: that takes long.
        const session = (await sessions.get(sessionId)) ?? first;
        const isDamaged = ({ id }: Take) => found.some(({ take }) => take.id === id);
        if (session.finishedAt) await removeSecondNames(session, folder);
        const steps: RepairStep[] = [];
        for (const { take, problem } of found) {
          const step = isSealed(take)
            ? await repairWhole(take, problem, session, folder, isDamaged)
            : await repairUpload(take, problem, folder);
          if (step) steps.push(step);
        }
        const isAsked = steps.some(({ outcome, counts }) => outcome === 'missing' && counts === null);
        // Also where nothing was wrong: a crash may have come between the catalog and the document.
        const left = await takes.list(sessionId);
        await writeMeta(folder, (await sessions.get(sessionId)) ?? session, left, '.repair');
        return { steps, reopened: resumed || (session.finishedAt !== null && isAsked) };
      });
    },
  };
}

/**
 * What is wrong with a take's file; null where nothing is.
 * @throws StorageError `data-folder-unusable` where the file can't be looked at now, which says nothing of its bytes
 */
async function damageOf(take: Take, file: string): Promise<string | null> {
  return bytesProblem(take, file).catch((cause: NodeJS.ErrnoException) => {
    // A bad block of a whole recording does not get better.
    if (cause.code === undefined || (cause.code === 'EIO' && isSealed(take))) throw cause;
    throw new StorageError(
      'data-folder-unusable',
      `${file} can't be read (${cause.code}), so nothing was repaired: run this as the server's user, and look at the disk`,
      { cause },
    );
  });
}

/** The size of a file; null where there is none. @throws Error of the system for a file that can't be asked, e.g. EIO */
async function sizeOf(file: string): Promise<number | null> {
  return stat(file).then(
    ({ size }) => size,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null;
      throw error;
    },
  );
}

/** Gives a file a second name, or a copy. Returns false, and changes nothing, where that name is taken. */
async function linkUnlessTaken(from: string, to: string): Promise<boolean> {
  try {
    await linkOrCopy(from, to, false);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return false;
  }
}

/** Moves a file back, unless its name is taken by now. */
async function putBack(from: string, to: string): Promise<void> {
  if (!(await linkUnlessTaken(from, to))) return;
  await syncDirectory(path.dirname(to));
  await rm(from);
}

function about({ question, number }: Take): Pick<RepairStep, 'question' | 'take'> {
  return { question, take: number };
}
