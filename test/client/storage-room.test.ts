import { expect, test } from 'vitest';
import { createStorageRoom, LEAST_FREE_BYTES, secondsHeld } from '../../client/storage-room.ts';

const QUESTION = { index: 1, text: 'Who are you?', thinkSeconds: 0, maxTakes: 1 };

const look = (estimate: () => Promise<{ quota?: number; usage?: number }>, needBytes = 0) =>
  createStorageRoom({ estimate, needBytes: () => needBytes }).look();

test.each([
  ['enough', 'for short answers', { quota: LEAST_FREE_BYTES + 7, usage: 7 }, 0],
  ['low', 'a byte below 50 MB, however short the answers', { quota: LEAST_FREE_BYTES + 6, usage: 7 }, 0],
  ['enough', 'for the longest answer', { quota: 200_000_000, usage: 0 }, 200_000_000],
  ['low', 'a byte too little for it', { quota: 200_000_000, usage: 1 }, 200_000_000],
  ['unknown', 'without a quota', { usage: 1 }, 0],
  ['unknown', 'without the usage', { quota: 1 }, 0],
] as const)('%s: %s', async (room, _, estimate, needBytes) => {
  expect(await look(async () => estimate, needBytes)).toBe(room);
});

test('a browser that does not tell is no failure', async () => {
  expect(await look(() => Promise.reject(new TypeError('no storage here')))).toBe('unknown');
  expect(
    await look(() => {
      throw new TypeError('navigator.storage is undefined');
    }),
  ).toBe('unknown');
});

test.each([
  ['each', 'the longest answer', 180],
  ['end', 'all of them: nothing may be sent before the last', 330],
] as const)('gate %s: room for %s', (gate, _, seconds) => {
  const questions = [60, 180, 90].map((maxSeconds) => ({ ...QUESTION, maxSeconds }));
  expect(secondsHeld({ questions, gate })).toBe(seconds);
  expect(secondsHeld({ questions: [], gate })).toBe(0);
});
