/**
 * A job's folder changes hands: the child that works in it has another user than we, and what it made is ours again. A
 * child that was taken over may leave anything here: links are never followed, and what is no plain file goes.
 */
import { constants } from 'node:fs';
import { chmod, lchown, open, readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';

/**
 * Makes a folder and its files a user's.
 * @returns false where others can enter it: then it is no job's folder, and stays as it is
 */
export async function handOver(folder: string, user: number): Promise<boolean> {
  const { mode, uid } = await stat(folder);
  if ((mode & 0o077) !== 0 || uid !== process.getuid?.()) return false;
  for (const name of await readdir(folder)) await lchown(path.join(folder, name), user, user);
  await lchown(folder, user, user);
  return true;
}

/** Makes a folder and its files ours, for nobody else to read. */
export async function takeBack(folder: string): Promise<void> {
  const [user, group] = [process.getuid?.() ?? -1, process.getgid?.() ?? -1];
  await lchown(folder, user, group);
  await chmod(folder, 0o700);
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
}
