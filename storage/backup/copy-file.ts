/** Copies of single files, made so that uploads to the same disk don't wait for them. */
import { link, lstat, open, rm } from 'node:fs/promises';
import path from 'node:path';
import { giveDescriptorToOwnerOfFolder } from '../files.ts';

const PORTION_BYTES = 1 << 20;
/** Errors of link(2) after which a copy may succeed: another file system, no links there, or links to others' files forbidden. */
const NO_LINK = new Set(['EXDEV', 'EPERM', 'EACCES', 'EMLINK', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EINVAL']);

/**
 * Links a file whose bytes are final, or copies it where it can't be linked.
 * @param mustOwn whether the new name must belong to the owner of its folder: a link keeps the owner of its file
 * @throws Error of the system, e.g. ENOENT
 */
export async function linkOrCopy(from: string, to: string, mustOwn: boolean): Promise<void> {
  try {
    await link(from, to);
    if (!mustOwn || (await lstat(to)).uid === (await lstat(path.dirname(to))).uid) return;
    await rm(to);
  } catch (error) {
    if (!NO_LINK.has((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
  await copyStart(from, to, Number.POSITIVE_INFINITY);
}

/**
 * Copies the first bytes of a file, in synced portions, so that no candidate's upload waits for a large write.
 * @returns what is wrong where the file has fewer bytes
 */
export async function copyStart(from: string, to: string, bytes: number): Promise<string | null> {
  const target = await open(to, 'wx', 0o600);
  try {
    giveDescriptorToOwnerOfFolder(target.fd, to);
    if (bytes === 0) return null;
    const source = await open(from, 'r').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null;
      throw error;
    });
    if (!source) return 'is missing';
    try {
      const portion = Buffer.alloc(PORTION_BYTES);
      let at = 0;
      while (at < bytes) {
        const { bytesRead } = await source.read(portion, 0, Math.min(portion.length, bytes - at), at);
        if (bytesRead === 0) break;
        await target.writeFile(portion.subarray(0, bytesRead));
        await target.datasync();
        at += bytesRead;
      }
      return at < bytes && bytes !== Number.POSITIVE_INFINITY ? `has ${at} of ${bytes} bytes` : null;
    } finally {
      await source.close();
    }
  } finally {
    await target.close();
  }
}
