/** What a failed attempt really means, once the session at the server and the device's spool have been asked. */
import { MissingBytesError, type Spool } from '../spool/spool.ts';
import { sleep, type Timers } from '../timers.ts';
import { STALL_MS } from './stall-watchdog.ts';
import type { Failure } from './tus-responses.ts';

/** The state of the session at the server; `unknown` where the server could not be asked. */
export type SessionState = 'open' | 'finished' | 'unknown';

/** The code of the refusal for a take whose bytes the device lost before the server had them all. */
export const LOST_TAKE = 'take-lost';

/** Options of `reclassify`. */
export interface ReclassifyOptions {
  spool: Pick<Spool, 'get' | 'read'>;
  takeId: string;
  sessionState: () => Promise<SessionState>;
  timers: Timers;
  /** Ends the question for the session's state. */
  signal: AbortSignal;
}

/**
 * Replaces a failure by what it means for the take: an upload that the server does not know (404, 410) can be created
 * again in an open session, and never in a finished one; and where the device lost the take, because its browser's data
 * was deleted or evicted, no further attempt can succeed.
 */
export async function reclassify(failure: Failure, options: ReclassifyOptions): Promise<Failure> {
  const known = failure.kind === 'gone' ? await classifyGone(failure, options) : failure;
  if (known.kind !== 'later' || !(await isLost(options))) return known;
  const detail = 'This device no longer holds the recording';
  return { kind: 'refused', status: 0, code: LOST_TAKE, detail, final: true };
}

async function classifyGone(
  failure: Extract<Failure, { kind: 'gone' }>,
  { sessionState, timers, signal }: ReclassifyOptions,
): Promise<Failure> {
  const waiting = new AbortController();
  const stop = () => waiting.abort();
  signal.addEventListener('abort', stop);
  if (signal.aborted) stop();
  const late = sleep(timers, STALL_MS, waiting.signal).then((): SessionState => 'unknown');
  const state = await Promise.race([sessionState().catch((): SessionState => 'unknown'), late]);
  signal.removeEventListener('abort', stop);
  stop();
  if (state === 'open') return failure;
  // A second upload of a finished session would be refused: the upload is asked for again until the session's state is
  // known.
  if (state === 'unknown')
    return { kind: 'later', reason: `${failure.reason}; the session could not be asked for`, retryAfterMs: 0 };
  const detail = 'The session was finished before this answer was whole.';
  return { kind: 'refused', status: 403, code: 'session-finished', detail, final: true };
}

async function isLost({ spool, takeId }: Pick<ReclassifyOptions, 'spool' | 'takeId'>): Promise<boolean> {
  try {
    const take = await spool.get(takeId);
    if (!take) return true;
    // The record may be in memory, where the bytes were in the store that was emptied: the first and the last are read.
    if (take.bytes > 0) {
      await spool.read(takeId, 0, 1);
      await spool.read(takeId, take.bytes - 1, take.bytes);
    }
    return false;
  } catch (error) {
    // A store that cannot be read now may be readable later.
    return error instanceof MissingBytesError;
  }
}
