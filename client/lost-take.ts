import { MissingBytesError, type Spool } from './spool.ts';
import type { Outcome } from './upload-tries.ts';

/** The refusal's code for a take whose bytes are gone from the device before they had all arrived. */
export const LOST_TAKE = 'take-lost';

/**
 * What a failure that would be tried again means where the device has lost the take: its browser's data was deleted, or
 * evicted. No try can help any more, and none is made by itself.
 */
export async function judgeLost(
  outcome: Outcome,
  { spool, takeId }: { spool: Pick<Spool, 'get' | 'read'>; takeId: string },
): Promise<Outcome> {
  if (outcome.kind !== 'later' || !(await isLost(spool, takeId))) return outcome;
  const detail = 'This device no longer holds the recording';
  return { kind: 'refused', status: 0, code: LOST_TAKE, detail, final: true };
}

async function isLost(spool: Pick<Spool, 'get' | 'read'>, takeId: string): Promise<boolean> {
  try {
    const held = await spool.get(takeId);
    if (!held) return true;
    // What is known of it may have been saved into memory where its bytes were not.
    if (held.bytes > 0) {
      await spool.read(takeId, 0, 1);
      await spool.read(takeId, held.bytes - 1, held.bytes);
    }
    return false;
  } catch (error) {
    // A store that can't be read now may be read later.
    return error instanceof MissingBytesError;
  }
}
