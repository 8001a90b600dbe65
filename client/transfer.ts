import type { Timers } from './timers.ts';
import type { UplinkMeter } from './uplink-meter.ts';

/** What an upload sent, and what of it the server holds. Offsets and counts are bytes. */
export function createTransfer({ timers, meter }: { timers: Timers; meter: UplinkMeter }) {
  let sent = 0;
  /** Null until the server was asked. */
  let acked: number | null = null;
  /** What the server held before this page sent anything. */
  let before = 0;
  let moved = false;
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
      if (patch) meter.add(offset - patch.offset, timers.now() - patch.since);
      patch = null;
      return settle(offset);
    },
    /** HEAD told the offset; true where the server holds more than was known. The first HEAD of a page is no news. */
    found(offset: number): boolean {
      if (acked !== null) return settle(offset);
      acked = before = offset;
      return false;
    },
    /** The attempt is over, maybe in the middle of a PATCH. */
    end(): void {
      if (patch) meter.cut();
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
    counts() {
      const ackedBytes = acked ?? 0;
      const useful = Math.max(0, ackedBytes - before) + (patch?.sent ?? 0);
      return { ackedBytes, sentBytes: sent, resentBytes: Math.max(0, sent - useful) };
    },
  };
}
