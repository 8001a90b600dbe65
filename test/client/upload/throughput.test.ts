import { expect, test } from 'vitest';
import {
  BESIDE_SOUND_BYTES,
  BESIDE_SOUND_MS,
  createThroughput,
  FIRST_PATCH_BYTES,
  MAX_PATCH_BYTES,
  MEASURED_BYTES,
  MIN_PATCH_BYTES,
  PATCH_TARGET_MS,
} from '../../../client/upload/throughput.ts';

test('before the first measurement the rate is unknown, and a PATCH is of middle size', () => {
  const throughput = createThroughput();
  throughput.add(MEASURED_BYTES - 1, 10); // measures the round trip alone
  expect([throughput.kbps(), throughput.patchBytes()]).toEqual([null, FIRST_PATCH_BYTES]);
});

test('the rate is the median of the latest five PATCHes, in kbit/s', () => {
  const throughput = createThroughput();
  for (const ms of [1, 1, 1, 8000, 4000, 1000, 2000, 500]) throughput.add(100_000, ms);
  expect(throughput.kbps()).toBe(400); // 100 kB in 2 s
});

test('a PATCH takes about 4 s on the link as measured, within its limits', () => {
  const throughput = createThroughput();
  throughput.add(100_000, 2000);
  expect(throughput.patchBytes()).toBe(50 * PATCH_TARGET_MS);
  for (let i = 0; i < 5; i++) throughput.add(20_000, 20_000);
  expect(throughput.patchBytes()).toBe(MIN_PATCH_BYTES);
  for (let i = 0; i < 5; i++) throughput.add(1_000_000, 10);
  expect(throughput.patchBytes()).toBe(MAX_PATCH_BYTES);
});

test('one slow PATCH in a dead spot does not make the next ones small; one fast PATCH makes them large', () => {
  const throughput = createThroughput();
  for (let i = 0; i < 3; i++) throughput.add(100_000, 2000);
  throughput.add(20_000, 20_000);
  expect(throughput.patchBytes()).toBe(50 * PATCH_TARGET_MS);
  for (let i = 0; i < 5; i++) throughput.add(20_000, 20_000);
  throughput.add(100_000, 2000);
  expect(throughput.patchBytes()).toBe(50 * PATCH_TARGET_MS);
});

test('a cut makes the next PATCH small, until one is acknowledged', () => {
  const throughput = createThroughput();
  throughput.add(100_000, 1000);
  throughput.cut();
  expect(throughput.patchBytes()).toBe(MIN_PATCH_BYTES);
  expect(throughput.kbps()).toBe(800);
  throughput.add(MEASURED_BYTES - 1, 100);
  expect(throughput.patchBytes()).toBe(MIN_PATCH_BYTES);
  throughput.add(100_000, 1000);
  expect(throughput.patchBytes()).toBe(100 * PATCH_TARGET_MS);
});

test('beside sound that goes ahead a PATCH is smaller, and still large enough to be measured', () => {
  const throughput = createThroughput();
  expect(throughput.patchBytes(true)).toBe(BESIDE_SOUND_BYTES);
  expect(BESIDE_SOUND_BYTES).toBeGreaterThanOrEqual(MEASURED_BYTES);
  throughput.add(100_000, 2000);
  expect(throughput.patchBytes(true)).toBe(50 * BESIDE_SOUND_MS);
  throughput.cut();
  expect(throughput.patchBytes(true)).toBe(BESIDE_SOUND_BYTES);
});
