/**
 * Captions that are easy to read: the breaks are chosen over the whole answer, so that cues end where sentences and clauses
 * end.
 *
 * Invariants:
 * 1. Cues are in order and do not overlap.
 * 2. Each cue lasts longer than 0 ms and at most `MAX_CUE_MS`, and ends before the recording ends or with it.
 * 3. Each cue has at most two lines of at most `MAX_COLUMNS` columns.
 * 4. All words are in the cues.
 */
import type { Segment } from '../words/segments.ts';
import { breakCost, type Unit, unitsOf } from './units.ts';

/** A caption and when it is shown, in ms from the start of the recording. */
export interface Cue {
  startMs: number;
  endMs: number;
  /** One line or two. */
  lines: string[];
}

/** The longest line. */
export const MAX_COLUMNS = 42;
/** The longest time that a cue is shown. */
export const MAX_CUE_MS = 7_000;
/** A shorter cue is a flash. */
const MIN_CUE_MS = 1_000;
/** A cue is shown for up to this time after its last word. */
const LINGER_MS = 400;
/** A cue has no longer pause inside. */
const MAX_PAUSE_MS = 2_000;
/** The cost of each cue, so that there are few of them; see `breakCost` for the scale. */
const CUE_COST = 4;
const FLASH_COST = 4;

/** Lays the words of all segments out as cues, within a recording of `durationMs`. */
export function cuesOf(segments: readonly Segment[], durationMs: number): Cue[] {
  const units = unitsOf(segments, MAX_COLUMNS);
  return timed(grouped(units), Math.floor(durationMs));
}

/** Cuts the units into cues at the lowest cost. */
function grouped(units: readonly Unit[]): { units: Unit[]; lines: string[] }[] {
  interface Cut {
    cost: number;
    from: number;
    lines: string[];
  }
  const best: Cut[] = [{ cost: 0, from: 0, lines: [] }];
  for (let to = 1; to <= units.length; to++) {
    let cheapest: Cut | null = null;
    for (let from = to - 1; from >= 0; from--) {
      const cue = units.slice(from, to);
      if (from < to - 1 && !fits(cue)) break;
      const laid = layOut(cue);
      if (!laid) break;
      const cost = (best[from]?.cost ?? 0) + CUE_COST + laid.cost + flashCost(cue) + breakCost(units, to - 1);
      if (!cheapest || cost < cheapest.cost) cheapest = { cost, from, lines: laid.lines };
    }
    // There always is one: `unitsOf` makes no unit that is wider than a line.
    if (cheapest) best.push(cheapest);
  }
  const cues: { units: Unit[]; lines: string[] }[] = [];
  for (let to = units.length; to > 0; ) {
    const { from, lines } = best[to] ?? { from: 0, lines: [] };
    cues.unshift({ units: units.slice(from, to), lines });
    to = from;
  }
  return cues;
}

function fits(cue: readonly Unit[]): boolean {
  const [first, second] = cue;
  const last = cue.at(-1);
  if (!first || !second || !last) return true;
  return last.endMs - first.startMs <= MAX_CUE_MS && second.startMs - first.endMs <= MAX_PAUSE_MS;
}

function flashCost(cue: readonly Unit[]): number {
  const shown = (cue.at(-1)?.endMs ?? 0) - (cue[0]?.startMs ?? 0);
  return shown < MIN_CUE_MS ? FLASH_COST : 0;
}

/** One line, or two of about the same length that break at a good place; null where two lines are not enough. */
function layOut(cue: readonly Unit[]): { lines: string[]; cost: number } | null {
  const widths = cue.map(({ columns, space }, at) => columns + (space && at > 0 ? 1 : 0));
  const all = widths.reduce((sum, width) => sum + width, 0);
  if (all <= MAX_COLUMNS) return { lines: [textOf(cue)], cost: 0 };
  let best: { at: number; cost: number } | null = null;
  let first = 0;
  for (let at = 1; at < cue.length; at++) {
    first += widths[at - 1] ?? 0;
    const second = all - first - (cue[at]?.space ? 1 : 0);
    if (first > MAX_COLUMNS) break;
    if (second > MAX_COLUMNS) continue;
    const cost = breakCost(cue, at - 1) / 8 + Math.abs(first - second) / 40;
    if (!best || cost < best.cost) best = { at, cost };
  }
  return best && { lines: [textOf(cue.slice(0, best.at)), textOf(cue.slice(best.at))], cost: best.cost };
}

function textOf(units: readonly Unit[]): string {
  return units.map(({ text, space }, at) => (space && at > 0 ? ` ${text}` : text)).join('');
}

/** Gives the cues times that keep the invariants, whatever the engine's times are. */
function timed(cues: readonly { units: Unit[]; lines: string[] }[], durationMs: number): Cue[] {
  let earliest = 0;
  // Each cue begins at least 1 ms after the one before, and early enough to leave 1 ms for each cue after it.
  const starts = cues.map(({ units }, at) => {
    const wanted = Math.max(earliest, Math.round(units[0]?.startMs ?? 0));
    const startMs = Math.min(wanted, durationMs - (cues.length - at));
    earliest = startMs + 1;
    return startMs;
  });
  return cues
    .map(({ units, lines }, at) => {
      const startMs = starts[at] ?? 0;
      const wanted = Math.max(Math.round(units.at(-1)?.endMs ?? 0) + LINGER_MS, startMs + MIN_CUE_MS);
      return { startMs, endMs: Math.min(wanted, starts[at + 1] ?? durationMs, startMs + MAX_CUE_MS), lines };
    })
    .filter(({ startMs }) => startMs >= 0);
}
