/** Whether the microphone delivers anything but silence: the candidate should know before the answer ends. */
import type { Timers } from '../timers.ts';

/** `unknown`: it has not been silent for long enough to say so. */
export type SoundState = 'unknown' | 'heard' | 'silent';

/** Detects that a microphone delivers nothing but silence. */
export interface SilenceDetector {
  /**
   * Takes a sample of the loudness, 0 to 1 (see `createMeter`); null where the page cannot listen yet. Returns what is
   * known by now.
   */
  sample(level: number | null): SoundState;
  /** Another microphone or another answer: forgets all samples. */
  reset(): void;
}

interface SilenceDetectorOptions {
  timers: Pick<Timers, 'now'>;
  /** A sample at least as loud as this is a voice and not a room: 0.25 is -45 dBFS. */
  threshold?: number;
  /** After how long without a voice a microphone is silent, in ms. */
  silentMs?: number;
}

/**
 * A microphone without a voice so far is silent after `silentMs`; after a voice, since people think, after four times
 * as long.
 */
export function createSilenceDetector({
  timers,
  threshold = 0.25,
  silentMs = 5000,
}: SilenceDetectorOptions): SilenceDetector {
  let quietSince: number | null = null;
  let everHeard = false;
  return {
    sample(level) {
      if (level === null) {
        quietSince = null;
        return everHeard ? 'heard' : 'unknown';
      }
      if (level >= threshold) {
        quietSince = timers.now();
        everHeard = true;
        return 'heard';
      }
      quietSince ??= timers.now();
      const patienceMs = everHeard ? 4 * silentMs : silentMs;
      if (timers.now() - quietSince >= patienceMs) return 'silent';
      return everHeard ? 'heard' : 'unknown';
    },
    reset() {
      quietSince = null;
      everHeard = false;
    },
  };
}
