import { expect, test } from 'vitest';
import { checkFreeSpace, LEAST_FREE_BYTES } from '../../../client/spool/free-space.ts';

const look = (estimate: () => Promise<{ quota?: number; usage?: number }>, needBytes = 0) =>
  checkFreeSpace({ estimate, needBytes });

test.each([
  ['enough', 'for short answers', { quota: LEAST_FREE_BYTES + 7, usage: 7 }, 0],
  ['low', 'a byte below 50 MB, however short the answers', { quota: LEAST_FREE_BYTES + 6, usage: 7 }, 0],
  ['enough', 'for the longest answer', { quota: 200_000_000, usage: 0 }, 200_000_000],
  ['low', 'a byte too little for the longest answer', { quota: 200_000_000, usage: 1 }, 200_000_000],
  ['unknown', 'without a quota', { usage: 1 }, 0],
  ['unknown', 'without the usage', { quota: 1 }, 0],
] as const)('%s: %s', async (room, _, estimate, needBytes) => {
  expect(await look(async () => estimate, needBytes)).toBe(room);
});

test('a browser that does not say is `unknown`, and no error', async () => {
  expect(await look(() => Promise.reject(new TypeError('no storage here')))).toBe('unknown');
  expect(
    await look(() => {
      throw new TypeError('navigator.storage is undefined');
    }),
  ).toBe('unknown');
});
