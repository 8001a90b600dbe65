/**
 * The quality of the next take: from the uplink measured at the device check, then from how the last takes were sent.
 */
import {
  bitsPerSecond,
  DEFAULT_QUALITY,
  fitQuality,
  isCarried,
  limitQuality,
  type Quality,
  type QualityLimits,
  retune,
  type TakeQuality,
} from './quality.ts';

/** What the choice of a quality needs. */
export interface AdaptiveQualityOptions {
  /** Measures the uplink, in kbit/s; null where it cannot be measured. */
  measure: () => Promise<number | null>;
  /** Called with each quality that is chosen for the next take. */
  onQuality: (quality: Quality) => void;
  /** Lines of the largest picture that the device can encode. */
  maxHeight?: number;
}

/** The quality of one take after the other. */
export interface AdaptiveQuality {
  /** The quality of the next take. */
  quality(): Quality;
  /** A take begins; returns its quality. `seenKbps`: what the uploads have seen of the uplink, which is newer than what was measured. */
  begin(seenKbps?: number | null): TakeQuality;
  /** Measures the uplink, once in the life of the page, in kbit/s; null where it cannot be measured. Never rejects. */
  measure(): Promise<number | null>;
  /** Takes over the quality that an earlier page of this interview chose last, until something is measured. */
  resume(saved: Quality | undefined): void;
  /** Bounds the quality of the next takes by something other than the uplink. What is left out stays as it is. */
  limit(change: Partial<QualityLimits>): void;
  /** Resolves once the quality of the next take is known, at the latest with the measurement; never rejects. */
  ready(): Promise<void>;
  /** During a take: how many of its bytes the server has not confirmed yet. */
  observeBacklog(backlogBytes: number): void;
  /** A take was stopped while `backlogBytes` of it were not confirmed: chooses the quality of the next one. */
  stopped(sending: { backlogBytes: number; uplinkKbps: number | null }): void;
}

/** Begins with `DEFAULT_QUALITY`. */
export function createAdaptiveQuality({
  measure,
  onQuality,
  maxHeight = 1080,
}: AdaptiveQualityOptions): AdaptiveQuality {
  /** What the uplink carries. */
  let chosen = DEFAULT_QUALITY;
  let limits: QualityLimits = {
    deviceHeight: maxHeight,
    cameraHeight: Number.POSITIVE_INFINITY,
    bitsPerSecond: Number.POSITIVE_INFINITY,
  };
  let quality = limitQuality(chosen, limits);
  /** Of the running take: what is measured meanwhile applies to the next one. */
  let recorded = quality;
  let measured: Promise<number | null> | null = null;
  let measuredKbps: number | null = null;
  let known = false;
  let maxBacklogBytes = 0;
  /** Whether the uplink carried the last take. */
  let carried = false;

  function set(next: Quality): void {
    known = true;
    chosen = next;
    quality = limitQuality(chosen, limits);
    onQuality(quality);
  }

  return {
    quality: () => quality,
    begin(seenKbps = null) {
      recorded = quality;
      const uplinkKbps = seenKbps ?? measuredKbps;
      // Small bodies are never seen to be fast: what they took on the way counts as well.
      const late = !carried && uplinkKbps !== null && uplinkKbps * 1000 < bitsPerSecond(quality);
      return late ? { ...quality, soundAhead: true } : quality;
    },
    measure() {
      measured ??= measure()
        .catch(() => null)
        .then((kbps) => {
          measuredKbps = kbps;
          set(kbps === null ? chosen : fitQuality(kbps));
          return kbps;
        });
      return measured;
    },
    resume(saved) {
      if (saved) set(saved);
    },
    limit(change) {
      limits = { ...limits, ...change };
      const next = limitQuality(chosen, limits);
      if (JSON.stringify(next) === JSON.stringify(quality)) return;
      quality = next;
      if (known) onQuality(quality);
    },
    async ready() {
      if (!measured && !known) set(chosen);
      await measured;
    },
    observeBacklog(backlogBytes) {
      maxBacklogBytes = Math.max(maxBacklogBytes, backlogBytes);
    },
    stopped({ backlogBytes, uplinkKbps }) {
      const toMs = (bytes: number) => (bytes * 8000) / bitsPerSecond(recorded);
      const maxBacklogMs = toMs(Math.max(maxBacklogBytes, backlogBytes));
      maxBacklogBytes = 0;
      const backlogMs = toMs(backlogBytes);
      carried = isCarried({ backlogMs, maxBacklogMs });
      const next = retune(quality, { backlogMs, maxBacklogMs, uplinkKbps });
      const [bits, before] = [bitsPerSecond(next), bitsPerSecond(quality)];
      // A quality that was bounded by another limit than the uplink says nothing against what the uplink carries.
      set(bits < before || bits > bitsPerSecond(chosen) ? next : chosen);
    },
  };
}
