/** The public door of storage: what the server and the command line may use. */
import { rmSync, statfsSync } from 'node:fs';
import { access, constants, readFile } from 'node:fs/promises';
import path from 'node:path';
import { DateTime } from 'luxon';
import { findMissing } from './backup/check.ts';
import { createRepair } from './backup/repair.ts';
import { clearRestored, isHalfRestored } from './backup/restore.ts';
import { isStored, type StoredProblem } from './backup/stored-file.ts';
import { createBallast } from './catalog/ballast.ts';
import { checkDatabase, openDatabase } from './catalog/database.ts';
import { createInterviews } from './catalog/interviews.ts';
import { createJobs } from './catalog/jobs.ts';
import { createLists } from './catalog/lists.ts';
import { createLiveTakes } from './catalog/live-takes.ts';
import { createRepairs } from './catalog/repairs.ts';
import { isLocked, lockForServer } from './catalog/server-lock.ts';
import { createSessions } from './catalog/sessions.ts';
import { createStoredBytes } from './catalog/stored-bytes.ts';
import { createTakes } from './catalog/takes.ts';
import { createTokens } from './catalog/tokens.ts';
import { StorageError } from './errors.ts';
import { makeDataFolder, replaceFile, syncDirectory } from './files.ts';
import { createRecover } from './recover.ts';
import { createDerived } from './session-folder/derived.ts';
import { createFinish } from './session-folder/finish.ts';
import { createInSession } from './session-folder/in-session.ts';
import { createReopen } from './session-folder/reopen.ts';
import { createScratch } from './session-folder/scratch.ts';
import { createStart } from './session-folder/start.ts';
import { createSweep } from './session-folder/sweep.ts';
import type { Session } from './types.ts';
import { DurableStore } from './uploads/durable-store.ts';
import { createLocks } from './uploads/locks.ts';

export { backUp, hasCatalog, requireDataFolder } from './backup/backup.ts';
export { type CheckReport, checkData } from './backup/check.ts';
export type { CopyReport } from './backup/copy-data.ts';
export type { RepairReport } from './backup/repair.ts';
export { restoreBackup } from './backup/restore.ts';
export type { StoredProblem } from './backup/stored-file.ts';
export { defaultInterviews } from './catalog/default-interviews.ts';
export { type JobEnd, type Jobs, LONGEST_WAIT_MS } from './catalog/jobs.ts';
export type { ListQuery } from './catalog/list-query.ts';
export type { LiveTake } from './catalog/live-takes.ts';
export type { JobSummary, SessionOverview, SessionState } from './catalog/session-list.ts';
export { GRACE_DAYS, type TokenOverview, type TokenState } from './catalog/token-list.ts';
export { hashToken, type NewToken, newSecret } from './catalog/tokens.ts';
export { StorageError, type StorageErrorCode, storageCodeOf } from './errors.ts';
export { giveToOwnerOfFolder, makeDataFolder } from './files.ts';
export { namesMatch } from './name-match.ts';
export { FOLDER_ZONE, slugify, transliterate } from './names.ts';
export type { RecoveryFailure } from './recover.ts';
export type { DerivedFile } from './session-folder/derived.ts';
export type { FinishedSession } from './session-folder/finish.ts';
export { answersOf } from './session-folder/meta-file.ts';
export { KEEP_UNFINISHED_DAYS } from './session-folder/sweep.ts';
export { containerOf, MAGIC_BYTES, readHead } from './uploads/container.ts';
export type { DurableStore, UploadOwner } from './uploads/durable-store.ts';
export type { Locks } from './uploads/locks.ts';
export { IDLE_MS, type PumpEnd, pump } from './uploads/pump.ts';

/** Where the data is stored, and the clock. */
interface StorageConfig {
  /** Holds the catalog, the session folders and the unfinished uploads; made with mode 0700. */
  dataDir: string;
  /** The clock; the system's by default. */
  now?: () => DateTime;
}

/** With less than this much free a catalog may not even open. */
const FULL_BYTES = 1 << 20;

/** The lock of the server, and the origin at which it is reached. */
const LOCK = 'server.lock';
const ORIGIN = 'server.origin';
/** A take of which no byte has come for this long may never be whole, in ms: its device is gone, or has lost its network. */
const ARRIVING_MS = 10_000;

/** An open storage. */
export type Storage = Awaited<ReturnType<typeof openStorage>>;

/**
 * Opens the catalog, the session folders and the upload store.
 * @throws StorageError `data-folder-unusable` or `catalog-unusable`, in words for the admin
 */
export async function openStorage({ dataDir, now = () => DateTime.now() }: StorageConfig) {
  const sessionsDir = path.join(dataDir, 'sessions');
  const uploadsDir = path.join(dataDir, 'uploads');
  if (await isHalfRestored(dataDir))
    throw new StorageError(
      'data-folder-unusable',
      `a restore into ${dataDir} did not end: run "tresgo restore" again, or remove the folder`,
    );
  await makeDataFolder(dataDir, [sessionsDir, uploadsDir]);
  await clearRestored(dataDir);
  const ballast = createBallast(dataDir);
  const openCatalog = () => openDatabase(path.join(dataDir, 'tresgo.db'), { makeRoom: ballast.release });
  // On a full disk the catalog's files for shared memory can't be made.
  const db = await openCatalog().catch((error: unknown) => {
    if (freeBytesOf(dataDir) > FULL_BYTES || !ballast.release()) throw error;
    return openCatalog();
  });
  await syncDirectory(dataDir);
  const tokens = createTokens(db, now);
  const interviews = createInterviews(db, now);
  const sessions = createSessions(db, now);
  const takes = createTakes(db, now);
  const jobs = createJobs(db, now);
  const liveTakes = createLiveTakes(db, now);
  const lists = createLists(db, now);
  const locks = createLocks();
  const store = new DurableStore({ directory: uploadsDir, takes, liveTakes });
  const inSession = createInSession({ sessions, locks, sessionsDir, makeRoom: ballast.release });
  const { startSession, agree, ensureMeta } = createStart({ sessions, takes, inSession, sessionsDir });
  const finishing = createFinish({ tokens, sessions, takes, store, inSession, sessionsDir });
  const { sweepAbandoned, resumeSweep, restore } = createSweep({ takes, store, locks, inSession, now });
  const workDir = path.join(dataDir, 'work');
  const derived = createDerived({ takes, inSession, workDir, scratch: createScratch(dataDir) });
  const repair = {
    resumeSweep,
    finishPending: finishing.finishPending,
    ensureMeta,
    storedBytes: createStoredBytes(db),
  };
  const repairs = createRepairs(db, now);
  const { reopen, resumeReopening } = createReopen({ takes, repairs, inSession });
  const { repairSession } = createRepair({ sessions, takes, repairs, store, inSession, resumeReopening, dataDir });
  const recover = createRecover({ sessions, takes, store, sessionsDir, uploadsDir, now, resumeReopening, ...repair });
  let release: (() => void) | null = null;
  let lacking = false;

  return {
    tokens,
    interviews,
    sessions,
    takes,
    jobs,
    derived,
    liveTakes,
    store,
    locks,
    startSession,
    agree,
    ...finishing,
    sweepAbandoned,
    restore,
    recover,
    lists,
    repairSession,
    reopen,

    /**
     * Looks for the file of every whole take, by its size: `takes` that lack it need an admin ("tresgo check").
     * Changes nothing.
     */
    async findMissing(): Promise<StoredProblem[]> {
      const found = await findMissing(dataDir, { takes, locks }, lists.stored());
      lacking = found.length > 0;
      return found;
    },

    /** Whether the last `findMissing` found anything. */
    lacksRecordings: (): boolean => lacking,

    /** What is wrong with the files of a session's whole takes, by their sizes. */
    async findMissingOf({ id, folder }: Pick<Session, 'id' | 'folder'>): Promise<StoredProblem[]> {
      const of = (await takes.list(id)).filter(({ state }) => state === 'placed' || state === 'recorded');
      return findMissing(
        dataDir,
        { takes, locks },
        of.filter(isStored).map((take) => ({ take, folder })),
      );
    },

    /**
     * The questions (from 1) of a session of which a take is on its way: a byte of it came within the last 10 s, and it is not
     * recorded yet.
     */
    async arriving({ id }: Pick<Session, 'id'>): Promise<number[]> {
      const since = now().minus(ARRIVING_MS);
      const open = (await takes.list(id)).filter(
        ({ state, fileName, offset, updatedAt }) =>
          updatedAt >= since &&
          ((state === 'receiving' && fileName === null && offset > 0) || state === 'received' || state === 'placed'),
      );
      return [...new Set(open.map(({ question }) => question))];
    },

    /** The path of a session's folder. */
    sessionPath: (session: Pick<Session, 'folder'>) => path.join(sessionsDir, session.folder),

    /**
     * Makes this process the data folder's one server, until `close` or the end of the process. Commands may run beside
     * it.
     * @throws StorageError `data-folder-claimed`, in words for the admin
     */
    claim(): void {
      if (release) return;
      release = lockForServer(path.join(dataDir, LOCK));
      if (!release)
        throw new StorageError(
          'data-folder-claimed',
          `another server uses the data folder ${dataDir}: stop it, or choose another with --data-dir`,
        );
      // That of an earlier server: until this one says where it is reached, nobody knows.
      rmSync(path.join(dataDir, ORIGIN), { force: true });
    },

    /**
     * Notes where the server of this data folder is reached, for commands that make links.
     * @param origin like `https://interviews.example`
     */
    announce: (origin: string): Promise<void> => replaceFile(dataDir, ORIGIN, origin),

    /** The origin of the server that runs on this data folder; null while none runs. */
    async serverOrigin(): Promise<string | null> {
      if (!isLocked(path.join(dataDir, LOCK))) return null;
      return readFile(path.join(dataDir, ORIGIN), 'utf8').catch(() => null);
    },

    /** Bytes that are free for recordings. The system is called without a thread, as it answers from memory. */
    async freeBytes(): Promise<number> {
      return freeBytesOf(uploadsDir) - ballast.owedBytes();
    },

    /**
     * Whether at least this many bytes are free for recordings. Where a floor is wanted at all, some room is kept for the
     * catalog too, for the time when other programs have filled the disk. Cheap: asked with every chunk.
     */
    hasRoom(floorBytes: number): boolean {
      const freeBytes = freeBytesOf(uploadsDir);
      if (floorBytes > 0) ballast.keep(freeBytes);
      return freeBytes - ballast.owedBytes() >= floorBytes;
    },

    /** @throws Error when the catalog or the folders can't be used */
    async check(): Promise<void> {
      await checkDatabase(db);
      for (const folder of [sessionsDir, uploadsDir]) await access(folder, constants.R_OK | constants.W_OK);
    },

    /** Closes the storage, after waiting for up to 1,000 ms for requests that were cut to commit their bytes. */
    async close(): Promise<void> {
      await locks.drained(1_000);
      store.close();
      await db.destroy();
      release?.();
      release = null;
    },
  };
}

function freeBytesOf(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}
