/**
 * Whether recordings are short of CPU, judged by how late the timers of this process come while chunks arrive. The children
 * of jobs have the lowest priority already; this is for machines where the lowest priority is not enough.
 */

/** Jobs pause when the 99th percentile of the timers' lateness within one second is above 50 ms: requests wait as long. */
const BUSY_LATE_MS = 50;
/** The pause ends once the lateness stays below 20 ms for CALM_MS. */
const CALM_LATE_MS = 20;
/** For how long the lateness must stay below CALM_LATE_MS. */
const CALM_MS = 3_000;
/** No pause is longer: a machine that is always short of CPU makes its copies a bit later, but makes them. */
export const MAX_PAUSE_MS = 120_000;
/** After a pause of MAX_PAUSE_MS, jobs run for this time before the next pause. */
const RESPITE_MS = 10 * CALM_MS;
/** A candidate is recording if bytes of a recording came within this time. */
const RECORDING_MS = 10_000;

/** The load within one interval. */
export interface LoadSample {
  /** The 99th percentile of the timers' lateness, in ms. */
  lateMs: number;
  /** The time since bytes of a recording were acknowledged, in ms. */
  idleMs: number;
}

/**
 * Creates a function that takes one sample after the other and says after each whether jobs should pause.
 * @param everyMs the time between two samples
 */
export function createPressure({ everyMs }: { everyMs: number }): (sample: LoadSample) => boolean {
  let pausedMs = 0;
  let calmMs = 0;
  let respiteMs = 0;
  return ({ lateMs, idleMs }) => {
    respiteMs = Math.max(0, respiteMs - everyMs);
    const isRecording = idleMs < RECORDING_MS;
    if (pausedMs === 0) {
      if (isRecording && lateMs > BUSY_LATE_MS && respiteMs === 0) pausedMs = everyMs;
      calmMs = 0;
      return pausedMs > 0;
    }
    pausedMs += everyMs;
    calmMs = lateMs < CALM_LATE_MS ? calmMs + everyMs : 0;
    if (pausedMs > MAX_PAUSE_MS) respiteMs = RESPITE_MS;
    if (!isRecording || calmMs >= CALM_MS || pausedMs > MAX_PAUSE_MS) pausedMs = 0;
    return pausedMs > 0;
  };
}
