/** Writes a body into an upload's file, and commits it piece by piece. The promises are those of durable-store.ts. */
import type { Readable } from 'node:stream';
import { StorageError } from '../errors.ts';
import { MAGIC_BYTES } from './container.ts';
import { type PumpEnd, type PumpOptions, pump } from './pump.ts';
import type { UploadFile } from './upload-file.ts';

/** A long body is committed after this many bytes or ms, so that a crash costs little of it. */
const COMMIT_BYTES = 8 << 20;
const COMMIT_MS = 2_000;

/** The limits of an append, and its hooks. */
export interface AppendOptions extends Omit<PumpOptions, 'onQuiet'> {
  /**
   * How many bytes at the start of the source repeat the last committed ones: they are compared, and not written again.
   * 0 by default.
   */
  repeatedBytes?: number;
  /**
   * Called with the offset, in bytes, after each commit within the body: when the bytes that name a container have
   * come, then every 2 s or 8 MiB, and whenever the source pauses for 270 ms. An error that it throws ends the append;
   * the bytes stay.
   */
  onCommit?: (offset: number) => Promise<void>;
  /** Asked after each write: whether to commit now, because `onCommit` is about to end the append. */
  isDue?: () => boolean;
}

/** What an append needs of its upload. */
interface Ledger {
  /** Makes the offset a promise, once `sync` has resolved. */
  commit(offset: number, sync: () => Promise<void>): Promise<void>;
  /** Gets the committed offset, and the SHA-256 (hex) of the bytes before it, when a sync has failed. */
  onFailedSync(offset: number, sha256: string): void;
}

/**
 * Writes the bytes of `source` behind the committed ones, and commits them after any end of the source.
 * @returns how the source ended
 * @throws StorageError `bytes-differ` when bytes that should repeat committed ones are others; nothing is written then
 * @throws Error when the bytes can't be written; bytes that were committed stay
 */
export async function appendTo(
  file: UploadFile,
  source: Readable,
  { onCommit, isDue, repeatedBytes = 0, commit: promise, onFailedSync, ...options }: AppendOptions & Ledger,
): Promise<PumpEnd> {
  let written = file.offset;
  let repeated = repeatedBytes;
  // The hash of [0, file.offset): after an error of the disk, the file must still have these bytes.
  let before = file.hash.copy();
  let committedAt = performance.now();
  const commit = async () => {
    if (written === file.offset) return;
    const sync = () =>
      file.sync().catch((error: unknown) => {
        onFailedSync(file.offset, before.digest('hex'));
        throw error;
      });
    await promise(written, sync);
    file.offset = written;
    committedAt = performance.now();
  };
  const commitWithin = async () => {
    if (written === file.offset) return;
    await commit();
    before = file.hash.copy();
    await onCommit?.(file.offset);
  };
  /** The chunks without the bytes that repeat committed ones. */
  const passOver = (chunks: Buffer[]): Buffer[] => {
    const rest: Buffer[] = [];
    for (const chunk of chunks) {
      const same = chunk.subarray(0, repeated);
      if (same.length > 0 && !file.has(same, file.offset - repeated))
        throw new StorageError(
          'bytes-differ',
          `the bytes at ${file.offset - repeated} are others than the stored ones`,
        );
      repeated -= same.length;
      if (chunk.length > same.length) rest.push(chunk.subarray(same.length));
    }
    return rest;
  };
  let begun = false;
  const end = await pump(
    source,
    async (chunks, _bytes, last) => {
      // Right before each write: behind the end of a file that was cut meanwhile, a hole of zeros would follow.
      if (begun) file.requireBytes(written);
      else await file.cutBack();
      begun = true;
      const fresh = repeated > 0 ? passOver(chunks) : chunks;
      file.write(fresh, written);
      for (const { length } of fresh) written += length;
      const judged = file.offset >= MAGIC_BYTES || written < MAGIC_BYTES;
      const late = written - file.offset >= COMMIT_BYTES || performance.now() - committedAt >= COMMIT_MS;
      if (last || (judged && !late && !isDue?.())) return;
      await commitWithin();
    },
    // Silence may be a dead connection: what came is told by HEAD, and accepted as the offset of the next request.
    { ...options, onQuiet: commitWithin },
  );
  await commit();
  return end;
}
