import type { Spool } from './spool.ts';
import type { Outcome } from './upload-tries.ts';

/** The refusal's code for a take whose bytes are gone from the device before they had all arrived. */
export const LOST_TAKE = 'take-lost';

/**
 * What a failure that would be tried again means where the device has lost the take: its browser's data was deleted, or
 * evicted. No try can help any more, and none is made by itself.
 */
export async function judgeLost(
  outcome: Outcome,
  { spool, takeId }: { spool: Pick<Spool, 'get'>; takeId: string },
): Promise<Outcome> {
  if (outcome.kind !== 'later') return outcome;
  // A store that can't be read now may be read later.
  const held = await spool.get(takeId).catch(() => undefined);
  if (held !== null) return outcome;
  const detail = 'This device no longer holds the recording';
  return { kind: 'refused', status: 0, code: LOST_TAKE, detail, final: true };
}
