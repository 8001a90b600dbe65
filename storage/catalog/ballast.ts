/**
 * A file that only takes up room. On a full disk the catalog and `meta.json` get that room, so that uploads can be
 * deleted, sessions finished and tokens revoked, which is how a full disk gets empty again.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, unlinkSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { giveDescriptorToOwnerOfFolder } from '../files.ts';

const BALLAST_BYTES = 4 << 20;
/** The file is only made where this much is free: it must not be what fills a small disk. */
const ROOM_BYTES = 16 * BALLAST_BYTES;

/** The room that is kept for the catalog. */
export type Ballast = ReturnType<typeof createBallast>;

/** Creates the access to the ballast of a data folder; other processes on the same folder share it. */
export function createBallast(dataDir: string) {
  const file = path.join(dataDir, 'ballast');
  let known = false;
  let building = false;

  async function build(): Promise<void> {
    const handle = await open(`${file}.new`, 'w', 0o600);
    try {
      giveDescriptorToOwnerOfFolder(handle.fd, file);
      // Random bytes: a filesystem that compresses would keep no room for others.
      await handle.writeFile(randomBytes(BALLAST_BYTES));
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(`${file}.new`, file);
  }

  return {
    /** Gives the room back to the disk. Returns whether there was any. */
    release(): boolean {
      try {
        unlinkSync(file);
        known = true;
        return true;
      } catch {
        return false;
      }
    },

    /** Bytes that the catalog was given, which recordings may not take. */
    owedBytes: (): number => (known && !existsSync(file) ? BALLAST_BYTES : 0),

    /** Makes the file where it is not there and enough is free; does not wait for it. */
    keep(freeBytes: number): void {
      if (building || freeBytes < ROOM_BYTES || existsSync(file)) return;
      building = true;
      void build()
        .then(() => {
          known = true;
        })
        .catch(() => rm(`${file}.new`, { force: true }).catch(() => {}))
        .finally(() => {
          building = false;
        });
    },
  };
}
