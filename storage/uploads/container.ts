/** Which container a recording has, read from its first bytes: the one place that knows both signatures. */
import { open } from 'node:fs/promises';
import type { Container } from '../types.ts';

/** How many bytes of a file's start `containerOf` needs to know every container. */
export const MAGIC_BYTES = 8;

/**
 * The container that a file's first bytes name; the client's label is ignored. EBML (RFC 8794, section 11.2.1) is WebM,
 * a first box `ftyp` (ISO/IEC 14496-12, section 4.3) is MP4. Null for anything else.
 * @param head the first MAGIC_BYTES bytes; of fewer bytes MP4 is not recognised
 */
export function containerOf(head: Uint8Array): Container | null {
  const bytes = Buffer.from(head.buffer, head.byteOffset, head.byteLength);
  if (bytes.length >= 4 && bytes.readUInt32BE(0) === 0x1a45dfa3) return 'webm';
  if (bytes.length >= MAGIC_BYTES && bytes.toString('latin1', 4, 8) === 'ftyp') return 'mp4';
  return null;
}

/**
 * The first bytes of a file: `bytes` of them, or all where the file is shorter.
 * @throws Error of the system, e.g. ENOENT
 */
export async function readHead(file: string, bytes: number): Promise<Uint8Array> {
  const handle = await open(file, 'r');
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(bytes), 0, bytes, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}
