/** The waits that the page makes a candidate feel, without their time. */

/**
 * For `addInitScript(shortWaits)`: buttons rest for no time at all, so that a spec of another matter need not wait for each
 * press. The page still waits for its timer, and every other timer keeps its time.
 */
export function shortWaits(): void {
  /** `REST_MS` of the page; no other timer has this time. */
  const restMs = 1200;
  const { setTimeout } = window;
  const wait = (run: TimerHandler, ms?: number, ...values: unknown[]) =>
    setTimeout(run, ms === restMs ? 0 : ms, ...values);
  Object.assign(window, { setTimeout: wait });
}
