import { expect, test } from 'vitest';
import { createFitting } from '../../client/fitting.ts';
import { bitsPerSecond, DEFAULT_QUALITY, fitQuality, type Quality } from '../../client/quality.ts';

function open(measure: () => Promise<number | null>) {
  const told: Quality[] = [];
  const fitting = createFitting({ measure, onQuality: (quality) => told.push(quality) });
  return { fitting, told };
}

test('measures once in the life of the page, and tells', async () => {
  let asked = 0;
  const { fitting, told } = open(async () => {
    asked += 1;
    return 3000;
  });
  await Promise.all([fitting.measure(), fitting.measure()]);
  expect(asked).toBe(1);
  expect(told).toEqual([fitQuality(3000)]);
  expect(fitting.quality()).toEqual(fitQuality(3000));
});

test('a measurement that fails is no reason to wait', async () => {
  const { fitting, told } = open(() => Promise.reject(new Error('no way')));
  await fitting.measure();
  expect(told).toEqual([DEFAULT_QUALITY]);
});

test('what an earlier page chose last holds after a reload, and where nothing can be measured', async () => {
  const { fitting, told } = open(() => Promise.resolve(null));
  const kept = fitQuality(400);
  fitting.resume(undefined);
  expect(told).toEqual([]);
  fitting.resume(kept);
  await fitting.ready();
  expect([fitting.begin(), told]).toEqual([kept, [kept]]);
  await fitting.measure();
  expect(fitting.quality()).toEqual(kept);
});

test('a take waits until the measurement has ended; where none was begun, for nothing', async () => {
  let end: (kbps: number) => void = () => {};
  const { fitting, told } = open(() => new Promise((resolve) => (end = resolve)));
  void fitting.measure();
  let ready = false;
  const waiting = fitting.ready().then(() => (ready = true));
  await new Promise((resolve) => setImmediate(resolve));
  expect([ready, told]).toEqual([false, []]);
  end(400);
  await waiting;
  expect(fitting.begin()).toEqual(fitQuality(400));
  const other = open(() => new Promise(() => {}));
  const at = other.fitting.ready();
  expect(other.told, 'at once, so that nobody reads of a measurement').toEqual([DEFAULT_QUALITY]);
  await at;
});

test('what waits at the stop counts as time of recording: 5 s of it make the next take smaller', async () => {
  const { fitting } = open(async () => 3000);
  await fitting.measure();
  const bits = bitsPerSecond(fitting.quality());
  fitting.stopped({ backlogBytes: (5 * bits) / 8, uplinkKbps: 3000 });
  expect(bitsPerSecond(fitting.quality())).toBeLessThan(bits);
  const smaller = bitsPerSecond(fitting.quality());
  fitting.stopped({ backlogBytes: (0.2 * smaller) / 8, uplinkKbps: 9000 });
  expect(bitsPerSecond(fitting.quality())).toBeGreaterThan(smaller);
});

test('never more than the device can encode', async () => {
  const told: Quality[] = [];
  const fitting = createFitting({
    measure: async () => 20_000,
    onQuality: (quality) => told.push(quality),
    maxHeight: 540,
  });
  await fitting.measure();
  expect(fitQuality(20_000).height).toBe(1080);
  expect(told.map(({ height }) => height)).toEqual([540]);
  expect(bitsPerSecond(fitting.quality())).toBeLessThan(bitsPerSecond(fitQuality(20_000)));
  fitting.stopped({ backlogBytes: 0, uplinkKbps: 20_000 });
  expect(fitting.quality().height).toBe(540);
});
