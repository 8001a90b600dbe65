import { expect, test } from 'vitest';
import { createAdaptiveQuality } from '../../../client/capture/adaptive-quality.ts';
import { bitsPerSecond, DEFAULT_QUALITY, fitQuality, type Quality } from '../../../client/capture/quality.ts';

function open(measure: () => Promise<number | null>) {
  const chosen: Quality[] = [];
  const adaptive = createAdaptiveQuality({ measure, onQuality: (quality) => chosen.push(quality) });
  return { adaptive, chosen };
}

test('the uplink is measured once in the life of the page', async () => {
  let asked = 0;
  const { adaptive, chosen } = open(async () => {
    asked += 1;
    return 3000;
  });
  await Promise.all([adaptive.measure(), adaptive.measure()]);
  expect(asked).toBe(1);
  expect(chosen).toEqual([fitQuality(3000)]);
  expect(adaptive.quality()).toEqual(fitQuality(3000));
});

test('a measurement that fails leaves the default quality', async () => {
  const { adaptive, chosen } = open(() => Promise.reject(new Error('no way')));
  await adaptive.measure();
  expect(chosen).toEqual([DEFAULT_QUALITY]);
});

test('the quality that an earlier page chose last remains after a reload, also where nothing can be measured', async () => {
  const { adaptive, chosen } = open(() => Promise.resolve(null));
  const kept = fitQuality(400);
  adaptive.resume(undefined);
  expect(chosen).toEqual([]);
  adaptive.resume(kept);
  await adaptive.ready();
  expect([adaptive.begin(), chosen]).toEqual([kept, [kept]]);
  await adaptive.measure();
  expect(adaptive.quality()).toEqual(kept);
});

test('a take waits until the measurement has ended; where none was begun, it does not wait', async () => {
  let end: (kbps: number) => void = () => {};
  const { adaptive, chosen } = open(() => new Promise((resolve) => (end = resolve)));
  void adaptive.measure();
  let ready = false;
  const waiting = adaptive.ready().then(() => (ready = true));
  await new Promise((resolve) => setImmediate(resolve));
  expect([ready, chosen]).toEqual([false, []]);
  end(400);
  await waiting;
  expect(adaptive.begin()).toEqual(fitQuality(400));
  const other = open(() => new Promise(() => {}));
  const at = other.adaptive.ready();
  expect(other.chosen, 'at once, so that the page shows no measurement').toEqual([DEFAULT_QUALITY]);
  await at;
});

test('a backlog of 5 s of recording at the stop makes the next take smaller', async () => {
  const { adaptive } = open(async () => 3000);
  await adaptive.measure();
  const bits = bitsPerSecond(adaptive.quality());
  adaptive.stopped({ backlogBytes: (5 * bits) / 8, uplinkKbps: 3000 });
  expect(bitsPerSecond(adaptive.quality())).toBeLessThan(bits);
  const smaller = bitsPerSecond(adaptive.quality());
  adaptive.stopped({ backlogBytes: (0.2 * smaller) / 8, uplinkKbps: 9000 });
  expect(bitsPerSecond(adaptive.quality())).toBeGreaterThan(smaller);
});

test('the quality is never more than the device can encode', async () => {
  const chosen: Quality[] = [];
  const adaptive = createAdaptiveQuality({
    measure: async () => 20_000,
    onQuality: (quality) => chosen.push(quality),
    maxHeight: 540,
  });
  await adaptive.measure();
  expect(fitQuality(20_000).height).toBe(1080);
  expect(chosen.map(({ height }) => height)).toEqual([360]);
  expect(bitsPerSecond(adaptive.quality())).toBeLessThan(bitsPerSecond(fitQuality(20_000)));
  adaptive.stopped({ backlogBytes: 0, uplinkKbps: 20_000 });
  expect(adaptive.quality().height).toBe(360);
});

test('the rate leaves room for the longest answer, and what the uplink carries is not forgotten', async () => {
  const { adaptive, chosen } = open(async () => 5000);
  adaptive.limit({ bitsPerSecond: 500_000 });
  expect(chosen, 'nothing is known before the measurement').toEqual([]);
  await adaptive.measure();
  expect(adaptive.begin()).toMatchObject({ width: 640, height: 360, videoBitsPerSecond: 436_000 });
  adaptive.stopped({ backlogBytes: 0, uplinkKbps: 5000 });
  expect(bitsPerSecond(adaptive.quality())).toBe(500_000);
  adaptive.limit({ bitsPerSecond: 100_000 });
  expect(bitsPerSecond(adaptive.quality()), 'the lowest there is').toBe(128_000);
  adaptive.limit({ bitsPerSecond: 10_000_000 });
  expect(adaptive.quality()).toEqual(fitQuality(5000));
});

test('no picture is larger than the camera’s, and another camera may have a larger one', async () => {
  const { adaptive, chosen } = open(async () => 9000);
  await adaptive.measure();
  adaptive.limit({ cameraHeight: 480 });
  expect(adaptive.quality()).toMatchObject({ height: 360 });
  adaptive.limit({ cameraHeight: 480 });
  adaptive.limit({ cameraHeight: 1080 });
  expect(chosen).toEqual([fitQuality(9000), expect.objectContaining({ height: 360 }), fitQuality(9000)]);
});

test('an uplink that does not carry a bounded quality lowers it', async () => {
  const { adaptive } = open(async () => 5000);
  await adaptive.measure();
  adaptive.limit({ bitsPerSecond: 500_000 });
  adaptive.begin();
  adaptive.stopped({ backlogBytes: 500_000, uplinkKbps: 400 });
  adaptive.limit({ bitsPerSecond: Number.POSITIVE_INFINITY });
  expect(bitsPerSecond(adaptive.quality())).toBeLessThan(400_000);
});

test('sound goes ahead where the uplink, as the uploads saw it or else as measured, carries less than is recorded', async () => {
  const { adaptive } = open(async () => 64);
  expect(adaptive.begin().soundAhead, 'nothing is known').toBeUndefined();
  await adaptive.measure();
  const kbps = bitsPerSecond(adaptive.quality()) / 1000;
  expect(adaptive.begin()).toEqual({ ...adaptive.quality(), soundAhead: true });
  expect(adaptive.begin(kbps), 'the uploads saw that it is enough').toEqual(adaptive.quality());
  expect(adaptive.begin(kbps - 1).soundAhead).toBe(true);
});

test('an uplink that carried the last answer is not slow, however few bytes at a time the uploads saw it carry', async () => {
  const { adaptive } = open(async () => 5000);
  await adaptive.measure();
  adaptive.begin();
  adaptive.stopped({ backlogBytes: 10_000, uplinkKbps: 400 });
  expect(adaptive.begin(400).soundAhead).toBeUndefined();
  adaptive.stopped({ backlogBytes: 2_000_000, uplinkKbps: 100 });
  expect(adaptive.begin(100).soundAhead).toBe(true);
});
