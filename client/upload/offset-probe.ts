import { sleep, type Timers } from '../timers.ts';
import type { Watchdog } from './stall-watchdog.ts';

/** The server is asked for the offset of a PATCH that has been silent for this time, and again after each such time. */
export const PROBE_EVERY_MS = 4000;
/** A response that took longer than this came over a link that carries something else as well: the body. */
export const SLOW_RESPONSE_MS = 1000;

/** Options of `probeOffset`. */
export interface OffsetProbeOptions {
  timers: Timers;
  watchdog: Pick<Watchdog, 'moved' | 'quietMs'>;
  /** The offset at which the PATCH began, in bytes. */
  from: number;
  /** The bytes that the server holds; null where no response says so. */
  ask: (signal: AbortSignal) => Promise<number | null>;
  /** Aborted when the PATCH ends. */
  signal: AbortSignal;
}

/**
 * Asks the server, on another connection, how many bytes of a silent PATCH arrived. The operating system may buffer a
 * whole body at once; from then on a slow link and a dead one look alike, but where the server's offset grows, bytes
 * move, and the watchdog is informed. Growth counts from the time of the question before, since the connection may have
 * died right after it. An offset that does not grow proves nothing: a proxy may hold the body back.
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
    const slow = timers.now() - askedAt >= SLOW_RESPONSE_MS;
    if (offset > known) watchdog.moved(slow ? 0 : timers.now() - knownAt);
    known = offset;
    knownAt = askedAt;
  }
}
