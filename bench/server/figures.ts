/** Statistics over rounds. */

/** The result of one measurement of one contender; each name has its unit. */
export type Figures = Record<string, number>;

/** A median and its extremes. */
export interface Spread {
  median: number;
  min: number;
  max: number;
}

/** The middle value; for an even number of values the mean of the middle two. NaN without values. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return ((sorted[Math.ceil(middle) - 1] ?? Number.NaN) + (sorted[Math.floor(middle)] ?? Number.NaN)) / 2;
}

/** The smallest value that `percent` per cent of all values do not exceed (nearest rank). NaN without values. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? Number.NaN;
}

/** Median and extremes. NaN without values. */
export function spreadOf(values: readonly number[]): Spread {
  if (values.length === 0) return { median: Number.NaN, min: Number.NaN, max: Number.NaN };
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) };
}

/**
 * Ratios of `ours` to `theirs`, round by round, because a slow machine slows both in the same round.
 * @throws RangeError when the numbers of rounds differ
 */
export function ratioSpread(ours: readonly number[], theirs: readonly number[]): Spread {
  if (ours.length !== theirs.length)
    throw new RangeError(`${ours.length} rounds of one, ${theirs.length} of the other`);
  return spreadOf(ours.map((value, at) => value / (theirs[at] ?? Number.NaN)));
}
