/** Durable operations on files and folders: what each of them did is still there after a power cut. */
import { closeSync, fchownSync, fstatSync, openSync, statSync } from 'node:fs';
import { access, constants, mkdir, open, readdir, rename } from 'node:fs/promises';
import { userInfo } from 'node:os';
import path from 'node:path';
import { StorageError } from './errors.ts';

const SEGMENT = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,199}$/;

/**
 * The one way to make a path below `root`: each part must be one plain ASCII file name.
 * @throws Error for any other part (`..`, separators, NUL, hidden or empty names)
 */
export function joinInside(root: string, ...parts: string[]): string {
  for (const part of parts) if (!SEGMENT.test(part)) throw new Error(`${JSON.stringify(part)} is no plain file name`);
  return path.join(root, ...parts);
}

/** Whether `joinInside` takes the parts of this path. */
export function isPlainPath(name: string): boolean {
  return name.split('/').every((part) => SEGMENT.test(part));
}

/** Whether a file or folder of this name exists and can be reached. */
export async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}

/**
 * Gives a file or folder that root has just made to the owner of the folder that it is in, whose server must be able to use
 * it. Does nothing for any other user.
 */
export function giveToOwnerOfFolder(file: string): void {
  giveToOwnerOf(path.dirname(file), file);
}

/** As `giveToOwnerOfFolder`, for a file that is open. */
export function giveDescriptorToOwnerOfFolder(descriptor: number, file: string): void {
  if (isRoot()) give(descriptor, path.dirname(file));
}

/** Gives a file or folder that root has made to the owner of `folder`. Does nothing for any other user. */
export function giveToOwnerOf(folder: string, file: string): void {
  if (!isRoot()) return;
  // By descriptor, and never through a link: the folder's owner may put another file in its place meanwhile.
  const descriptor = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    give(descriptor, folder);
  } finally {
    closeSync(descriptor);
  }
}

const isRoot = () => process.geteuid?.() === 0;

function give(descriptor: number, folder: string): void {
  const { uid, gid } = statSync(folder);
  const now = fstatSync(descriptor);
  // A file with several names may be one of another folder.
  if ((now.isFile() && now.nlink > 1) || (now.uid === uid && now.gid === gid)) return;
  fchownSync(descriptor, uid, gid);
}

/** Syncs a directory: a new name in it, or a rename, survives a power cut only after that (fsync(2)). */
export async function syncDirectory(directory: string): Promise<void> {
  await syncFile(directory);
}

/** Resolves once the file's bytes are on the disk. */
export async function syncFile(file: string): Promise<void> {
  const handle = await open(file, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * Replaces a file in one step: a reader, or a crash, sees the old text or the new one, always whole. The text is written
 * beside the name, synced, and renamed.
 * @param draft part of the temporary name, so that two processes at once don't write one temporary file
 */
export async function replaceFile(folder: string, name: string, text: string, draft = ''): Promise<void> {
  const temporary = path.join(folder, `.${name}${draft}.new`);
  const handle = await open(temporary, 'w', 0o600);
  try {
    giveDescriptorToOwnerOfFolder(handle.fd, temporary);
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(temporary, path.join(folder, name));
  await syncDirectory(folder);
}

/**
 * Makes a folder with mode 0700 that belongs to the owner of the folder around it.
 * @throws Error with code EEXIST when the name is taken
 */
async function makePrivateFolder(folder: string): Promise<void> {
  await mkdir(folder, { mode: 0o700 });
  giveToOwnerOfFolder(folder);
}

/** Makes a folder as `makePrivateFolder` does, unless it is there; the folder around it exists. */
export async function ensurePrivateFolder(folder: string): Promise<void> {
  await makePrivateFolder(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
}

/**
 * Makes a folder that did not exist; when the name is taken, `_2`, `_3`, … is added.
 * @returns the name
 */
export async function createExclusiveFolder(root: string, name: string): Promise<string> {
  for (let count = 1; ; count++) {
    const candidate = count === 1 ? name : `${name}_${count}`;
    try {
      await makePrivateFolder(joinInside(root, candidate));
      await syncDirectory(root);
      return candidate;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}

/**
 * Makes the data folder, and folders in it, with mode 0700 unless they exist.
 * @throws StorageError `data-folder-unusable`, in words for the admin
 */
export async function makeDataFolder(dataDir: string, folders: string[] = []): Promise<void> {
  try {
    for (const folder of [dataDir, ...folders]) await makeFolder(folder);
    await access(dataDir, constants.W_OK);
    for (const name of await readdir(dataDir)) if (OWN.test(name)) await requireAccess(path.join(dataDir, name));
  } catch (cause) {
    const { code, path: file = dataDir } = cause as NodeJS.ErrnoException;
    if (code === 'EACCES' || code === 'EPERM') throw notOurs(dataDir, file, cause);
    throw new StorageError(
      'data-folder-unusable',
      `the data folder ${dataDir} can't be used (${code}): choose another with --data-dir`,
      { cause },
    );
  }
}

/** What this program makes in a data folder. */
const OWN = /^(sessions|uploads|work|tresgo\.db.*|server\.lock)$/;

async function requireAccess(file: string): Promise<void> {
  await access(file, constants.R_OK | constants.W_OK).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
}

/** The error for files of another user: whose they are, and what to do. */
function notOurs(dataDir: string, file: string, cause: unknown): StorageError {
  const { uid, username } = whoAmI();
  const owner = ownerOf(file);
  const whose = owner === undefined ? '' : ` belongs to ${owner === 0 ? 'root' : `uid ${owner}`}, and`;
  return new StorageError(
    'data-folder-unusable',
    `the data folder ${dataDir} can't be used (EACCES): ${file}${whose} this process runs as ${username} (uid ${uid}): run, as root,  chown -R ${username}: ${dataDir}  or choose another with --data-dir`,
    { cause },
  );
}

/** The user of this process; a container's user may have no name. */
function whoAmI(): { uid: number; username: string } {
  try {
    return userInfo();
  } catch {
    const uid = process.geteuid?.() ?? -1;
    return { uid, username: String(uid) };
  }
}

/** The owner of a file; undefined where this process may not even ask. */
function ownerOf(file: string): number | undefined {
  try {
    return statSync(file).uid;
  } catch {
    return undefined;
  }
}

/** Makes a folder and its parents. Node's own recursive mkdir never ends where each attempt fails with ENOENT, as in /proc. */
async function makeFolder(folder: string): Promise<void> {
  const parent = path.dirname(folder);
  await access(parent).catch(() => makeFolder(parent));
  try {
    await makePrivateFolder(folder);
    await syncDirectory(parent);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}
