/**
 * Where jobs write in bursts: in memory, where the machine has a file system for that. On the recordings' disk every
 * acknowledged chunk would wait for those bursts: ext4 commits a sync only after the data that others have just written.
 */
import { createHash } from 'node:crypto';
import { statfsSync } from 'node:fs';
import { mkdir, open, rm, rmdir } from 'node:fs/promises';
import { freemem } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { joinInside } from './session-folder.ts';

const MEMORY = '/dev/shm';
/** Of a recording; a larger one is worked on where it lies. */
const MAX_BYTES = 200_000_000;
/** A copy, the same once more while its index moves to the front, sound for a speech engine: in all, times the recording. */
const TIMES_SOURCE = 4;
const PORTION_BYTES = 256 << 10;
/** Between two portions: others' syncs go in between. About 5 MB a second. */
const PORTION_PAUSE_MS = 50;

export interface Scratch {
  /** An empty folder for one job's bursts; null where there is no room in memory for a recording of so many bytes. */
  open(job: string, sourceBytes: number): Promise<string | null>;
  close(job: string): Promise<void>;
  /** What processes before left. */
  clear(): Promise<void>;
}

/** Of the jobs of a data folder. */
export function scratchFolder(dataDir: string): string {
  const key = createHash('sha256').update(path.resolve(dataDir)).digest('hex').slice(0, 16);
  return path.join(MEMORY, `tresgo-${key}`);
}

/** @param dataDir whose jobs they are */
export function createScratch(dataDir: string): Scratch {
  const root = scratchFolder(dataDir);
  return {
    async open(job, sourceBytes) {
      if (sourceBytes > MAX_BYTES || !hasRoom(sourceBytes * TIMES_SOURCE)) return null;
      const folder = joinInside(root, job);
      try {
        await rm(folder, { recursive: true, force: true });
        await mkdir(folder, { recursive: true, mode: 0o700 });
        return folder;
      } catch {
        return null;
      }
    },
    async close(job) {
      await rm(joinInside(root, job), { recursive: true, force: true });
      // Not while others work there.
      await rmdir(root).catch(() => {});
    },
    clear: () => rm(root, { recursive: true, force: true }),
  };
}

function hasRoom(bytes: number): boolean {
  try {
    const { bavail, bsize } = statfsSync(MEMORY);
    return bavail * bsize > bytes && freemem() > 2 * bytes;
  } catch {
    return false;
  }
}

/** Copies a file in small synced portions, so that nobody else's sync waits for a large one. */
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
