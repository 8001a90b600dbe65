/**
 * A take's file on its way into the session's folder and back. Both directions are durable, and done again after a
 * crash they change nothing.
 */
import { rename } from 'node:fs/promises';
import path from 'node:path';
import { StorageError } from '../errors.ts';
import { ensurePrivateFolder, exists, joinInside, syncDirectory } from '../files.ts';
import { isEarlier } from '../names.ts';
import type { Take } from '../types.ts';

/**
 * Moves a take's file into its session's folder.
 * @param name below the folder: `Q1.webm` or `takes/Q1-1.webm`
 * @throws StorageError `not-placed`
 */
export async function moveInto(folder: string, name: string, from: string, take: Take): Promise<void> {
  const to = pathIn(folder, name);
  if (isEarlier(name)) await ensurePrivateFolder(path.dirname(to));
  await renameOnce(from, to, take);
  await syncDirectory(path.dirname(to));
  await syncDirectory(folder);
}

/**
 * Moves a take's file out of its session's folder.
 * @param name below the folder: `takes/Q1-1.partial.webm`
 * @throws StorageError `not-placed`
 */
export async function moveOut(folder: string, name: string, to: string, take: Take): Promise<void> {
  await renameOnce(pathIn(folder, name), to, take);
  await syncDirectory(path.dirname(to));
}

function pathIn(folder: string, name: string): string {
  return joinInside(folder, ...name.split('/'));
}

/** A rename that an attempt before a crash may have done already. */
async function renameOnce(from: string, to: string, take: Take): Promise<void> {
  try {
    await rename(from, to);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT' || !(await exists(to)))
      throw new StorageError('not-placed', `take ${take.number} of question ${take.question} can't be placed`, {
        cause,
      });
  }
}
