import { expect, test } from 'vitest';
import {
  bitsPerSecond,
  DEFAULT_QUALITY,
  fitQuality,
  LADDER,
  type Quality,
  retune,
} from '../../../client/capture/quality.ts';

const kbps = (quality: Quality) => bitsPerSecond(quality) / 1000;
const pixels = ({ width, height, frameRate }: Quality) => width * height * frameRate;
const quick = { backlogMs: 500, maxBacklogMs: 900, uplinkKbps: 10_000 };
const lowest = LADDER[0] as Quality;
const highest = LADDER.at(-1) as Quality;

test('the ladder reaches from a voice with a small picture to 1080p, in one shape, and each quality costs more than the one before', () => {
  expect(lowest.audioBitsPerSecond).toBe(64_000);
  expect(kbps(lowest)).toBeLessThan(150);
  expect(highest).toMatchObject({ width: 1920, height: 1080 });
  expect(kbps(highest)).toBe(2500);
  for (const [at, rung] of LADDER.entries()) {
    expect(rung.width / rung.height).toBeCloseTo(16 / 9, 2);
    const before = LADDER[at - 1];
    if (before) {
      expect(kbps(rung)).toBeGreaterThan(kbps(before));
      expect(pixels(rung)).toBeGreaterThan(pixels(before));
    }
  }
});

test('a take uses less than half of a measured uplink, without steps, and within the ladder', () => {
  expect(kbps(fitQuality(1000))).toBe(450);
  expect(kbps(fitQuality(1010))).toBe(454.5);
  expect(fitQuality(1000)).toMatchObject({ width: 640, height: 360, frameRate: 20 });
  expect(fitQuality(0)).toEqual(lowest);
  expect(fitQuality(1_000_000)).toEqual(highest);
});

test('every uplink of 300 kbit/s or more carries twice the chosen bitrate', () => {
  for (let uplink = 300; uplink < 20_000; uplink += 7) {
    expect(kbps(fitQuality(uplink))).toBeLessThanOrEqual(uplink / 2);
    expect(kbps(fitQuality(uplink))).toBeGreaterThanOrEqual(Math.min(2500, uplink * 0.4));
  }
});

test('where nothing was measured, a middle quality', () => {
  expect(fitQuality(null)).toEqual(DEFAULT_QUALITY);
  expect(kbps(DEFAULT_QUALITY)).toBeGreaterThan(500);
  expect(kbps(DEFAULT_QUALITY)).toBeLessThan(1000);
});

test('a large backlog lowers the quality at once, by less for a better rate, and never below the lowest', () => {
  const start = fitQuality(2000);
  const slow = retune(start, { backlogMs: 4000, uplinkKbps: 500 });
  const silence = retune(start, { backlogMs: 4000, uplinkKbps: 5000 });
  const unknown = retune(start, { backlogMs: 4000, uplinkKbps: null });
  expect(kbps(slow)).toBeCloseTo(540);
  expect(kbps(silence)).toBeCloseTo(630);
  expect(unknown).toEqual(silence);
  expect(retune(lowest, { backlogMs: 60_000, uplinkKbps: 10 })).toEqual(lowest);
});

test('a small backlog raises the quality slowly, no further than the measured rate carries, and not above the highest', () => {
  const start = fitQuality(1000);
  expect(kbps(retune(start, quick))).toBeCloseTo(450 * 1.3);
  expect(kbps(retune(start, { ...quick, uplinkKbps: 800 }))).toBeCloseTo(520);
  expect(retune(highest, quick)).toEqual(highest);
});

test('a quality that the link carried remains, however low the measured rate: that is never more than was recorded', () => {
  const start = fitQuality(1000);
  expect(retune(start, { ...quick, uplinkKbps: 460 })).toEqual(start);
  expect(retune(start, { ...quick, uplinkKbps: null })).toEqual(start);
});

test('neither a medium backlog nor one that was caught up with raises the quality', () => {
  const start = fitQuality(1000);
  expect(retune(start, { ...quick, backlogMs: 2200 })).toEqual(start);
  expect(retune(start, { ...quick, maxBacklogMs: 6000 })).toEqual(start);
});
