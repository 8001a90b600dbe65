/** How much the fault tests try, and their random numbers: little in `npm test`, much in `npm run torture`. */

/** True in the long form, `npm run torture`. */
export const isTorture = process.env.TRESGO_TORTURE === '1';

/** The number for this run: `short` in `npm test`, `long` in `npm run torture`. */
export function scale(short: number, long: number): number {
  return isTorture ? long : short;
}

/** The seed of this run: `TRESGO_SEED`, or a new one. Tests print it, so that a failure can be repeated. */
export const seed = Number(process.env.TRESGO_SEED ?? Math.floor(Math.random() * 2 ** 31));

/** Numbers in [0, 1) that depend on the seed alone (mulberry32). */
export function createRandom(from = seed): () => number {
  let state = from | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * Limits how much work is done at the same time: the returned function does `work` as soon as fewer than `atOnce` others
 * are being done. Work that waits for processes and disks would leave a core idle if it were done alone.
 */
export function createTurns(atOnce: number): <T>(work: () => Promise<T>) => Promise<T> {
  const waiting: Array<() => void> = [];
  let free = atOnce;
  return async (work) => {
    if (free > 0) free -= 1;
    else await new Promise<void>((start) => waiting.push(start));
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else free += 1;
    }
  };
}
