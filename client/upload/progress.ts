import type { Timers } from '../timers.ts';
import type { Throughput } from './throughput.ts';

/** Counts what an upload sent, and what of it the server holds, over all its attempts. Offsets and counts are bytes. */
export interface Progress {
  /** A PATCH is sent from `offset` on. */
  begin(offset: number): void;
  /** The network took bytes up to `position`. Returns whether that is further than before. */
  sent(position: number): boolean;
  /** The server accepted the PATCH, and holds `offset` bytes. Returns whether that is more than before. */
  acked(offset: number): boolean;
  /**
   * HEAD returned `offset`. Returns whether the server holds more than was known; false for the first HEAD of a page.
   */
  found(offset: number): boolean;
  /** The attempt ended, maybe within a PATCH. */
  end(): void;
  /** Whether the acknowledged offset grew since the last call. */
  takeMoved(): boolean;
  /** The bytes are sent anew, to another upload. */
  restart(): void;
  /** As in `UploadStatus`. */
  counts(): { ackedBytes: number; sentBytes: number; resentBytes: number };
}

/** Creates the counters of one upload; the rate of its PATCHes is added to `throughput`. */
export function createProgress({ timers, throughput }: { timers: Timers; throughput: Throughput }): Progress {
  let sentBytes = 0;
  /** Null until the server was asked. */
  let ackedBytes: number | null = null;
  /** What the server held before this page sent anything. */
  let initialBytes = 0;
  let moved = false;
  let patch: { offset: number; sentBytes: number; since: number } | null = null;

  function settle(offset: number): boolean {
    const grown = offset > (ackedBytes ?? 0);
    ackedBytes = offset;
    moved ||= grown;
    return grown;
  }

  return {
    begin(offset) {
      patch = { offset, sentBytes: 0, since: timers.now() };
    },
    sent(position) {
      const more = patch ? position - patch.offset - patch.sentBytes : 0;
      if (!patch || more <= 0) return false;
      patch.sentBytes += more;
      sentBytes += more;
      return true;
    },
    acked(offset) {
      if (patch) throughput.add(offset - patch.offset, timers.now() - patch.since);
      patch = null;
      return settle(offset);
    },
    found(offset) {
      if (ackedBytes !== null) return settle(offset);
      ackedBytes = initialBytes = offset;
      return false;
    },
    end() {
      if (patch) throughput.cut();
      patch = null;
    },
    takeMoved() {
      const result = moved;
      moved = false;
      return result;
    },
    restart() {
      ackedBytes = initialBytes = 0;
    },
    counts() {
      const acked = ackedBytes ?? 0;
      const useful = Math.max(0, acked - initialBytes) + (patch?.sentBytes ?? 0);
      return { ackedBytes: acked, sentBytes, resentBytes: Math.max(0, sentBytes - useful) };
    },
  };
}
