import { MAX_PATCH_BYTES, MIN_PATCH_BYTES } from './growing-source.ts';
import type { Timers } from './timers.ts';

/**
 * A PATCH should take about so long on the link as measured: far below the watchdog's limit, because the kernel may swallow
 * a whole body at once and then nothing seems to move, and far above a round trip.
 */
export const PATCH_TARGET_MS = 4000;
/** Before anything was measured. */
const FIRST_PATCH_BYTES = 262_144;
/** Smaller PATCHes measure the round trip, not the link. */
const MEASURED_BYTES = 16_384;

/** What an upload sent, what of it the server holds, and how fast it went. Offsets and counts are bytes. */
export function createTransfer(timers: Timers) {
  let sent = 0;
  /** Null until the server was asked. */
  let acked: number | null = null;
  /** What the server held before this page sent anything. */
  let before = 0;
  let moved = false;
  let patchBytes = FIRST_PATCH_BYTES;
  let patch: { offset: number; sent: number; since: number } | null = null;

  function settle(offset: number): boolean {
    const grown = offset > (acked ?? 0);
    acked = offset;
    moved ||= grown;
    return grown;
  }

  return {
    /** A PATCH goes out. */
    begin(offset: number): void {
      patch = { offset, sent: 0, since: timers.now() };
    },
    /** The wire took bytes up to `position`; true where that is news. */
    at(position: number): boolean {
      const more = patch ? position - patch.offset - patch.sent : 0;
      if (!patch || more <= 0) return false;
      patch.sent += more;
      sent += more;
      return true;
    },
    /** The PATCH was answered; true where the server holds more than before. */
    acked(offset: number): boolean {
      const bytes = patch ? offset - patch.offset : 0;
      if (patch && bytes >= MEASURED_BYTES) {
        const ms = Math.max(1, timers.now() - patch.since);
        patchBytes = Math.min(MAX_PATCH_BYTES, Math.max(MIN_PATCH_BYTES, Math.round((bytes / ms) * PATCH_TARGET_MS)));
      }
      patch = null;
      return settle(offset);
    },
    /** HEAD told the offset; true where the server holds more than was known. The first HEAD of a page is no news. */
    found(offset: number): boolean {
      if (acked !== null) return settle(offset);
      acked = before = offset;
      return false;
    },
    /** The attempt is over. A PATCH cut off makes the next one small. */
    end(): void {
      if (patch) patchBytes = MIN_PATCH_BYTES;
      patch = null;
    },
    /** Whether the acknowledged offset grew since the last call. */
    moved(): boolean {
      const result = moved;
      moved = false;
      return result;
    },
    /** The bytes go again to another upload. */
    restart(): void {
      acked = before = 0;
    },
    patchBytes: () => patchBytes,
    counts() {
      const ackedBytes = acked ?? 0;
      const useful = Math.max(0, ackedBytes - before) + (patch?.sent ?? 0);
      return { ackedBytes, sentBytes: sent, resentBytes: Math.max(0, sent - useful) };
    },
  };
}
