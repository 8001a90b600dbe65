import { expect, test } from 'vitest';
import {
  createUplinkMeter,
  FIRST_PATCH_BYTES,
  MAX_PATCH_BYTES,
  MEASURED_BYTES,
  MIN_PATCH_BYTES,
  PATCH_TARGET_MS,
} from '../../client/uplink-meter.ts';

test('before anything is measured it tells nothing, and a PATCH is of middle size', () => {
  const meter = createUplinkMeter();
  meter.add(MEASURED_BYTES - 1, 10); // that was a round trip
  expect([meter.kbps(), meter.patchBytes()]).toEqual([null, FIRST_PATCH_BYTES]);
});

test('the median of the latest five, in kbit/s', () => {
  const meter = createUplinkMeter();
  for (const ms of [1, 1, 1, 8000, 4000, 1000, 2000, 500]) meter.add(100_000, ms);
  expect(meter.kbps()).toBe(400); // 100 kB in 2 s
});

test('a PATCH takes about 4 s of the link as it was, within its bounds', () => {
  const meter = createUplinkMeter();
  meter.add(100_000, 2000);
  expect(meter.patchBytes()).toBe(50 * PATCH_TARGET_MS);
  for (let i = 0; i < 5; i++) meter.add(20_000, 20_000);
  expect(meter.patchBytes()).toBe(MIN_PATCH_BYTES);
  for (let i = 0; i < 5; i++) meter.add(1_000_000, 10);
  expect(meter.patchBytes()).toBe(MAX_PATCH_BYTES);
});

test('one slow PATCH, in a dead spot, does not make the next ones small; one good one makes them large', () => {
  const meter = createUplinkMeter();
  for (let i = 0; i < 3; i++) meter.add(100_000, 2000);
  meter.add(20_000, 20_000);
  expect(meter.patchBytes()).toBe(50 * PATCH_TARGET_MS);
  for (let i = 0; i < 5; i++) meter.add(20_000, 20_000);
  meter.add(100_000, 2000);
  expect(meter.patchBytes()).toBe(50 * PATCH_TARGET_MS);
});

test('a cut makes the next one small, until one came through', () => {
  const meter = createUplinkMeter();
  meter.add(100_000, 1000);
  meter.cut();
  expect(meter.patchBytes()).toBe(MIN_PATCH_BYTES);
  expect(meter.kbps()).toBe(800);
  meter.add(MEASURED_BYTES - 1, 100);
  expect(meter.patchBytes()).toBe(MIN_PATCH_BYTES);
  meter.add(100_000, 1000);
  expect(meter.patchBytes()).toBe(100 * PATCH_TARGET_MS);
});
