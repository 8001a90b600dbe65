/**
 * Temporary work folders for jobs, in memory where the machine has a file system for that. On the recordings' disk each
 * acknowledged chunk would wait for the jobs' bursts of writes: ext4 commits a sync only after the data that other
 * processes have just written.
 *
 * Every local user can write to that file system. Invariants:
 * 1. All work folders of a process are in one folder of its own: made by the system under a random name that was free
 *    (mkdtemp), mode 0700, and still that very folder whenever a work folder is opened.
 * 2. Nothing is used, changed or removed there that belongs to another user, and no link is followed.
 */
import { createHash } from 'node:crypto';
import { lstatSync, mkdtempSync, readFileSync, readlinkSync, statfsSync, statSync, writeFileSync } from 'node:fs';
import { mkdir, open, readdir, readFile, rm, rmdir } from 'node:fs/promises';
import { freemem } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { joinInside } from '../files.ts';

const MEMORY = '/dev/shm';
/** The file in a process's folder that says whose it is. */
const OWNER = 'owner';
/** The largest recording that is worked on in memory, in bytes. */
const MAX_BYTES = 200_000_000;
/** A job needs this many times its recording's size: a copy, a second one while its index moves to the front, sound. */
const TIMES_SOURCE = 4;
const PORTION_BYTES = 256 << 10;
/** A pause after each portion, in which uploads can sync: the copy has about 5 MB a second. */
const PORTION_PAUSE_MS = 50;

/** The jobs' work folders in memory. */
export interface Scratch {
  /** Opens an empty folder for one job; null where memory has no room for work on a recording of `sourceBytes` bytes. */
  open(job: string, sourceBytes: number): Promise<string | null>;
  /** Removes the job's folder. */
  close(job: string): Promise<void>;
  /**
   * Removes what earlier processes left: all folders of this data folder, and those of other data folders whose process has
   * ended, for instance of an installation that is gone. Only for a process that has claimed the data folder.
   * @throws Error where a folder can't be removed
   */
  clear(): Promise<void>;
}

/**
 * The beginning of the paths of all folders in memory that work on a data folder. By the data folder's inode: in two
 * containers, which may share this memory, two data folders can have the same path.
 */
export function scratchPrefix(dataDir: string, memory = MEMORY): string {
  const { dev, ino } = statSync(dataDir, { bigint: true });
  const key = createHash('sha256').update(`${dev}:${ino}`).digest('hex').slice(0, 16);
  return path.join(memory, `tresgo-${key}-`);
}

/**
 * Creates the work folders in memory.
 * @param dataDir the data folder whose jobs work there
 * @param memory the file system to use
 */
export function createScratch(dataDir: string, memory = MEMORY): Scratch {
  let own: { folder: string; ino: bigint } | null = null;
  const opened = new Set<string>();

  /** The folder of this process, made at the first call and whenever it is no longer there. */
  function ownFolder(): string {
    if (own && identity(own.folder) === own.ino) return own.folder;
    const folder = mkdtempSync(scratchPrefix(dataDir, memory));
    writeFileSync(path.join(folder, OWNER), processId(process.pid) ?? '', { flag: 'wx', mode: 0o600 });
    const ino = identity(folder);
    if (ino === null) throw new Error(`${folder} is not the folder that was made`);
    own = { folder, ino };
    return folder;
  }

  return {
    async open(job, sourceBytes) {
      if (sourceBytes > MAX_BYTES || !isSafe(memory) || !hasRoom(memory, sourceBytes * TIMES_SOURCE)) return null;
      try {
        const folder = joinInside(ownFolder(), job);
        opened.add(job);
        await rm(folder, { recursive: true, force: true });
        await mkdir(folder, { mode: 0o700 });
        return folder;
      } catch {
        return null;
      }
    },
    async close(job) {
      if (!own || !opened.has(job)) return;
      // Only then: of jobs that end at the same time, the last one to be gone removes the folder around them.
      await rm(joinInside(own.folder, job), { recursive: true, force: true }).finally(() => opened.delete(job));
      if (opened.size > 0 || !own) return;
      const { folder } = own;
      own = null;
      await rm(path.join(folder, OWNER), { force: true });
      await rmdir(folder).catch(() => {});
    },
    async clear() {
      let failure: { cause: unknown } | null = null;
      const prefix = path.basename(scratchPrefix(dataDir, memory));
      const names = await readdir(memory).catch((): string[] => []);
      for (const name of names.filter((each) => /^tresgo-[\da-f]{16}-\w+$/.test(each))) {
        const folder = path.join(memory, name);
        if (folder === own?.folder || identity(folder) === null) continue;
        if (!name.startsWith(prefix) && !(await isLeft(folder))) continue;
        await rm(folder, { recursive: true, force: true }).catch((cause: unknown) => {
          failure = { cause };
        });
      }
      if (failure) throw new Error(`${memory} has folders of earlier jobs`, failure);
    },
  };
}

/** The inode of a folder of this process's user that nobody else can enter; null for everything else, links included. */
function identity(folder: string): bigint | null {
  const found = lstatSync(folder, { bigint: true, throwIfNoEntry: false });
  if (!found?.isDirectory() || found.uid !== BigInt(process.getuid?.() ?? -1)) return null;
  return (found.mode & 0o077n) === 0n ? found.ino : null;
}

/** Whether no user can move or remove the folders of another one there. */
function isSafe(memory: string): boolean {
  const found = lstatSync(memory, { throwIfNoEntry: false });
  if (!found?.isDirectory()) return false;
  const isTheirs = found.uid !== 0 && found.uid !== process.getuid?.();
  return !isTheirs && ((found.mode & 0o022) === 0 || (found.mode & 0o1000) !== 0);
}

/** Names a running process for good: its process namespace, its number and the time of its start. Null where none runs. */
function processId(pid: number | string): string | null {
  try {
    // The name of the program, in brackets, may hold anything.
    const started = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ')[19];
    return `${readlinkSync('/proc/self/ns/pid')} ${pid} ${started}`;
  } catch {
    return null;
  }
}

/** Whether the process that made a folder has ended. Of a process in another namespace that can't be known. */
async function isLeft(folder: string): Promise<boolean> {
  const owner = await readFile(path.join(folder, OWNER), 'utf8').catch(() => '');
  const [namespace, pid] = owner.split(' ');
  if (!pid || !/^\d+$/.test(pid)) return false;
  try {
    return namespace === readlinkSync('/proc/self/ns/pid') && processId(pid) !== owner;
  } catch {
    return false;
  }
}

function hasRoom(memory: string, bytes: number): boolean {
  try {
    const { bavail, bsize } = statfsSync(memory);
    return bavail * bsize > bytes && freemem() > 2 * bytes;
  } catch {
    return false;
  }
}

/**
 * Copies a file in small synced portions, so that no upload's sync waits for a large one.
 * @throws the signal's reason once it is aborted
 */
export async function copyGently(from: string, to: string, signal: AbortSignal): Promise<void> {
  const [source, target] = [await open(from, 'r'), await open(to, 'w', 0o600)];
  try {
    const portion = Buffer.alloc(PORTION_BYTES);
    for (;;) {
      signal.throwIfAborted();
      const { bytesRead } = await source.read(portion, 0, portion.length);
      if (bytesRead === 0) return;
      await target.write(portion, 0, bytesRead);
      await target.datasync();
      await pause(PORTION_PAUSE_MS);
    }
  } finally {
    await source.close();
    await target.close();
  }
}
