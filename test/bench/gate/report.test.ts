import { describe, expect, it } from 'vitest';
import type { GateFigures } from '../../../bench/gate/gate-figures.ts';
import { plotWaits } from '../../../bench/gate/plot.ts';
import {
  deadGoals,
  goalLine,
  goalsOf,
  rowsOf,
  summarize,
  type TraceResult,
  waitsOf,
} from '../../../bench/gate/report.ts';
import { stepRows } from '../../../bench/gate/steps.ts';
import { toTable } from '../../../server/cli/table.ts';

const gate = (waitMs: number | null, idealMs: number, more: Partial<GateFigures> = {}): GateFigures => ({
  ...{ where: 'node', phone: 0, seconds: 20, traceMs: 0, bytes: 1_000_000, kbit: 400, waitMs, shut: null, idealMs },
  ...{ resentBytes: 0, sentBytes: 1_010_000, backlogMs: 800, maxBacklogMs: 900, idealBacklogBytes: 0 },
  ...{ multipart: { waitMs: 8000, tries: 1, sentBytes: 1_001_000 }, steps: null },
  ...more,
});

const result = (gates: GateFigures[], more: Partial<TraceResult> = {}): TraceResult => {
  return { trace: 'A <fast> & dry one', meanKbit: 1000, gates, lostGates: 0, dead: [], load: {}, ...more };
};

const met = (of: TraceResult) =>
  goalsOf(summarize(of)[0] as NonNullable<ReturnType<typeof summarize>[0]>).map((goal) => goal.met);

describe('the report', () => {
  it('counts a shut gate as endless', () => {
    expect(waitsOf([1000, 3000, 2000])).toEqual({ gates: 3, shut: 0, p50: 2, p95: 3, max: 3 });
    expect(waitsOf([1000, null, 2000])).toEqual({ gates: 3, shut: 1, p50: 2, p95: Infinity, max: Infinity });
  });

  it('summarizes the gates of an engine', () => {
    const gates = [
      gate(500, 300, { resentBytes: 30_000, kbit: 300, backlogMs: 700 }),
      gate(900, 400, { backlogMs: 2500 }),
      gate(600, 500, { kbit: 500, idealBacklogBytes: 187_500 }),
      gate(100, 90, { where: 'chromium', multipart: null }),
    ];
    const [node, chromium, ...none] = summarize(result(gates));
    expect(none).toEqual([]);
    expect(node).toMatchObject({ where: 'node', kbit: 400, kbitPercent: 40, resentPercent: 1, besidesPercent: 1 });
    expect(node?.ours).toEqual({ gates: 3, shut: 0, p50: 0.6, p95: 0.9, max: 0.9 });
    expect(node?.ideal.p50).toBe(0.4);
    expect(node?.multipart?.p50).toBe(8);
    expect(node?.backlog).toEqual({ p50: 0.8, max: 2.5, small: 3, idealSmall: 2 });
    // Medians 0.6 and 0.4, 95th percentiles 0.9 and 0.5; each gate's own: 0.2, 0.5, 0.1.
    const { p50, p95, eachP50, eachP95 } = node?.overIdeal ?? { p50: 0, p95: 0, eachP50: 0, eachP95: 0 };
    expect([p50, p95, eachP50, eachP95].map((value) => Number(value.toFixed(6)))).toEqual([0.2, 0.4, 0.2, 0.5]);
    expect(chromium).toMatchObject({ where: 'chromium', multipart: null });
  });

  it('states for each goal whether it was met', () => {
    const good = [gate(500, 300), gate(600, 400)];
    expect(met(result(good))).toEqual([true, true, true, true, true, true, true]);
    // In turn: every gate, median, p95, bitrate, multipart, re-sent, backlog.
    expect(met(result(good, { lostGates: 1 }))).toEqual([false, true, true, true, true, true, true]);
    expect(met(result([gate(null, 300), gate(null, 300)]))).toEqual([false, false, false, true, false, true, true]);
    expect(met(result([gate(601, 300)]))).toEqual([true, false, true, true, true, true, true]);
    expect(met(result([...Array(10).fill(gate(500, 300)), gate(801, 300)]))[2]).toBe(false);
    expect(met(result(good, { meanKbit: 1400 }))[3]).toBe(false);
    expect(
      met(
        result(
          good.map((each) => ({ ...each, kbit: 2500 })),
          { meanKbit: 20_000 },
        ),
      )[3],
    ).toBe(true);
    expect(met(result([gate(801, 790)]))[4]).toBe(false);
    expect(met(result([gate(500, 300, { resentBytes: 20_001 })]))[5]).toBe(false);
    expect(met(result([gate(500, 300, { backlogMs: 3000 })]))[6]).toBe(false);
    const [behind] = summarize(result([gate(500, 300, { backlogMs: 3000 }), gate(500, 300)]));
    expect(goalsOf(behind as NonNullable<typeof behind>)[6]?.reached).toBe(
      "at 1 of 2 gates (the ideal sender's at 2), 3.00 s at most",
    );
    expect(met(result(good, { meanKbit: 299 }))).toHaveLength(6);
    expect(met(result(good.map((each) => ({ ...each, multipart: null }))))).toHaveLength(6);
  });

  it('judges dead connections separately', () => {
    const never = { waitMs: null, tries: 1, sentBytes: 5000 };
    expect(deadGoals(result([]), 60_000)).toEqual([]);
    const [ours, other] = deadGoals(result([], { dead: [gate(16_000, 300, { multipart: never })] }), 60_000);
    expect(ours).toMatchObject({
      met: true,
      reached: 'median 16.00 s, at most 16.00 s (1 gates); at most 15.70 s above the ideal',
    });
    expect(other).toMatchObject({ met: true, reached: '1 of 1 not within 60 s' });
    const [late] = deadGoals(result([], { dead: [gate(20_001, 300)] }), 60_000);
    expect(late?.met).toBe(false);
  });

  it('prints a row for each sender', () => {
    const [summary] = summarize(result([gate(500, 300), gate(null, 400)]));
    const table = toTable(rowsOf(summary as NonNullable<typeof summary>)).split('\n');
    expect(table).toHaveLength(4);
    expect(table[0]).toMatch(/^trace +way +gates +p50 +p95 +max/);
    expect(table[1]).toMatch(/engine +2 +never +never/);
    expect(table[2]).toMatch(/ideal +2 +0\.35 +0\.40 +0\.40$/);
    expect(table[3]).toMatch(/multipart +2 +8\.00/);
    const goal = { trace: 'T', where: 'node' as const, what: 'w', reached: '1 s', met: false };
    expect(goalLine(goal)).toBe('NOT met  T, engine: w: 1 s');
  });

  it('shows the steps of gates with recorded steps', () => {
    const steps = { lastSliceMs: 10, lastDataBeginMs: 12, lastDataEndMs: 150, lastDataBytes: 900 };
    const more = { emptyBeginMs: null, emptyEndMs: null, requests: 2, failed: 0 };
    const seen = { steps: { ...steps, ...more } };
    const rows = stepRows([gate(200, 150, seen), gate(300, 100), gate(null, 100, seen)]);
    expect(rows[0]).toEqual({ step: 'the last slice is in the spool', gates: 1, 'p50 (ms)': 10, 'p95 (ms)': 10 });
    expect(rows[3]).toEqual({ step: 'the empty PATCH begins', gates: 0, 'p50 (ms)': '–', 'p95 (ms)': '–' });
    expect(rows[5]).toMatchObject({ gates: 1, 'p50 (ms)': 200 });
  });
});

/** Names of all elements, in order; throws where the document is not well-formed. */
function elementsOf(xml: string): string[] {
  const open: string[] = [];
  const names: string[] = [];
  let rest = xml;
  const eat = (pattern: RegExp): RegExpMatchArray | null => {
    const found = rest.match(pattern);
    if (found) rest = rest.slice(found[0].length);
    return found;
  };
  while (rest.trim() !== '') {
    const text = eat(/^[^<]+/)?.[0];
    if (text !== undefined) {
      if (/&(?!amp;|lt;|gt;)/.test(text) || text.includes('>')) throw new Error(`not escaped: ${text}`);
      continue;
    }
    const end = eat(/^<\/([a-z]+)>/)?.[1];
    if (end !== undefined) {
      if (open.pop() !== end) throw new Error(`</${end}> closes nothing`);
      continue;
    }
    const start = eat(/^<([a-z]+)((?: +[a-zA-Z0-9-]+="[^"<&]*")*) *(\/?)>/);
    if (!start) throw new Error(`no element: ${rest.slice(0, 60)}`);
    const attributes = [...(start[2] ?? '').matchAll(/([a-zA-Z0-9-]+)=/g)].map((each) => each[1]);
    if (new Set(attributes).size < attributes.length) throw new Error(`twice the same attribute: ${start[0]}`);
    names.push(start[1] ?? '');
    if (start[3] === '') open.push(start[1] ?? '');
  }
  if (open.length > 0) throw new Error(`never closed: ${open}`);
  return names;
}

describe('the plot', () => {
  const gates = [
    gate(500, 300),
    gate(900, 400),
    gate(null, 500),
    gate(100, 90, { where: 'chromium', multipart: null }),
  ];

  it('is a well-formed document with a line for each sender', () => {
    const svg = plotWaits([result(gates), result([gate(10, 5)])]);
    const names = elementsOf(svg);
    expect(names[0]).toBe('svg');
    // Three and two of the first trace, three of the second.
    expect(names.filter((name) => name === 'polyline')).toHaveLength(8);
    expect(svg).toContain('A &lt;fast&gt; &amp; dry one (1.00 Mbit/s on average)');
    expect(svg).not.toMatch(/NaN|Infinity|undefined/);
  });

  it('draws waits at their positions', () => {
    const points = (svg: string) =>
      (svg.match(/points="([^"]*)"/)?.[1] ?? '').split(' ').map((pair) => pair.split(',').map(Number));
    // From 70 to 750 for 0.05 to 200 s, logarithmic; 0.5 s is log(10)/log(4000) of it. Heights: 342 up to 92.
    const [first, second, , last, end, ...none] = points(plotWaits([result(gates)])) as [number, number][];
    expect(first?.[0]).toBeCloseTo(70 + (680 * Math.log(10)) / Math.log(4000), 0);
    expect([first?.[1], second?.[1], last?.[1]]).toEqual([342, 258.7, 175.3]);
    // One of three stayed shut: the line runs on below 100 %.
    expect([end, none]).toEqual([[750, 175.3], []]);
    expect(points(plotWaits([result(gates.slice(0, 2))])).at(-1)?.[1]).toBe(92);
  });

  it('is well-formed without a gate', () => {
    expect(elementsOf(plotWaits([result([])]))).not.toContain('polyline');
    expect(() => elementsOf(plotWaits([]))).not.toThrow();
  });
});
