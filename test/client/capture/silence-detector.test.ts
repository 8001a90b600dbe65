import { expect, test } from 'vitest';
import { createSilenceDetector } from '../../../client/capture/silence-detector.ts';
import { createManualTimers } from '../../support/manual-timers.ts';

/** Takes five samples a second, and returns the state at the end of each of `seconds`. */
async function listen(
  detector: ReturnType<typeof createSilenceDetector>,
  timers: ReturnType<typeof createManualTimers>,
  level: number,
  seconds: number,
) {
  const said: string[] = [];
  for (let second = 0; second < seconds; second++) {
    let last = '';
    for (let tick = 0; tick < 5; tick++) {
      last = detector.sample(level);
      await timers.advance(200);
    }
    said.push(last);
  }
  return said;
}

function setUp() {
  const timers = createManualTimers();
  return { timers, detector: createSilenceDetector({ timers }) };
}

test('silence from the beginning is detected after five seconds, and a voice at once', async () => {
  const { timers, detector } = setUp();
  expect(await listen(detector, timers, 0.1, 5)).toEqual(Array(5).fill('unknown'));
  expect(detector.sample(0.1)).toBe('silent');
  expect(detector.sample(0.5)).toBe('heard');
});

test('a candidate who was heard may think for a while; a microphone that went dead is detected all the same', async () => {
  const { timers, detector } = setUp();
  detector.sample(0.5);
  expect(await listen(detector, timers, 0, 20)).toEqual(Array(20).fill('heard'));
  expect(await listen(detector, timers, 0, 1)).toEqual(['silent']);
});

test('a page that was suspended is no proof of silence: the time counts from the first sample', async () => {
  const { timers, detector } = setUp();
  await timers.advance(60_000);
  expect(detector.sample(0)).toBe('unknown');
});

test('another microphone starts anew', async () => {
  const { timers, detector } = setUp();
  await listen(detector, timers, 0, 6);
  detector.reset();
  expect(detector.sample(0)).toBe('unknown');
  expect(detector.sample(0.5)).toBe('heard');
  detector.reset();
  expect(detector.sample(0)).toBe('unknown');
});

test('as long as the page cannot listen, nothing is silent: the time counts from the first sample', async () => {
  const { timers, detector } = setUp();
  expect(detector.sample(null)).toBe('unknown');
  detector.sample(0);
  await timers.advance(4000);
  expect(detector.sample(null)).toBe('unknown');
  await timers.advance(60_000);
  expect(await listen(detector, timers, 0, 5)).toEqual(Array(5).fill('unknown'));
  expect(detector.sample(0)).toBe('silent');
  detector.sample(0.5);
  expect(detector.sample(null)).toBe('heard');
});
