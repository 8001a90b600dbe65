/** The way back from a backup: its copy becomes the data folder. */
import { rename, rm, rmdir } from 'node:fs/promises';
import path from 'node:path';
import { lockForServer } from '../catalog/server-lock.ts';
import { StorageError } from '../errors.ts';
import { ensurePrivateFolder, exists, makeDataFolder, syncDirectory } from '../files.ts';
import { isWithin, namesIn } from './backup.ts';
import { type CopyReport, copyData, type OnProgress } from './copy-data.ts';
import { foldersOf } from './stored-file.ts';

/** Holds the data while it is copied, in the data folder itself: the moves out of it stay on one file system. */
const DRAFT = 'restore.part';

/** Whether a folder has a restore that did not end: it has no catalog yet, and no server may make one. */
export async function isHalfRestored(dataDir: string): Promise<boolean> {
  return (await exists(path.join(dataDir, DRAFT))) && !(await exists(foldersOf(dataDir).catalog));
}

/**
 * Removes what a restore has left that was cut off at its very end: should the catalog be lost one day, the next restore
 * would take all that is here for its own.
 */
export async function clearRestored(dataDir: string): Promise<void> {
  if (await exists(foldersOf(dataDir).catalog)) await rm(path.join(dataDir, DRAFT), { recursive: true, force: true });
}

/**
 * Restores a backup, or any data folder that no server runs on, into a data folder that holds nothing yet. A restore that
 * did not end is begun again by the next one.
 * @throws StorageError `no-backup`, `folder-in-use`, `data-folder-claimed`, `data-folder-unusable` or `catalog-unusable`, in
 * words for the admin
 */
export async function restoreBackup(
  from: string,
  dataDir: string,
  onProgress: OnProgress = () => {},
): Promise<CopyReport> {
  if (!(await exists(foldersOf(from).catalog)))
    throw new StorageError(
      'no-backup',
      `${from} is no backup, or one that did not end: it has no tresgo.db ("tresgo backup --out FOLDER" makes one)`,
    );
  if (isWithin(dataDir, from) || isWithin(from, dataDir))
    throw new StorageError('folder-in-use', `${from} and the data folder ${dataDir} are in one another: choose others`);
  const target = foldersOf(dataDir);
  const draft = path.join(dataDir, DRAFT);
  const isBegun = await isHalfRestored(dataDir);
  const holds = [
    // A log without its catalog, too: SQLite would write what is in it into the restored catalog.
    ...(await namesIn(dataDir)).filter((name) => name.startsWith(path.basename(target.catalog))).sort(),
    ...(isBegun ? [] : [...(await namesIn(target.sessions)), ...(await namesIn(target.uploads))]),
  ];
  if (holds.length > 0)
    throw new StorageError(
      'folder-in-use',
      `the data folder ${dataDir} holds data (${holds[0]}): move it away, or choose another with --data-dir`,
    );
  await makeDataFolder(dataDir);
  const release = lockForServer(path.join(dataDir, 'server.lock'));
  if (!release)
    throw new StorageError('data-folder-claimed', `a server uses the data folder ${dataDir}: stop it first`);
  try {
    await rm(draft, { recursive: true, force: true });
    await ensurePrivateFolder(draft);
    const report = await copyData(from, draft, { onProgress, mustOwn: process.geteuid?.() === 0 });
    const made = foldersOf(draft);
    for (const name of ['sessions', 'uploads'] as const) {
      // What an interrupted restore has moved already; of any other folder, only an empty one.
      if (isBegun) await rm(target[name], { recursive: true, force: true });
      else if (await exists(target[name])) await rmdir(target[name]);
      await rename(made[name], target[name]);
    }
    await syncDirectory(dataDir);
    // Last: with a catalog the folder is a data folder.
    await rename(made.catalog, target.catalog);
    await rm(draft, { recursive: true, force: true });
    await syncDirectory(dataDir);
    return report;
  } finally {
    release();
  }
}
