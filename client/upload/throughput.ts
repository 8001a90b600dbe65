/**
 * How fast the uplink carries a session's bytes, measured by the PATCHes of all its takes; and how many bytes the next
 * may carry.
 */

/** A PATCH never carries more. */
export const MAX_PATCH_BYTES = 1_048_576;
/** A PATCH is never limited to less, however slow the link: each costs a round trip in which nothing is sent. */
export const MIN_PATCH_BYTES = 65_536;
/**
 * A PATCH should take about this time on the link as measured: few bytes are lost in a cut, and the round trip between
 * two PATCHes is a small part of the time.
 */
export const PATCH_TARGET_MS = 4000;
/**
 * While sound goes ahead, the PATCHes of answers should take about this time: what leaves before a PATCH of sound can be seconds
 * of sending, since devices queue it …
 */
export const BESIDE_SOUND_MS = 2000;
/** … and carry at least this: smaller ones are not measured. */
export const BESIDE_SOUND_BYTES = 16_384;
/** The limit before the first measurement. */
export const FIRST_PATCH_BYTES = 262_144;
/** Smaller bodies are not counted: they measure the round trip, not the link. */
export const MEASURED_BYTES = 16_384;
/** How many of the latest PATCHes count. */
const MEASURED_PATCHES = 5;

/** The throughput of one session. */
export interface Throughput {
  /** A body of `bytes` bytes was acknowledged `ms` after its PATCH was sent. */
  add(bytes: number, ms: number): void;
  /** A PATCH was cut: the next one is small. */
  cut(): void;
  /** The median of the latest PATCHes in kbit/s, round trips included; null until one carried 16 KiB. */
  kbps(): number | null;
  /** How many bytes the next PATCH may carry; `besideSound`: of an answer while sound goes ahead. */
  patchBytes(besideSound?: boolean): number;
}

/** Creates the throughput of a session, without a measurement. */
export function createThroughput(): Throughput {
  /** Bytes per ms, latest last. */
  const rates: number[] = [];
  let afterCut = false;

  function median(): number {
    const sorted = [...rates].sort((a, b) => a - b);
    return sorted[Math.floor(sorted.length / 2)] ?? 0;
  }

  return {
    add(bytes, ms) {
      if (bytes < MEASURED_BYTES) return;
      afterCut = false;
      rates.push(bytes / Math.max(1, ms));
      if (rates.length > MEASURED_PATCHES) rates.shift();
    },
    cut() {
      afterCut = true;
    },
    kbps: () => (rates.length > 0 ? Math.round(median() * 8) : null),
    patchBytes(besideSound = false) {
      const leastBytes = besideSound ? BESIDE_SOUND_BYTES : MIN_PATCH_BYTES;
      if (afterCut) return leastBytes;
      if (rates.length === 0) return besideSound ? leastBytes : FIRST_PATCH_BYTES;
      // After a dead spot the latest rate is too low, after a good spot the median is.
      const rate = Math.max(rates.at(-1) ?? 0, median());
      const targetMs = besideSound ? BESIDE_SOUND_MS : PATCH_TARGET_MS;
      return Math.min(MAX_PATCH_BYTES, Math.max(leastBytes, Math.round(rate * targetMs)));
    },
  };
}
