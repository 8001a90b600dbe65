/** Whether the microphone delivers anything but silence: the candidate should know before the answer ends. */
import type { Timers } from '../timers.ts';

/**
 * `unknown`: no voice yet, but the silence is too short to say so. `silent`: no voice for so long that something may be
 * wrong. `quiet`: the same, of a microphone that brought a voice before.
 */
export type SoundState = 'unknown' | 'heard' | 'silent' | 'quiet';

/** A voice is loud in this many samples of the last `VOICE_MS`: one knock on the table is no voice. */
const VOICE_SAMPLES = 3;
const VOICE_MS = 3000;
/** Between its syllables a voice is quieter by this much at least, 6 dB: a fan is not. */
const VOICE_SWING = 0.1;

/** Detects that a microphone delivers nothing but silence. */
export interface SilenceDetector {
  /**
   * Takes a sample of the loudness, 0 to 1 (see `createMeter`); null where the page cannot listen yet. Returns what is
   * known by now.
   */
  sample(level: number | null): SoundState;
  /** What the newest sample returned. */
  state(): SoundState;
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
  let recent: { level: number; at: number }[] = [];
  let state: SoundState = 'unknown';

  function isVoice(level: number): boolean {
    recent = [...recent.filter(({ at }) => timers.now() - at < VOICE_MS), { level, at: timers.now() }];
    const levels = recent.map((sample) => sample.level);
    const loud = levels.filter((each) => each >= threshold);
    return loud.length >= VOICE_SAMPLES && Math.max(...levels) - Math.min(...levels) >= VOICE_SWING;
  }

  function judge(level: number | null): SoundState {
    if (level === null) {
      quietSince = null;
      return everHeard ? 'heard' : 'unknown';
    }
    everHeard ||= isVoice(level);
    if (quietSince === null || (everHeard && level >= threshold)) quietSince = timers.now();
    const patienceMs = everHeard ? 4 * silentMs : silentMs;
    if (timers.now() - quietSince >= patienceMs) return everHeard ? 'quiet' : 'silent';
    return everHeard ? 'heard' : 'unknown';
  }

  return {
    sample(level) {
      state = judge(level);
      return state;
    },
    state: () => state,
    reset() {
      state = 'unknown';
      quietSince = null;
      everHeard = false;
      recent = [];
    },
  };
}
