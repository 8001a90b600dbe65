/** Filesystems of a test's own: a small one in memory, and one in an image file whose power can be cut. Both take root. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, open, readFile, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { until } from './tus.ts';

const run = promisify(execFile);
/** The mounting process's id follows: what a test left that was killed itself is known by it. */
const PREFIX = path.join(tmpdir(), 'tresgo-disk-');
// mkfs and losetup are not in everybody's PATH.
const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` };

export interface Disk {
  /** Where it is mounted. */
  path: string;
  /** Unmounts it and removes what it was made of. */
  close(): Promise<void>;
}

export interface LoopDisk extends Disk {
  /**
   * A power cut: what is on the disk at this moment is all that is left, mounted at the same path as after the power is
   * back. Whoever uses the disk must stand still, and is to be ended by `whenCopied`.
   */
  cut(whenCopied: () => Promise<void>): Promise<void>;
}

/** Why this machine can't mount filesystems for a test; null when it can. */
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

/** A filesystem in memory with room for so many bytes. */
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

/** An ext4 in an image file, which takes as much room as is used of it. */
export async function openLoopDisk(sizeBytes: number): Promise<LoopDisk> {
  const folder = await mkdtemp(`${PREFIX}${process.pid}-`);
  const mounted = path.join(folder, 'disk');
  let count = 0;
  const image = () => path.join(folder, `image-${count}`);
  // Nothing reaches the disk by the mere passing of time, or because ext4 guesses that a rename wants it to: what was
  // not synced is lost in a cut.
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

/** A process that has just ended may keep its files for a moment. What is not mounted any more is left as it is. */
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

/** Unmounts what tests have left that ended before they could. */
async function removeStale(): Promise<void> {
  for (const line of (await readFile('/proc/self/mounts', 'utf8')).split('\n')) {
    const mounted = line.split(' ')[1] ?? '';
    const owner = mounted.startsWith(PREFIX) ? Number.parseInt(mounted.slice(PREFIX.length), 10) : process.pid;
    if (owner === process.pid || (await isAlive(owner))) continue;
    // Another test may be at it as well; a server without its test may still have files open there.
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
