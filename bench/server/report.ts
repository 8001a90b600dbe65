/** The report of a run: medians, spreads, ratios within a round, and goals. */
import { toTable } from '../../server/cli/table.ts';
import { type ContenderName, contenderNames } from './contender.ts';
import { type Figures, ratioSpread, type Spread, spreadOf } from './figures.ts';
import type { Measurement } from './measurements.ts';

/** One measurement of one contender in one round. */
export interface Result {
  round: number;
  measurement: string;
  contender: ContenderName;
  figures: Figures;
  /** CPU time of other processes meanwhile, in % of a core: much of it makes the figures useless. */
  elsewherePercent: number;
}

/** One figure of one contender over all rounds. */
interface SummaryRow {
  measurement: string;
  figure: string;
  of: Partial<Record<ContenderName, Spread>>;
  oursToStock: Spread | null;
  oursToBare: Spread | null;
}

/** A goal and its result. */
export interface Goal {
  goal: string;
  limit: number;
  /** The median over the rounds. */
  measured: number;
  met: boolean;
}

/** Summarizes each figure of each measurement. @param results in the order of the rounds */
export function summarize(results: readonly Result[]): SummaryRow[] {
  const rows: SummaryRow[] = [];
  for (const measurement of new Set(results.map((result) => result.measurement))) {
    const own = results.filter((result) => result.measurement === measurement);
    for (const figure of Object.keys(own[0]?.figures ?? {})) {
      const valuesOf = (name: ContenderName) =>
        own.filter(({ contender }) => contender === name).map(({ figures }) => figures[figure] ?? Number.NaN);
      const measured = contenderNames.filter((name) => valuesOf(name).length > 0);
      const ratio = (to: ContenderName) =>
        measured.includes('ours') && measured.includes(to) ? ratioSpread(valuesOf('ours'), valuesOf(to)) : null;
      rows.push({
        measurement,
        figure,
        of: Object.fromEntries(measured.map((name) => [name, spreadOf(valuesOf(name))])),
        oursToStock: ratio('stock'),
        oursToBare: ratio('bare'),
      });
    }
  }
  return rows;
}

/** The goals that this run can judge. */
export function judge(rows: readonly SummaryRow[]): Goal[] {
  const row = (measurement: string, figure: string) =>
    rows.find((each) => each.measurement === measurement && each.figure === figure);
  const goals: Array<[goal: string, limit: number, measured: Spread | null | undefined]> = [
    ['CPU of a 64 KiB PATCH, to stock’s', 0.6, row('cpu64', 'cpuMs')?.oursToStock],
    ['CPU of a 64 KiB PATCH, to stock’s (aim)', 0.5, row('cpu64', 'cpuMs')?.oursToStock],
    ['CPU of a 64 KiB PATCH, to the bare handler’s', 1.5, row('cpu64', 'cpuMs')?.oursToBare],
    ['p99 with 500 recordings, to stock’s', 1, row('live', 'p99Ms')?.oursToStock],
    ['memory with 1,000 uploads, to stock’s', 1, row('memory', 'rssMb')?.oursToStock],
    ['p95 beside 100 waiters, to an idle server’s', 2, row('waiters', 'burstP95Ratio')?.of.ours],
    ['CPU of 100 waiters, % of a core over 4 s', 5, row('waiters', 'burstCpuPercent')?.of.ours],
    ['p95 beside 100 waiters that come back, to an idle server’s', 2, row('waiters', 'pressureP95Ratio')?.of.ours],
  ];
  return goals.flatMap(([goal, limit, measured]) =>
    measured ? [{ goal, limit, measured: measured.median, met: measured.median <= limit }] : [],
  );
}

/** The report as text: medians, with the extremes in parentheses. */
export function toText(measurements: readonly Measurement[], rows: readonly SummaryRow[]): string {
  const parts = measurements.map(({ name, title }) => {
    const own = rows.filter(({ measurement }) => measurement === name);
    const table = own.map(({ figure, of, oursToStock, oursToBare }) => ({
      [name]: figure,
      ...Object.fromEntries(contenderNames.map((each) => [each, cell(of[each])])),
      'ours/stock': cell(oursToStock),
      'ours/bare': cell(oursToBare),
    }));
    return `${title}\n${toTable(table)}`;
  });
  const goals = judge(rows).map(({ goal, limit, measured, met }) => ({
    ...{ goal, 'at most': limit, measured: Number(measured.toPrecision(3)), met: met ? 'yes' : 'NO' },
  }));
  return [...parts, ...(goals.length > 0 ? [toTable(goals)] : [])].join('\n\n');
}

function cell(spread: Spread | null | undefined): string {
  if (!spread || !Number.isFinite(spread.median)) return '';
  const [middle, min, max] = [spread.median, spread.min, spread.max].map(short);
  return min === max ? `${middle}` : `${middle} (${min}–${max})`;
}

/** Formats a number with three significant digits. */
function short(value: number): string {
  return Math.abs(value) >= 100 ? value.toFixed(0) : Number(value.toPrecision(3)).toString();
}
