/**
 * Whether recordings are short of CPU, by what they feel of it: how late this process's own timers come while chunks
 * arrive. The jobs' children have the lowest priority already; this is for machines where that is not enough.
 */

/** Timers that come later than that, in ms, at the 99th percentile of a second: requests wait as long. */
export const BUSY_LATE_MS = 50;
/** It is over once they come in less, for CALM_MS. */
export const CALM_LATE_MS = 20;
export const CALM_MS = 3_000;
/** No pause is longer: a machine that is always short still gets its copies, a bit later. */
export const MAX_PAUSE_MS = 120_000;
/** Bytes of a recording came so lately, in ms, that somebody records. */
const RECORDING_MS = 10_000;

/** One second's look. */
export interface Look {
  /** The 99th percentile of how late timers were, in ms. */
  lateMs: number;
  /** Since bytes of a recording were acknowledged. */
  idleMs: number;
}

/** Tells, look by look, whether jobs should pause. @param everyMs between two looks */
export function createPressure({ everyMs }: { everyMs: number }): (look: Look) => boolean {
  let pausedMs = 0;
  let calmMs = 0;
  /** After a pause that was cut short, work goes on for as long as a calm takes. */
  let respiteMs = 0;
  return ({ lateMs, idleMs }) => {
    respiteMs = Math.max(0, respiteMs - everyMs);
    const recording = idleMs < RECORDING_MS;
    if (pausedMs === 0) {
      if (recording && lateMs > BUSY_LATE_MS && respiteMs === 0) pausedMs = everyMs;
      calmMs = 0;
      return pausedMs > 0;
    }
    pausedMs += everyMs;
    calmMs = lateMs < CALM_LATE_MS ? calmMs + everyMs : 0;
    if (pausedMs > MAX_PAUSE_MS) respiteMs = 10 * CALM_MS;
    if (!recording || calmMs >= CALM_MS || pausedMs > MAX_PAUSE_MS) pausedMs = 0;
    return pausedMs > 0;
  };
}
