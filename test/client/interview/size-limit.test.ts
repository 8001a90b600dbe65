import { expect, test } from 'vitest';
import { createSizeLimit } from '../../../client/interview/size-limit.ts';

/** A limit before a queue that counts what it is given. */
function open(maxBytes: number | null) {
  const kept: Record<string, number> = {};
  let ended = 0;
  const limit = createSizeLimit({
    queue: {
      async append(takeId, data) {
        kept[takeId] = (kept[takeId] ?? 0) + data.byteLength;
        return kept[takeId];
      },
    },
    maxBytes: () => maxBytes,
    onFull: () => (ended += 1),
  });
  return { limit, kept, ended: () => ended };
}

test('a take ends before the largest answer, with room for its last chunks', async () => {
  const { limit, kept, ended } = open(100_000);
  while (ended() === 0) await limit.append('a', new ArrayBuffer(1000), 500);
  expect(kept).toEqual({ a: 95_000 });
  for (let last = 0; last < 4; last++) await limit.append('a', new ArrayBuffer(1000), 500);
  expect(kept).toEqual({ a: 99_000 });
});

test('of large chunks there is room for four', async () => {
  const { limit, kept, ended } = open(1_000_000);
  while (ended() === 0) await limit.append('a', new ArrayBuffer(100_000), 500);
  expect(kept).toEqual({ a: 600_000 });
});

test('a chunk that does not fit ends the take, and nothing follows: the file would have a hole', async () => {
  const { limit, kept, ended } = open(100_000);
  await limit.append('a', new ArrayBuffer(10_000), 500);
  expect(await limit.append('a', new ArrayBuffer(95_000), 9000)).toBe(10_000);
  expect(ended()).toBe(1);
  expect(await limit.append('a', new ArrayBuffer(1000), 9500)).toBe(10_000);
  expect(kept).toEqual({ a: 10_000 });
  await limit.append('b', new ArrayBuffer(50_000), 500);
  expect(kept).toEqual({ a: 10_000, b: 50_000 });
});

test('the time that is left follows from the rate so far', async () => {
  const { limit } = open(100_000);
  await limit.append('a', new ArrayBuffer(1000), 1000);
  expect(limit.leftMs('a')).toBeNull();
  for (let second = 2; second <= 10; second++) await limit.append('a', new ArrayBuffer(1000), second * 1000);
  expect(limit.leftMs('a')).toBe(85_000);
  expect(limit.leftMs('b'), 'of a take that has no chunk yet').toBeNull();
});

test('a server that tells no limit bounds nothing', async () => {
  const { limit, kept, ended } = open(null);
  await limit.append('a', new ArrayBuffer(1_000_000), 9000);
  expect([kept, ended(), limit.leftMs('a')]).toEqual([{ a: 1_000_000 }, 0, null]);
});
