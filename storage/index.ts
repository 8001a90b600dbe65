import { statfsSync } from 'node:fs';
import { access, constants, mkdir, readdir, rm, rmdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { DateTime } from 'luxon';
import { openDatabase } from './catalog/database.ts';
import { createInterviews } from './catalog/interviews.ts';
import { createJobs } from './catalog/jobs.ts';
import { createLiveTakes } from './catalog/live-takes.ts';
import { lockForServer } from './catalog/server-lock.ts';
import { createSessions } from './catalog/sessions.ts';
import { createTakes } from './catalog/takes.ts';
import { createTokens } from './catalog/tokens.ts';
import { createDerived } from './derived.ts';
import { isMetaCurrent } from './meta-file.ts';
import { DurableStore } from './recordings/durable-store.ts';
import { createFinish } from './recordings/finish.ts';
import { createInSession } from './recordings/in-session.ts';
import { createLocks } from './recordings/locks.ts';
import { createSweep } from './recordings/sweep.ts';
import { createScratch } from './scratch.ts';
import { createExclusiveFolder, folderName, syncDirectory } from './session-folder.ts';
import type { Interview, Session, Take, Token } from './types.ts';

export type { JobEnd, Jobs } from './catalog/jobs.ts';
export type { LiveTake } from './catalog/live-takes.ts';
export { hashToken } from './catalog/tokens.ts';
export type { DerivedFile } from './derived.ts';
export { answersOf } from './meta-file.ts';
export { containerOf, MAGIC_BYTES } from './recordings/container.ts';
export type { DurableStore, UploadOwner } from './recordings/durable-store.ts';
export type { FinishedSession } from './recordings/finish.ts';
export type { Locks } from './recordings/locks.ts';
export { type PumpEnd, pump } from './recordings/pump.ts';
export { KEEP_UNFINISHED_DAYS } from './recordings/sweep.ts';
export { namesMatch } from './session-folder.ts';

export interface StorageConfig {
  /** Holds the catalog, the session folders and the unfinished uploads; made with mode 0700. */
  dataDir: string;
  /** The clock. */
  now?: () => DateTime;
}

/** An upload, and what is wrong with it. */
export interface Trouble {
  id: string;
  cause: unknown;
}

export type Storage = Awaited<ReturnType<typeof openStorage>>;

/**
 * Makes the data folder, and folders in it, with mode 0700 unless they are there.
 * @throws Error in words for people when it can't be used
 */
export async function makeDataFolder(dataDir: string, folders: string[] = []): Promise<void> {
  try {
    for (const folder of [dataDir, ...folders]) await makeFolder(folder);
    await access(dataDir, constants.W_OK);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new Error(`the data folder ${dataDir} can't be used (${code}): choose another with --data-dir`, { cause });
  }
}

/**
 * Opens all that lasts.
 * @throws Error in words for people when the folder or the catalog can't be used
 */
export async function openStorage({ dataDir, now = () => DateTime.now() }: StorageConfig) {
  const sessionsDir = path.join(dataDir, 'sessions');
  const uploadsDir = path.join(dataDir, 'uploads');
  await makeDataFolder(dataDir, [sessionsDir, uploadsDir]);
  const db = await openDatabase(path.join(dataDir, 'tresgo.db'));
  await syncDirectory(dataDir);
  const tokens = createTokens(db, now);
  const interviews = createInterviews(db, now);
  const sessions = createSessions(db, now);
  const takes = createTakes(db, now);
  const jobs = createJobs(db, now);
  const liveTakes = createLiveTakes(db, now);
  const locks = createLocks();
  const store = new DurableStore({ directory: uploadsDir, takes, liveTakes });
  const inSession = createInSession(sessions, locks, sessionsDir);
  const { finish, refreshMeta, finishSession } = createFinish({ tokens, sessions, takes, store, inSession });
  const { sweepAbandoned, resumeSweep, restore } = createSweep({ takes, store, locks, inSession, now });
  const scratch = createScratch(dataDir);
  const derived = createDerived({ takes, inSession, workDir: path.join(dataDir, 'work'), scratch });
  let release: (() => void) | null = null;

  /** What a crash left of one take. */
  async function putRight(take: Take): Promise<void> {
    if (take.state === 'removed') await store.discard(take.id);
    else if (take.state === 'refused') await rm(store.pathOf(take.id), { force: true });
    else if (take.via === 'multipart' && take.offset !== take.length) await store.remove(take.id);
    else if (take.fileName !== null) await resumeSweep(take);
    else await store.reconcile(take);
  }

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
    finish,
    finishSession,
    sweepAbandoned,
    restore,

    /** Where a session's files lie. */
    sessionPath: (session: Session) => path.join(sessionsDir, session.folder),

    /**
     * The token's unfinished session, or a new one with its folder and `meta.json`; null when the token allows none.
     * @param mayCreate whether a new one may begin (an expired token only resumes)
     */
    async startSession(
      token: Token,
      from: { userName: string; interview: Interview; mayCreate: boolean; language?: string | null },
    ) {
      const started = await sessions.start(token, from, (startedAt) =>
        createExclusiveFolder(sessionsDir, folderName(startedAt, from.userName)),
      );
      // A resumed one has its meta.json, unless a crash came between the folder and the file.
      const isTold =
        started?.resumed && (await isMetaCurrent(path.join(sessionsDir, started.session.folder), started.session));
      if (started && !isTold) await refreshMeta(started.session.id);
      return started;
    },

    /**
     * Makes this process the data folder's one server, until `close` or its own end. Commands may go on beside it.
     * @throws Error in words for people when another server has the folder
     */
    claim(): void {
      release ??= lockForServer(path.join(dataDir, 'server.lock'));
      if (!release)
        throw new Error(`another server uses the data folder ${dataDir}: stop it, or choose another with --data-dir`);
    },

    /**
     * What a crash left behind, at start-up: files and catalog are brought together, whole takes finished, sweeps and
     * removals ended, `meta.json` of sessions that go on or ended today made whole. Multipart bodies that were cut (nobody
     * can go on with them), bytes of refused takes, empty files that no take and empty folders that no session knows are
     * removed. A file with bytes that no take knows stays, for whoever lost the catalog.
     * @returns what could not be finished, to be tried again, and uploads that lack acknowledged bytes
     */
    async recover(): Promise<{ unfinished: Trouble[]; damaged: Trouble[] }> {
      const damaged: Trouble[] = [];
      const unfinished: Trouble[] = [];
      for (const take of await takes.listByState(['receiving', 'removed', 'refused'])) {
        // One that can't be put right, whatever the reason, keeps nobody else from it.
        await putRight(take).catch((cause: unknown) => {
          const lacksBytes = (cause as { code?: unknown }).code === 'upload-damaged';
          (lacksBytes ? damaged : unfinished).push({ id: take.id, cause });
        });
      }
      for (const name of await readdir(uploadsDir)) {
        const file = path.join(uploadsDir, name);
        if ((await stat(file)).size === 0 && !(await takes.get(name))) await rm(file, { force: true });
      }
      unfinished.push(...(await this.finishPending()));
      const recently = now().minus({ days: 1 });
      const all = await sessions.list();
      const folders = new Set(all.map(({ folder }) => folder));
      for (const name of await readdir(sessionsDir)) {
        // A start that a crash broke off between the folder and the catalog; rmdir removes nothing but an empty folder.
        if (!folders.has(name)) await rmdir(path.join(sessionsDir, name)).catch(() => {});
      }
      for (const session of all) {
        if (session.finishedAt && session.finishedAt < recently) continue;
        if (await isMetaCurrent(path.join(sessionsDir, session.folder), session)) continue;
        await refreshMeta(session.id).catch((cause: unknown) => unfinished.push({ id: session.id, cause }));
      }
      return { unfinished, damaged };
    },

    /** Tries every whole take that can be recorded and is not. Returns those that still can't be. */
    async finishPending(): Promise<Trouble[]> {
      const failed: Trouble[] = [];
      for (const take of await takes.listPending()) {
        await finish(take.id).catch((cause: unknown) => failed.push({ id: take.id, cause }));
      }
      return failed;
    },

    /** Bytes that are free for recordings. Asked with every chunk: a call to the system, without a thread for it. */
    async freeBytes(): Promise<number> {
      const { bavail, bsize } = statfsSync(uploadsDir);
      return bavail * bsize;
    },

    /** @throws Error when the catalog or the folders can't be used */
    async check(): Promise<void> {
      await db.selectFrom('interviews').select('slug').limit(1).execute();
      for (const folder of [sessionsDir, uploadsDir]) await access(folder, constants.R_OK | constants.W_OK);
    },

    /** Waits, up to 1 s, for requests that were cut to commit what they brought. */
    async close(): Promise<void> {
      await locks.drained(1_000);
      store.close();
      await db.destroy();
      release?.();
      release = null;
    },
  };
}

/** Makes a folder and its parents, durably. Node's recursive mkdir never ends where the answer is ENOENT for ever, as in /proc. */
async function makeFolder(folder: string): Promise<void> {
  const parent = path.dirname(folder);
  await access(parent).catch(() => makeFolder(parent));
  try {
    await mkdir(folder, { mode: 0o700 });
    await syncDirectory(parent);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}
