import { mkdir, rename } from 'node:fs/promises';
import path from 'node:path';
import { exists, joinInside, syncDirectory } from '../session-folder.ts';
import type { Take } from '../types.ts';

/**
 * Moves a take's file into its session's folder, durably; done again after a crash, it changes nothing.
 * @param name below the folder: `Q1.webm` or `takes/Q1-1.webm`
 */
export async function moveInto(folder: string, name: string, from: string, take: Take): Promise<void> {
  const to = joinInside(folder, ...name.split('/'));
  if (name.startsWith('takes/')) await mkdir(path.dirname(to), { recursive: true, mode: 0o700 });
  await renameOnce(from, to, take);
  await syncDirectory(path.dirname(to));
  await syncDirectory(folder);
}

/** A rename that an earlier try, before a crash, may have done already. */
export async function renameOnce(from: string, to: string, take: Take): Promise<void> {
  try {
    await rename(from, to);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT' || !(await exists(to)))
      throw new Error(`take ${take.number} of question ${take.question} can't be placed`, { cause });
  }
}
