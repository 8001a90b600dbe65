/** Figures of many rounds, put together. */
import { median } from '../table.ts';

/** What one measurement of one contender gives; the unit is in each name. */
export type Figures = Record<string, number>;

export interface Spread {
  median: number;
  min: number;
  max: number;
}

/** The smallest value that so many per cent of all do not exceed (nearest rank). NaN of none. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? Number.NaN;
}

/** Median and extremes. NaN of none. */
export function spreadOf(values: readonly number[]): Spread {
  if (values.length === 0) return { median: Number.NaN, min: Number.NaN, max: Number.NaN };
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) };
}

/**
 * `ours` in terms of `theirs`, round by round: what slows the machine down in one round slows both.
 * @throws RangeError when the rounds are not the same number
 */
export function ratioSpread(ours: readonly number[], theirs: readonly number[]): Spread {
  if (ours.length !== theirs.length)
    throw new RangeError(`${ours.length} rounds of one, ${theirs.length} of the other`);
  return spreadOf(ours.map((value, at) => value / (theirs[at] ?? Number.NaN)));
}
