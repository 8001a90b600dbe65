import { sleep, type Timers } from './timers.ts';
import type { Watchdog } from './watchdog.ts';

/** A PATCH that has been silent for so long, in ms, is asked after, again and again. */
export const PROBE_EVERY_MS = 4000;
/** An answer that took longer came over a link that had something else to carry: the body. */
export const SLOW_ANSWER_MS = 1000;

export interface OffsetProbeOptions {
  timers: Timers;
  watchdog: Pick<Watchdog, 'moved' | 'quietMs'>;
  /** Where the PATCH began. */
  from: number;
  /** The bytes the server holds; null where it does not say. */
  ask: (signal: AbortSignal) => Promise<number | null>;
  /** Aborted when the PATCH is over. */
  signal: AbortSignal;
}

/**
 * Asks the server, on another connection, how far a silent PATCH has come. A kernel may swallow a whole body at once; from
 * then on a slow link and a dead one look alike, but where the server's offset grows, bytes move, and the watchdog hears of
 * it. Growth counts from the last question on, since the connection may have died right after it. An offset that stands
 * proves nothing: a proxy may hold the body back.
 */
export async function probeOffset({ timers, watchdog, from, ask, signal }: OffsetProbeOptions): Promise<void> {
  let known = from;
  let knownAt = timers.now();
  while (!signal.aborted) {
    await sleep(timers, PROBE_EVERY_MS, signal);
    if (signal.aborted || watchdog.quietMs() < PROBE_EVERY_MS) continue;
    const askedAt = timers.now();
    const offset = await ask(signal);
    if (signal.aborted || offset === null) continue;
    const slow = timers.now() - askedAt >= SLOW_ANSWER_MS;
    if (offset > known) watchdog.moved(slow ? 0 : timers.now() - knownAt);
    known = offset;
    knownAt = askedAt;
  }
}
