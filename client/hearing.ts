/** Whether the microphone brings anything but silence: a candidate who is not heard should know before the answer ends. */
import type { Timers } from './timers.ts';

/** `unknown`: not silent for long enough to say so. */
export type Heard = 'unknown' | 'heard' | 'silent';

export interface Hearing {
  /** Takes a sample of the loudness, 0 to 1 (see `createMeter`), and says what is known by now. Null: nobody can listen yet. */
  listen(level: number | null): Heard;
  /** Another microphone, or a new answer: nothing is known any more. */
  reset(): void;
}

export interface HearingOptions {
  timers: Pick<Timers, 'now'>;
  /** Loudness from which on it is a voice and not a room: 0.25 is -45 dBFS. */
  threshold?: number;
  /** So long without one such sample is silence, in ms. */
  silentMs?: number;
}

/** A microphone that was never heard is silent after `silentMs`; one that was, may rest (people think) for four times as long. */
export function createHearing({ timers, threshold = 0.25, silentMs = 5000 }: HearingOptions): Hearing {
  let quietSince: number | null = null;
  let everHeard = false;
  return {
    listen(level) {
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
