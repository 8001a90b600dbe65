/** A backup: a copy of a data folder that `restoreBackup` takes, and on which a server can start as it is. */
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { StorageError } from '../errors.ts';
import { exists, makeDataFolder } from '../files.ts';
import { type CopyReport, copyData, type OnProgress } from './copy-data.ts';
import { foldersOf } from './stored-file.ts';

/**
 * Makes a backup of a data folder, beside the server that runs on it or without one.
 * @param out a folder that does not exist, or an empty one
 * @throws StorageError `no-data-folder`, `folder-in-use`, `data-folder-unusable` or `catalog-unusable`, in words for the admin
 */
export async function backUp(dataDir: string, out: string, onProgress: OnProgress = () => {}): Promise<CopyReport> {
  await requireDataFolder(dataDir);
  if (isWithin(out, dataDir))
    throw new StorageError('folder-in-use', `${out} is in the data folder: choose a folder outside of it`);
  if ((await namesIn(out)).length > 0)
    throw new StorageError('folder-in-use', `${out} is not empty: name a folder that is new, or empty`);
  await makeDataFolder(out);
  return copyData(dataDir, out, { onProgress, mustOwn: false });
}

/** Whether a folder is a data folder: it has a catalog. */
export async function hasCatalog(dataDir: string): Promise<boolean> {
  return exists(foldersOf(dataDir).catalog);
}

/**
 * Checks that a folder is a data folder.
 * @throws StorageError `no-data-folder`, in words for the admin
 */
export async function requireDataFolder(dataDir: string): Promise<void> {
  if (!(await hasCatalog(dataDir)))
    throw new StorageError(
      'no-data-folder',
      `there is no data folder ${dataDir}: name the right one with --data-dir or TRESGO_DATA_DIR ("tresgo serve" makes a new one)`,
    );
}

/** The names in a folder; none where there is no folder. */
export async function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw new StorageError('folder-in-use', `${folder} can't be used (${error.code}): name another folder`, {
      cause: error,
    });
  });
}

/** Whether a path is that of a folder, or below it. */
export function isWithin(file: string, folder: string): boolean {
  const way = path.relative(path.resolve(folder), path.resolve(file));
  return way === '' || !(way.startsWith('..') || path.isAbsolute(way));
}
