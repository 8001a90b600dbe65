/** The repair that a server does at its start: after a crash, files and catalog agree again. */
import { lstat, readdir, rm, rmdir } from 'node:fs/promises';
import path from 'node:path';
import type { DateTime } from 'luxon';
import type { Sessions } from './catalog/sessions.ts';
import type { StoredBytes } from './catalog/stored-bytes.ts';
import type { Takes } from './catalog/takes.ts';
import { storageCodeOf } from './errors.ts';
import { isFolderName } from './names.ts';
import type { Session, Take } from './types.ts';
import type { DurableStore } from './uploads/durable-store.ts';

/** A take or a session that could not be repaired. */
export interface RecoveryFailure {
  /** Of the take or the session. */
  id: string;
  /** What was thrown. */
  cause: unknown;
}

/** What the recovery works on. */
interface RecoverDeps {
  sessions: Sessions;
  takes: Takes;
  store: DurableStore;
  resumeSweep: (take: Take) => Promise<unknown>;
  finishPending: () => Promise<RecoveryFailure[]>;
  resumeReopening: () => Promise<unknown>;
  ensureMeta: (session: Session) => Promise<void>;
  storedBytes: StoredBytes;
  /** The folder that holds the session folders. */
  sessionsDir: string;
  /** The folder that holds the uploads' files. */
  uploadsDir: string;
  /** The clock. */
  now: () => DateTime;
}

/** Creates the recovery that a server does once at its start. */
export function createRecover({
  sessions,
  takes,
  store,
  resumeSweep,
  finishPending,
  resumeReopening,
  ensureMeta,
  storedBytes,
  sessionsDir,
  uploadsDir,
  now,
}: RecoverDeps) {
  async function recoverTake(take: Take): Promise<void> {
    if (take.state === 'removed') await store.discard(take.id);
    // A client can't continue a multipart body that was cut.
    else if (take.via === 'multipart' && take.offset !== take.length) await store.remove(take.id);
    else if (take.fileName !== null) await resumeSweep(take);
    else await store.reconcile(take);
  }

  /**
   * Removes files that are of no use: those of refused takes, and empty ones without a take. Files that have bytes but no
   * take stay: an admin who lost the catalog has no other copy.
   * @returns names of what is among the uploads and no plain file: left alone
   */
  async function cleanUploads(): Promise<string[]> {
    const strange: string[] = [];
    for (const name of await readdir(uploadsDir)) {
      const file = path.join(uploadsDir, name);
      // A link that leads nowhere is not followed. A file may go away at any moment.
      const found = await lstat(file).catch(() => null);
      if (found && !found.isFile()) strange.push(name);
      else if (found) {
        const take = await takes.get(name);
        if (take ? take.state === 'refused' : found.size === 0) await rm(file, { force: true });
      }
    }
    return strange;
  }

  /** Removes folders of starts that a crash interrupted before the catalog knew of the session. */
  async function removeEmptyFolders(): Promise<void> {
    const folders = await sessions.folders();
    for (const name of await readdir(sessionsDir)) {
      // Other people's folders stay, e.g. `lost+found`. rmdir(2) fails, as it should, on a folder that is not empty.
      if (isFolderName(name) && !folders.has(name)) await rmdir(path.join(sessionsDir, name)).catch(() => {});
    }
  }

  /**
   * Repairs what a crash left: the file of each unfinished take gets just its acknowledged bytes, whole takes are
   * finished, interrupted sweeps, removals and reopenings are completed, and `meta.json` is written again for sessions that are
   * unfinished or were finished within a day. Removed are multipart bodies that were cut, bytes of refused takes, empty
   * files that no take knows and empty folders that no session knows.
   * @param onStrange is called with the names of what lies among the uploads and is no plain file: it is left alone
   * @returns `unfinished`: what failed and can be tried again; `damaged`: uploads that lack acknowledged bytes
   */
  return async function recover(
    onStrange: (names: string[]) => void = () => {},
  ): Promise<{ unfinished: RecoveryFailure[]; damaged: RecoveryFailure[] }> {
    await storedBytes.recount();
    const damaged: RecoveryFailure[] = [];
    const unfinished: RecoveryFailure[] = [];
    for (const take of await takes.listByState(['receiving', 'removed'])) {
      // The other takes are recovered after any error of this one.
      await recoverTake(take).catch((cause: unknown) => {
        (storageCodeOf(cause) === 'upload-damaged' ? damaged : unfinished).push({ id: take.id, cause });
      });
    }
    const strange = await cleanUploads();
    if (strange.length > 0) onStrange(strange);
    unfinished.push(...(await finishPending()));
    await resumeReopening().catch((cause: unknown) => unfinished.push({ id: 'reopening', cause }));
    await removeEmptyFolders();
    for (const session of await sessions.listSince(now().minus({ days: 1 })))
      await ensureMeta(session).catch((cause: unknown) => unfinished.push({ id: session.id, cause }));
    return { unfinished, damaged };
  };
}
