import { expect, test } from 'vitest';
import { createHearing } from '../../client/hearing.ts';
import { createManualTimers } from '../support/manual-timers.ts';

/** Listens five times a second, and returns what was said at the end of each of `seconds`. */
async function listen(
  hearing: ReturnType<typeof createHearing>,
  timers: ReturnType<typeof createManualTimers>,
  level: number,
  seconds: number,
) {
  const said: string[] = [];
  for (let second = 0; second < seconds; second++) {
    let last = '';
    for (let tick = 0; tick < 5; tick++) {
      last = hearing.listen(level);
      await timers.advance(200);
    }
    said.push(last);
  }
  return said;
}

function setUp() {
  const timers = createManualTimers();
  return { timers, hearing: createHearing({ timers }) };
}

test('silence from the beginning is said after five seconds, and a voice at once', async () => {
  const { timers, hearing } = setUp();
  expect(await listen(hearing, timers, 0.1, 5)).toEqual(Array(5).fill('unknown'));
  expect(hearing.listen(0.1)).toBe('silent');
  expect(hearing.listen(0.5)).toBe('heard');
});

test('who was heard may think for a while; a microphone that went dead is said all the same', async () => {
  const { timers, hearing } = setUp();
  hearing.listen(0.5);
  expect(await listen(hearing, timers, 0, 20)).toEqual(Array(20).fill('heard'));
  expect(await listen(hearing, timers, 0, 1)).toEqual(['silent']);
});

test('a page that stood still is no proof of silence: the time counts from the first sample', async () => {
  const { timers, hearing } = setUp();
  await timers.advance(60_000);
  expect(hearing.listen(0)).toBe('unknown');
});

test('another microphone begins anew', async () => {
  const { timers, hearing } = setUp();
  await listen(hearing, timers, 0, 6);
  hearing.reset();
  expect(hearing.listen(0)).toBe('unknown');
  expect(hearing.listen(0.5)).toBe('heard');
  hearing.reset();
  expect(hearing.listen(0)).toBe('unknown');
});

test('as long as nobody can listen, nothing is silent: the time counts from the first sample', async () => {
  const { timers, hearing } = setUp();
  expect(hearing.listen(null)).toBe('unknown');
  hearing.listen(0);
  await timers.advance(4000);
  expect(hearing.listen(null)).toBe('unknown');
  await timers.advance(60_000);
  expect(await listen(hearing, timers, 0, 5)).toEqual(Array(5).fill('unknown'));
  expect(hearing.listen(0)).toBe('silent');
  hearing.listen(0.5);
  expect(hearing.listen(null)).toBe('heard');
});
