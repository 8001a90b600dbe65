/** How long an engine may take. */

/** For a model to be loaded, on a machine that is busy with recordings. */
const START_MS = 5 * 60_000;
/** The largest models take a few times as long as the answer on small machines. */
const TIMES_REAL_TIME = 20;

/** What is waited for the words of an answer that lasts so long, in ms. */
export function patienceMs(durationMs: number): number {
  return START_MS + TIMES_REAL_TIME * durationMs;
}

/** For people: `about 3 minutes`. */
export function inWords(ms: number): string {
  return ms < 60_000 ? `${Math.ceil(ms / 1_000)} s` : `${Math.round(ms / 60_000)} min`;
}
