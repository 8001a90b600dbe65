/** The quality of the next take: from the uplink as measured at the device check, then from what was seen while sending. */
import { bitsPerSecond, DEFAULT_QUALITY, fitQuality, limitPicture, type Quality, retune } from './quality.ts';

export interface FittingOptions {
  /** kbit/s; null where it can't be measured. */
  measure: () => Promise<number | null>;
  onQuality: (quality: Quality) => void;
  /** Lines of the largest picture that the device can encode. */
  maxHeight?: number;
}

export function createFitting({ measure, onQuality, maxHeight = 1080 }: FittingOptions) {
  let quality = DEFAULT_QUALITY;
  /** Of the running take: what was measured meanwhile holds for the next one. */
  let recorded = quality;
  let measured: Promise<void> | null = null;
  let known = false;
  let mostBytes = 0;

  function set(next: Quality): void {
    known = true;
    quality = limitPicture(next, maxHeight);
    onQuality(quality);
  }

  return {
    quality: () => quality,
    /** A take begins with this. */
    begin(): Quality {
      recorded = quality;
      return recorded;
    },
    /** Once in the life of the page; never rejects. */
    measure(): Promise<void> {
      measured ??= measure()
        .catch(() => null)
        .then((kbps) => set(kbps === null ? quality : fitQuality(kbps)));
      return measured;
    },
    /** What an earlier page chose last for this sitting holds until something is measured. */
    resume(kept: Quality | undefined): void {
      if (kept) set(kept);
    },
    /** Resolves once it is known what the next take is recorded with, at the latest with the measurement; never rejects. */
    ready(): Promise<void> {
      if (!measured && !known) set(quality);
      return measured ?? Promise.resolve();
    },
    /** So many bytes of the running take are not yet confirmed. */
    saw(backlogBytes: number): void {
      mostBytes = Math.max(mostBytes, backlogBytes);
    },
    /** The take was stopped, with so many bytes of it not yet confirmed. */
    stopped({ backlogBytes, uplinkKbps }: { backlogBytes: number; uplinkKbps: number | null }): void {
      const toMs = (bytes: number) => (bytes * 8000) / bitsPerSecond(recorded);
      const maxBacklogMs = toMs(Math.max(mostBytes, backlogBytes));
      mostBytes = 0;
      set(retune(quality, { backlogMs: toMs(backlogBytes), maxBacklogMs, uplinkKbps }));
    },
  };
}
