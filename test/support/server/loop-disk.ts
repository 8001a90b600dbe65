/** Filesystems for one test: a small one in memory, and one in an image file whose power can be cut. Both need root. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, open, readFile, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { until } from '../tus/tus.ts';

const run = promisify(execFile);
/** The id of the mounting process follows: it shows which mounts were left by a test that was killed. */
const PREFIX = path.join(tmpdir(), 'tresgo-disk-');
// mkfs and losetup are in /usr/sbin, which is not in every PATH.
const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` };

/** A mounted filesystem. */
export interface Disk {
  /** The mount point. */
  path: string;
  /** Unmounts the filesystem and removes its files. */
  close(): Promise<void>;
}

/** A filesystem whose power can be cut. */
export interface LoopDisk extends Disk {
  /**
   * Cuts the power: only what is on the disk at this moment remains, and it is mounted again at the same path. A process
   * that uses the disk must be stopped before the call (SIGSTOP), and `whenCopied` must end it.
   */
  cut(whenCopied: () => Promise<void>): Promise<void>;
}

/** The reason why this machine cannot mount filesystems for a test; null when it can. */
export async function mountObstacle(): Promise<string | null> {
  if (process.getuid?.() !== 0) return 'mounting takes root';
  try {
    await removeStale();
    for (const open of [() => openTmpfs(1 << 20), () => openLoopDisk(8 << 20)]) await (await open()).close();
    return null;
  } catch (error) {
    return `this machine can't mount: ${(error as Error).message.trim()}`;
  }
}

/** Mounts a filesystem of `sizeBytes` in memory. */
export async function openTmpfs(sizeBytes: number): Promise<Disk> {
  const folder = await mkdtemp(`${PREFIX}${process.pid}-`);
  try {
    await run('mount', ['-t', 'tmpfs', '-o', `size=${sizeBytes}`, 'tresgo', folder]);
  } catch (error) {
    await rm(folder, { recursive: true });
    throw error;
  }
  return { path: folder, close: () => removeMount(folder, folder) };
}

/** Mounts an ext4 of `sizeBytes` from a sparse image file: the file takes only the room that is used. */
export async function openLoopDisk(sizeBytes: number): Promise<LoopDisk> {
  const folder = await mkdtemp(`${PREFIX}${process.pid}-`);
  const mounted = path.join(folder, 'disk');
  let count = 0;
  const image = () => path.join(folder, `image-${count}`);
  // ext4 must not write by itself, neither after some seconds nor because it guesses that a rename wants it: data that
  // was not synced has to be lost in a cut.
  const mount = () => run('mount', ['-o', 'loop,commit=300,noauto_da_alloc', image(), mounted], { env });
  try {
    await mkdir(mounted);
    await (await open(image(), 'w')).close();
    await truncate(image(), sizeBytes);
    await run('mkfs.ext4', ['-q', '-F', image()], { env });
    await mount();
  } catch (error) {
    await rm(folder, { recursive: true });
    throw error;
  }
  return {
    path: mounted,
    async cut(whenCopied) {
      const before = image();
      count += 1;
      await run('cp', ['--sparse=always', before, image()]);
      await whenCopied();
      await unmount(mounted);
      await rm(before);
      await mount();
    },
    close: () => removeMount(mounted, folder),
  };
}

/** Retries for a while: a process that has just ended may keep its files open. Not mounted any more is no error. */
async function unmount(mounted: string): Promise<void> {
  let last: unknown;
  const tried = async () => {
    try {
      if (!(await readFile('/proc/self/mounts', 'utf8')).includes(` ${mounted} `)) return true;
      await run('umount', [mounted]);
      return true;
    } catch (error) {
      last = error;
      return false;
    }
  };
  await until(tried, 10_000, 50).catch(() => Promise.reject(last));
}

async function removeMount(mounted: string, folder: string): Promise<void> {
  await unmount(mounted);
  await rm(folder, { recursive: true });
}

/** Unmounts what killed tests have left. */
async function removeStale(): Promise<void> {
  for (const line of (await readFile('/proc/self/mounts', 'utf8')).split('\n')) {
    const mounted = line.split(' ')[1] ?? '';
    const owner = mounted.startsWith(PREFIX) ? Number.parseInt(mounted.slice(PREFIX.length), 10) : process.pid;
    if (owner === process.pid || (await isAlive(owner))) continue;
    // Another test may do the same at this moment, and a server that outlived its test may still have files open there.
    await run('umount', ['--lazy', mounted]).catch(() => {});
    await rm(mounted.replace(/\/disk$/, ''), { recursive: true, force: true });
  }
}

async function isAlive(pid: number): Promise<boolean> {
  return readFile(`/proc/${pid}/comm`).then(
    () => true,
    () => false,
  );
}
