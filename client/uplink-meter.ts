/** How fast the uplink takes a session's bytes, from the PATCHes of all its takes; and from it, how much the next may carry. */

/** A PATCH carries never more than that. */
export const MAX_PATCH_BYTES = 1_048_576;
/** Nor is it cut smaller, however slow the link: each costs a round trip in which nothing is sent. */
export const MIN_PATCH_BYTES = 65_536;
/**
 * A PATCH should take about so long on the link as measured: what a cut may cost stays small, and the round trip between
 * two PATCHes is a small part of it.
 */
export const PATCH_TARGET_MS = 4000;
/** Before anything was measured. */
export const FIRST_PATCH_BYTES = 262_144;
/** Smaller bodies measure the round trip, not the link. */
export const MEASURED_BYTES = 16_384;
/** The latest PATCHes that count. */
const MEASURED_PATCHES = 5;

export interface UplinkMeter {
  /** A body of so many bytes was acknowledged so many ms after its PATCH went out. */
  add(bytes: number, ms: number): void;
  /** A PATCH was cut off: the next one is small. */
  cut(): void;
  /** The median of the latest PATCHes, round trips and all, in kbit/s; null until one carried 16 KiB. */
  kbps(): number | null;
  /** How many bytes suit the link just now. */
  patchBytes(): number;
}

export function createUplinkMeter(): UplinkMeter {
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
    patchBytes() {
      if (afterCut) return MIN_PATCH_BYTES;
      if (rates.length === 0) return FIRST_PATCH_BYTES;
      // After a dead spot the latest tells too little, after a good one the median does.
      const rate = Math.max(rates.at(-1) ?? 0, median());
      return Math.min(MAX_PATCH_BYTES, Math.max(MIN_PATCH_BYTES, Math.round(rate * PATCH_TARGET_MS)));
    },
  };
}
