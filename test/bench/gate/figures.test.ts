import { describe, expect, it } from 'vitest';
import { backlogMs } from '../../../bench/gate/gate-figures.ts';
import { offsetsOf } from '../../../bench/gate/phones.ts';
import { createRequestLog, stepsOf } from '../../../bench/gate/request-log.ts';
import { atBitrate, type Recording, recordingFor, scaled } from '../../../bench/gate/slices.ts';
import type { Quality } from '../../../client/capture/quality.ts';
import { meanKbit, periodOf } from '../../support/network/link-rate.ts';

describe('the backlog', () => {
  const slices = [
    { atMs: 1500, bytes: 1000 },
    { atMs: 2000, bytes: 2000 },
    { atMs: 3000, bytes: 500 },
  ];

  it('is the recorded time after the last acknowledged byte', () => {
    expect(backlogMs(slices, 0, 1000)).toBe(2000);
    expect(backlogMs(slices, 1000, 1000)).toBe(1500);
    expect(backlogMs(slices, 2000, 1000)).toBe(1250);
    expect(backlogMs(slices, 3500, 1000)).toBe(0);
    expect(backlogMs([], 0, 1000)).toBe(0);
  });
});

describe('offsets', () => {
  it('are spread evenly over the trace, and shifted by chance', () => {
    const rate = { traceMs: [5, 1000] };
    expect(offsetsOf(rate, 4, () => 0)).toEqual([0, 250, 500, 750]);
    expect(offsetsOf(rate, 4, () => 0.5)).toEqual([125, 375, 625, 875]);
    expect(offsetsOf({ kbit: 1000 }, 2, () => 0.5)).toEqual([0, 0]);
  });

  it('know the trace', () => {
    expect(periodOf({ traceMs: [5, 1000] })).toBe(1000);
    expect(meanKbit({ traceMs: [5, 10, 500, 1000] })).toBe(48);
    expect(meanKbit({ kbit: 300 })).toBe(300);
  });
});

const quality = (kbit: number): Quality => {
  return { width: 640, height: 360, frameRate: 24, videoBitsPerSecond: (kbit - 64) * 1000, audioBitsPerSecond: 64_000 };
};

const recording = (sizes: number[], seconds = 2): Recording => ({
  seconds,
  stopMs: seconds * 1000,
  mimeType: 'video/webm',
  slices: sizes.map((size, at) => ({
    atMs: (at + 1) * 500,
    data: Uint8Array.from({ length: size }, (_, i) => i).buffer,
  })),
  bytes: sizes.reduce((sum, size) => sum + size, 0),
});

describe('slices', () => {
  it('scale in size and keep their times and their head', () => {
    const larger = scaled(recording([100, 60]), 1.5);
    expect(larger.slices.map(({ atMs, data }) => [atMs, data.byteLength])).toEqual([
      [500, 150],
      [1000, 90],
    ]);
    expect(larger.bytes).toBe(240);
    expect([...new Uint8Array(larger.slices[0]?.data ?? new ArrayBuffer(0))].slice(0, 3)).toEqual([0, 1, 2]);
    // EBML's four bytes, of which the recorder gave the first one by itself.
    const split = scaled(recording([1, 100]), 2);
    expect(split.slices.map(({ data }) => data.byteLength)).toEqual([1, 200]);
    expect(new Uint8Array(split.slices[1]?.data ?? new ArrayBuffer(0)).slice(0, 3)).toEqual(new Uint8Array([0, 1, 2]));
    expect(scaled(recording([100]), 0.001).bytes).toBe(1);
  });

  it('reach the bitrate together, and keep their differences', () => {
    // 300 and 500 bytes in 2 s each: 1600 bit/s together.
    const scaledTo = atBitrate([recording([300]), recording([500])], 3200);
    expect(scaledTo.map(({ bytes }) => bytes)).toEqual([600, 1000]);
  });

  it('are those of the nearest rung at the wanted bitrate, in turn', () => {
    const ladder = [
      { quality: quality(200), recordings: [recording([200]), recording([240]), recording([999], 6)] },
      { quality: quality(800), recordings: [recording([800])] },
    ];
    expect(recordingFor(ladder, quality(200), 2, 0).bytes).toBe(200);
    expect(recordingFor(ladder, quality(200), 2, 1).bytes).toBe(240);
    expect(recordingFor(ladder, quality(200), 2, 2).bytes).toBe(200);
    expect(recordingFor(ladder, quality(300), 2, 0).bytes).toBe(300);
    expect(recordingFor(ladder, quality(600), 2, 0).bytes).toBe(600);
    expect(() => recordingFor(ladder, quality(800), 6, 0)).toThrow('no recording of 6 s');
  });
});

describe('the request log', () => {
  it('has the times of the last bytes and of the end of a take', () => {
    const patch = (bytes: number, last: boolean, beganMs: number, endedMs: number | null, status = 204) => {
      return { method: 'PATCH', bytes, last, beganMs, endedMs, status };
    };
    const requests = [
      patch(9000, false, 100, 900),
      { method: 'HEAD', bytes: 0, last: false, beganMs: 1010, endedMs: 1100, status: 502 },
      patch(500, false, 1050, 1200),
      patch(0, true, 1210, 1320),
    ];
    expect(stepsOf(requests, 1000, 1015)).toEqual({
      lastSliceMs: 15,
      lastDataBeginMs: 50,
      lastDataEndMs: 200,
      lastDataBytes: 500,
      emptyBeginMs: 210,
      emptyEndMs: 320,
      requests: 3,
      failed: 1,
    });
    const riding = stepsOf([patch(500, true, 1050, null)], 1000, 1015);
    expect(riding).toMatchObject({ lastDataEndMs: null, emptyBeginMs: null, emptyEndMs: null });
  });

  it('records requests by fetch, failed ones too', async () => {
    let now = 0;
    const log = createRequestLog(() => now);
    const send = log.watchFetch(async () => {
      now += 30;
      if (now > 30) throw new Error('cut');
      return new Response(null, { status: 204 });
    });
    await send('http://a/', { method: 'POST' });
    await expect(send('http://a/', { method: 'HEAD' })).rejects.toThrow('cut');
    expect(log.requests).toEqual([
      { method: 'POST', bytes: 0, last: false, beganMs: 0, endedMs: 30, status: 204 },
      { method: 'HEAD', bytes: 0, last: false, beganMs: 30, endedMs: 60, status: 0 },
    ]);
  });
});
