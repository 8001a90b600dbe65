import { open } from 'node:fs/promises';

export interface Container {
  extension: 'webm' | 'mp4';
}

/** Bytes that are enough to tell. */
export const MAGIC_BYTES = 8;

/**
 * What the first bytes say, whatever the label does: EBML (RFC 8794, section 11.2.1) is WebM, a first box `ftyp`
 * (ISO/IEC 14496-12, 4.3) is MP4. Null for anything else.
 */
export function containerOf(head: Uint8Array): Container | null {
  const bytes = Buffer.from(head.buffer, head.byteOffset, head.byteLength);
  if (bytes.length >= 4 && bytes.readUInt32BE(0) === 0x1a45dfa3) return { extension: 'webm' };
  if (bytes.length >= MAGIC_BYTES && bytes.toString('latin1', 4, 8) === 'ftyp') return { extension: 'mp4' };
  return null;
}

/** Up to `bytes` bytes from a file's start. */
export async function readHead(file: string, bytes: number): Promise<Uint8Array> {
  const handle = await open(file, 'r');
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(bytes), 0, bytes, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}
