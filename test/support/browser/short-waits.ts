/** The waits that the page makes a candidate feel, without their time. */

/**
 * For `addInitScript(shortWaits)`: buttons rest for no time at all, and a countdown runs in a moment, so that a spec of
 * another matter need not wait for each press and each question. The page still waits for its timers, and every other timer
 * keeps its time.
 */
export function shortWaits(): void {
  /** `REST_MS` of the page; no other timer has this time. */
  const restMs = 1200;
  const { setTimeout } = window;
  const counts = () => document.querySelector('.stage-count:not([hidden], [data-seconds=""])') !== null;
  const wait = (run: TimerHandler, ms?: number, ...values: unknown[]) =>
    setTimeout(run, ms === restMs || (ms === 1000 && counts()) ? 0 : ms, ...values);
  Object.assign(window, { setTimeout: wait });
}
