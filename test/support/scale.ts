/** How much of a fault a run tries, and the chance it is given: few in `npm test`, many in `npm run torture`. */

/** True in the long form, `npm run torture`. */
export const isTorture = process.env.TRESGO_TORTURE === '1';

/** The number for this run. */
export function scale(short: number, long: number): number {
  return isTorture ? long : short;
}

/** Of this run: `TRESGO_SEED`, or a new one. Tests print it, so that a failure can be had again. */
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
