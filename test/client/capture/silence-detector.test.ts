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

/** Syllables: loud and less loud. */
function speak(detector: ReturnType<typeof createSilenceDetector>): void {
  for (const level of [0.5, 0.35, 0.6]) detector.sample(level);
}

function setUp() {
  const timers = createManualTimers();
  return { timers, detector: createSilenceDetector({ timers }) };
}

test('silence from the beginning is detected after five seconds, and a voice at once', async () => {
  const { timers, detector } = setUp();
  expect(await listen(detector, timers, 0.1, 5)).toEqual(Array(5).fill('unknown'));
  expect(detector.sample(0.1)).toBe('silent');
  speak(detector);
  expect(detector.sample(0.1)).toBe('heard');
});

test('one knock on the table is no voice, and neither is a fan', async () => {
  const { timers, detector } = setUp();
  for (const level of [0, 0.8, 0, 0, 0.6, 0]) {
    expect(detector.sample(level)).toBe('unknown');
    await timers.advance(200);
  }
  await timers.advance(3000);
  expect((await listen(detector, timers, 0.5, 4)).at(-1), 'an even noise, however loud').toBe('silent');
  expect(detector.sample(0.65)).toBe('heard');
});

test('a candidate who was heard may think for a while; a microphone that went dead is detected all the same', async () => {
  const { timers, detector } = setUp();
  speak(detector);
  expect(await listen(detector, timers, 0, 20)).toEqual(Array(20).fill('heard'));
  expect(await listen(detector, timers, 0, 1)).toEqual(['quiet']);
  expect(detector.sample(0.5)).toBe('heard');
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
  speak(detector);
  expect(detector.sample(0)).toBe('heard');
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
  speak(detector);
  expect(detector.sample(null)).toBe('heard');
});
