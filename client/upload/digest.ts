import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import type { Spool } from '../spool/spool.ts';

/** Bytes hashed in one step: few enough that the page of an old phone does not stutter. */
const STEP_BYTES = 262_144;

/** The SHA-256 of a take, updated while it grows. A new digest reads the take from the spool at its first `catchUp`. */
export interface TakeDigest {
  /** Hashes the take up to `toBytes`. Rejects where the spool cannot be read; a later call continues from there. */
  catchUp(toBytes: number): Promise<void>;
  /** The digest of the bytes hashed so far in base64, as in `Repr-Digest` (RFC 9530, section 2). */
  base64(): string;
  /** The same digest in lower-case hex, as in the receipt. */
  hex(): string;
}

/** Creates the digest of one take. */
export function createTakeDigest({ spool, takeId }: { spool: Pick<Spool, 'read'>; takeId: string }): TakeDigest {
  const hash = sha256.create();
  let hashed = 0;
  // One `advance` at a time: two would hash the same bytes twice.
  let turn: Promise<void> = Promise.resolve();

  async function advance(toBytes: number): Promise<void> {
    while (hashed < toBytes) {
      const end = Math.min(toBytes, hashed + STEP_BYTES);
      hash.update(new Uint8Array(await spool.read(takeId, hashed, end)));
      hashed = end;
    }
  }

  return {
    catchUp(toBytes) {
      const work = turn.then(() => advance(toBytes));
      turn = work.catch(() => {});
      return work;
    },
    base64: () => btoa(String.fromCharCode(...hash.clone().digest())),
    hex: () => bytesToHex(hash.clone().digest()),
  };
}
