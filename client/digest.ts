import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import type { Spool } from './spool.ts';

/** Bytes hashed in one go: small enough that an old phone's page does not stutter. */
const STEP_BYTES = 262_144;

/** SHA-256 over the bytes of a take, kept up while it grows; a new one is rebuilt from the spool by the first `catchUp`. */
export interface TakeDigest {
  /** Hashes what the spool holds up to `toBytes`. Rejects where the spool cannot be read; a later call goes on from there. */
  catchUp(toBytes: number): Promise<void>;
  /** Of the bytes hashed so far; as `Repr-Digest` has it (RFC 9530, section 2). */
  base64(): string;
  /** The same in lower-case hex, as the receipt has it. */
  hex(): string;
}

export function createTakeDigest({ spool, takeId }: { spool: Pick<Spool, 'read'>; takeId: string }): TakeDigest {
  const hash = sha256.create();
  let hashed = 0;
  // One at a time: two readers would hash the same bytes twice.
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
