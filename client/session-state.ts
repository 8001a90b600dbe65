import { sleep, type Timers } from './timers.ts';
import type { Outcome } from './upload-tries.ts';
import { STALL_MS } from './watchdog.ts';

/** Where the session stands at the server; `unknown` where it could not be asked. */
export type SessionState = 'open' | 'finished' | 'unknown';

/**
 * What it means that the server does not know an upload (404, 410). A finished session takes it never; an open one has lost it,
 * and the same takeId may be created again; where nobody knows, the upload is asked for again later. Another outcome stays.
 */
export async function judgeGone(
  outcome: Outcome,
  { ask, timers, signal }: { ask: () => Promise<SessionState>; timers: Timers; signal: AbortSignal },
): Promise<Outcome> {
  if (outcome.kind !== 'gone') return outcome;
  const waiting = new AbortController();
  const stop = () => waiting.abort();
  signal.addEventListener('abort', stop);
  if (signal.aborted) stop();
  const late = sleep(timers, STALL_MS, waiting.signal).then((): SessionState => 'unknown');
  const state = await Promise.race([ask().catch((): SessionState => 'unknown'), late]);
  signal.removeEventListener('abort', stop);
  stop();
  if (state === 'open') return outcome;
  if (state === 'unknown')
    return { kind: 'later', reason: `${outcome.reason}; the session could not be asked for`, retryAfterMs: 0 };
  const detail = 'The session was finished before this answer was whole.';
  return { kind: 'refused', status: 409, code: 'session-finished', detail, final: true };
}
