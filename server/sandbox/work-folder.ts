/**
 * Changes the owner of a job's folder: a child that gave up root's rights works in it as another user, and the server owns
 * the files afterwards. A hijacked child may leave anything in the folder: links are never followed, and everything that is
 * no plain file is removed.
 */
import { constants } from 'node:fs';
import { type FileHandle, lchown, open, readdir, rm } from 'node:fs/promises';
import path from 'node:path';

/**
 * Gives a folder and its files to a user.
 * @returns false where other users can enter the folder or own it: then it is no job's folder, and nothing is changed
 * @throws Error where the path is no folder, or a link to one
 */
export function handOver(folder: string, user: number): Promise<boolean> {
  return withFolder(folder, async (opened) => {
    const { mode, uid } = await opened.stat();
    if ((mode & 0o077) !== 0 || uid !== process.getuid?.()) return false;
    for (const name of await readdir(folder)) await lchown(path.join(folder, name), user, user);
    await opened.chown(user, user);
    return true;
  });
}

/** Gives a folder and its files back to the server's user, with modes 0700 and 0600. */
export function takeBack(folder: string): Promise<void> {
  const [user, group] = [process.getuid?.() ?? -1, process.getgid?.() ?? -1];
  return withFolder(folder, async (opened) => {
    await opened.chown(user, group);
    await opened.chmod(0o700);
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      const name = path.join(folder, entry.name);
      if (!entry.isFile()) {
        await rm(name, { recursive: true, force: true });
        continue;
      }
      const file = await open(name, constants.O_RDONLY | constants.O_NOFOLLOW);
      try {
        await file.chown(user, group);
        await file.chmod(0o600);
      } finally {
        await file.close();
      }
    }
  });
}

/** @throws Error where the path is no folder, or a link to one */
async function withFolder<T>(folder: string, use: (opened: FileHandle) => Promise<T>): Promise<T> {
  const opened = await open(folder, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    return await use(opened);
  } finally {
    await opened.close();
  }
}
