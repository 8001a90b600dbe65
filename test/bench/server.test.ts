import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type ContenderName, contenderNames, type Leftovers, openContender } from '../../bench/server/contender.ts';
import { percentile, ratioSpread, spreadOf } from '../../bench/server/figures.ts';
import { pace } from '../../bench/server/live.ts';
import { measureCpu } from '../../bench/server/loads.ts';
import {
  cpuBetween,
  parseMachine,
  parseSchedstat,
  parseStat,
  parseStatus,
  readCpu,
  readMemory,
} from '../../bench/server/process-figures.ts';
import { sharesOf } from '../../bench/server/profile.ts';
import { judge, type Result, summarize } from '../../bench/server/report.ts';
import { patch } from '../../bench/server/upload.ts';

describe('figures', () => {
  it('takes the nearest rank', () => {
    const values = Array.from({ length: 200 }, (_, at) => 200 - at);
    expect([0, 50, 95, 99, 100].map((percent) => percentile(values, percent))).toEqual([1, 100, 190, 198, 200]);
    expect(percentile([7], 99)).toBe(7);
    expect(percentile([10, 9], 50)).toBe(9);
    expect(percentile([3, 1, 2], 50)).toBe(2);
    expect(percentile([], 50)).toBeNaN();
  });

  it('computes the median and the extremes', () => {
    expect(spreadOf([3, 1, 10])).toEqual({ median: 3, min: 1, max: 10 });
    expect(spreadOf([]).median).toBeNaN();
  });

  it('compares within a round: a round that is slow for both changes nothing', () => {
    expect(ratioSpread([1, 20, 3], [2, 40, 4])).toEqual({ median: 0.5, min: 0.5, max: 0.75 });
    expect(() => ratioSpread([1], [1, 2])).toThrow('1 rounds of one, 2 of the other');
  });
});

describe('proc', () => {
  it('reads stat after a name with any characters', () => {
    const stat = '42 (a ) b) S 1 42 42 0 -1 4194304 2911 0 0 0 157 12 3 4 20 0 7 0 1178312 1015726080 12011';
    expect(parseStat(stat)).toEqual({ userMs: 1570, systemMs: 120, reapedMs: 70 });
  });

  it('reads schedstat, status and the machine', () => {
    expect(parseSchedstat('1589457869 2088229 12\n')).toBeCloseTo(1589.457869, 9);
    const status = 'Name:\tnode\nVmPeak:\t  999999 kB\nVmHWM:\t   71234 kB\nVmRSS:\t   50000 kB\nRssAnon:\t  1 kB\n';
    expect(parseStatus(status)).toEqual({ rssBytes: 51_200_000, peakBytes: 72_943_616 });
    const machine = 'cpu  100 1 20 9000 500 3 4 5 0 0\ncpu0 50 1 10 4500 250 1 2 2 0 0\nintr 1\n';
    expect(parseMachine(machine)).toBe(1330);
  });

  it('agrees with the figures of the process itself', () => {
    const before = { own: process.cpuUsage(), proc: readCpu(process.pid) };
    while (process.cpuUsage(before.own).user < 200_000);
    const { totalMs, mainThreadMs } = cpuBetween(before.proc, readCpu(process.pid));
    const own = process.cpuUsage(before.own);
    expect(Math.abs(totalMs - (own.user + own.system) / 1000)).toBeLessThan(50);
    expect(totalMs).toBeGreaterThan(20);
    expect(mainThreadMs).toBeLessThanOrEqual(totalMs);
    expect(readMemory(process.pid).peakBytes).toBeGreaterThanOrEqual(20e6);
  });

  it('counts ended children', () => {
    const before = readCpu(process.pid).totalMs;
    execFileSync(process.execPath, ['-e', 'while (process.cpuUsage().user < 3e5);']);
    expect(readCpu(process.pid).totalMs - before).toBeGreaterThan(290);
  });
});

describe('pace', () => {
  it('counts from the time at which a request was due, not from when a slow server let it be sent', async () => {
    const firstMs = performance.now();
    let calls = 0;
    const turns = await pace({ firstMs, everyMs: 10, untilMs: firstMs + 100 }, async () => {
      if (calls++ === 0) await new Promise((resolve) => setTimeout(resolve, 60));
    });
    expect(calls).toBe(10);
    expect(turns.map(({ dueMs }) => Math.round(dueMs - firstMs))).toEqual([0, 10, 20, 30, 40, 50, 60, 70, 80, 90]);
    const [, second, third] = turns.map(({ dueMs, doneMs }) => doneMs - dueMs);
    expect(second).toBeGreaterThan(45);
    expect(third).toBeGreaterThan(35);
    expect(turns[1]?.lagMs).toBe(0);
  });
});

describe('profile', () => {
  it('divides the busy time of the window', () => {
    const frame = (id: number, functionName: string, url = '', lineNumber = 0) => ({
      id,
      callFrame: { functionName, url, lineNumber },
    });
    const root = `file://${process.cwd()}`;
    const nodes = [
      frame(1, '(idle)'),
      frame(2, 'append', `${root}/dist/storage/uploads/durable-store.js`),
      frame(3, '', `${root}/node_modules/hono/dist/hono.js`, 4),
      frame(4, '(garbage collector)'),
      frame(5, 'run'),
      frame(6, 'onread', 'node:internal/stream_base_commons'),
    ];
    // Each sample lasts until the next one's delta; the first one is before the window.
    const samples = [2, 2, 1, 3, 4, 5, 6, 1];
    const timeDeltas = [100, 100, 400, 900, 200, 100, 50, 50];
    const { functions, places } = sharesOf(
      { nodes, startTime: 1000, samples, timeDeltas },
      { fromUs: 1150, untilUs: 9999 },
    );
    expect(functions).toEqual([
      { name: 'dist/storage/uploads/durable-store.js: append', percent: 50 },
      { name: 'hono/dist/hono.js: (anonymous, line 5)', percent: 25 },
      { name: '(garbage collector)', percent: 12.5 },
      { name: 'run', percent: 6.3 },
      { name: 'node:internal/stream_base_commons: onread', percent: 6.3 },
    ]);
    expect(places.map(({ name }) => name)).toEqual([
      'dist/storage',
      'hono',
      '(garbage collector)',
      '(native)',
      'node:internal',
    ]);
  });
});

describe('report', () => {
  const result = (round: number, contender: ContenderName, cpuMs: number): Result => ({
    ...{ round, contender, measurement: 'cpu64', figures: { cpuMs }, elsewherePercent: 0 },
  });

  it('pairs rounds whichever contender went first, and judges by the medians', () => {
    const results = [
      ...[result(1, 'bare', 1), result(1, 'stock', 4), result(1, 'ours', 2)],
      ...[result(2, 'ours', 4), result(2, 'bare', 2), result(2, 'stock', 8)],
      ...[result(3, 'stock', 4), result(3, 'ours', 3), result(3, 'bare', 1)],
    ];
    const [row] = summarize(results);
    expect(row?.of).toEqual({
      bare: { median: 1, min: 1, max: 2 },
      stock: { median: 4, min: 4, max: 8 },
      ours: { median: 3, min: 2, max: 4 },
    });
    expect(row?.oursToStock).toEqual({ median: 0.5, min: 0.5, max: 0.75 });
    expect(row?.oursToBare).toEqual({ median: 2, min: 2, max: 3 });
    expect(judge(summarize(results)).map(({ limit, measured, met }) => [limit, measured, met])).toEqual([
      [0.6, 0.5, true],
      [0.5, 0.5, true],
      [1.5, 2, false],
    ]);
  });
});

describe('contenders', () => {
  it.each(contenderNames)('%s stores what is sent, is measured, and leaves no file', async (name) => {
    const leftovers: Leftovers = new Set();
    const contender = await openContender(name, leftovers);
    try {
      expect(leftovers.size).toBe(1);
      const [upload] = await contender.createUploads(3, 2);
      if (!upload) throw new Error('there is no upload');
      const connection = await contender.connect();
      const body = Buffer.alloc(1000, 7);
      body.writeUInt32BE(0x1a45dfa3, 0);
      await patch(connection, upload, body);
      await patch(connection, upload, body, body);
      expect(upload.offset).toBe(3000);
      connection.close();
      const { cpuMs = 0, patchesPerSecond = 0 } = await measureCpu(contender, { bytes: 65_536, warmUp: 8, count: 16 });
      expect(cpuMs).toBeGreaterThan(0.05);
      expect(patchesPerSecond).toBeGreaterThan(1);
    } finally {
      await contender.stop();
    }
    expect(leftovers.size).toBe(0);
    expect(existsSync(`/proc/${contender.pid}`)).toBe(false);
  });
});
