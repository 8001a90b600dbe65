import { describe, expect, test } from 'vitest';
import { createMemorySpool } from '../../../client/spool/memory-spool.ts';
import { createOverflowSpool, type OverflowSpool } from '../../../client/spool/overflow-spool.ts';
import type { Spool } from '../../../client/spool/spool.ts';
import { spoolContract } from '../../support/tus/spool-contract.ts';

/** A device that has no room from the `fullAt`-th append on, until a take is forgotten. */
function createDevice(fullAt: number, { refusesCreate = false } = {}) {
  const inner = createMemorySpool();
  let appends = 0;
  let refused = 0;
  const full = () => {
    refused += 1;
    throw new DOMException('The device is full', 'QuotaExceededError');
  };
  const device: Spool = {
    ...inner,
    create: async (take) => (refusesCreate ? full() : inner.create(take)),
    async append(takeId, data, recordedMs) {
      await Promise.resolve();
      if (appends++ >= fullAt) full();
      return inner.append(takeId, data, recordedMs);
    },
    async forget(takeId) {
      await inner.forget(takeId);
      fullAt = Number.POSITIVE_INFINITY;
    },
  };
  return { device, inner, refused: () => refused };
}

function open(fullAt: number, options = {}) {
  const overflows: string[] = [];
  const { device, inner, refused } = createDevice(fullAt, options);
  const onOverflow = (takeId: string, error: unknown) => overflows.push(`${takeId} ${(error as Error).name}`);
  return { spool: createOverflowSpool({ durable: device, onOverflow }), device, inner, overflows, refused };
}

const TAKE = { takeId: 'a', folder: 'f', question: 1, mimeType: 'video/webm', startedAt: '2026-01-01' };
const chunk = (i: number) => Uint8Array.from({ length: i + 1 }, () => i).buffer;
const TEN = Buffer.concat(Array.from({ length: 10 }, (_, i) => Buffer.from(chunk(i))));

async function record(spool: OverflowSpool): Promise<number[]> {
  await spool.create(TAKE);
  return Promise.all(Array.from({ length: 10 }, (_, i) => spool.append('a', chunk(i), (i + 1) * 500)));
}

describe.each([0, 1, 2, 3, 5, 8, Number.POSITIVE_INFINITY])('the contract, full at append %s', (fullAt) => {
  for (const { name, run } of spoolContract(async () => open(fullAt).spool)) test(name, run);
});
describe('the contract, where not even a take can be created', () => {
  for (const { name, run } of spoolContract(async () => open(0, { refusesCreate: true }).spool)) test(name, run);
});

test.each([...Array(11).keys()])(
  'whichever append fails (%i), the take is whole and `onOverflow` was called once',
  async (fullAt) => {
    const { spool, inner, overflows, refused } = open(fullAt);
    const emitted: number[] = [];
    spool.subscribe('a', ({ bytes }) => emitted.push(bytes));
    expect(await record(spool)).toEqual([1, 3, 6, 10, 15, 21, 28, 36, 45, 55]);
    const isFull = fullAt < 10;
    expect([refused(), overflows]).toEqual(isFull ? [1, ['a QuotaExceededError']] : [0, []]);
    expect(spool.overflowed('a')).toBe(isFull);
    expect(await inner.size('a')).toBe((fullAt * (fullAt + 1)) / 2);
    expect(emitted).toEqual([1, 3, 6, 10, 15, 21, 28, 36, 45, 55]);
    for (let start = 0; start < 55; start += 3)
      for (let end = start; end <= 55; end += 4)
        expect(Buffer.from(await spool.read('a', start, end)).equals(TEN.subarray(start, end))).toBe(true);
    await expect(spool.read('a', 50, 56)).rejects.toThrow();
    const copy = await spool.copyOf('a');
    expect([copy.type, Buffer.from(await copy.arrayBuffer()).equals(TEN)]).toEqual(['video/webm', true]);
    await spool.end('a');
    expect(await spool.list('f')).toMatchObject([{ takeId: 'a', bytes: 55, recordedMs: 5000, ended: true }]);
    // The part that a crash would leave is not whole, and not marked as such.
    expect((await inner.get('a'))?.ended).toBe(!isFull);
  },
);

test('on a device with room for every chunk and not for the end the take is whole, and `onOverflow` is not called', async () => {
  const { spool, inner, device, overflows } = open(Number.POSITIVE_INFINITY);
  const emitted: boolean[] = [];
  spool.subscribe('a', ({ ended }) => emitted.push(ended));
  await record(spool);
  await spool.setUploadUrl('a', 'http://x/1');
  Object.assign(device, { end: () => Promise.reject(new DOMException('The device is full', 'QuotaExceededError')) });
  await spool.end('a');
  expect(emitted.slice(-2)).toEqual([false, true]);
  const whole = { bytes: 55, recordedMs: 5000, ended: true, uploadUrl: 'http://x/1' };
  expect(await spool.get('a')).toMatchObject(whole);
  expect(await spool.list('f')).toMatchObject([whole]);
  expect(Buffer.from(await spool.read('a', 0, 55)).equals(TEN)).toBe(true);
  expect([overflows, spool.overflowed('a'), (await inner.get('a'))?.ended]).toEqual([[], false, false]);
  await expect(spool.append('a', chunk(1), 6000)).rejects.toThrow('ended');
  await spool.end('a');
  await spool.forget('a');
  expect([await spool.get('a'), await inner.get('a')]).toEqual([null, null]);
});

test('a chunk after the end, or for an unknown take, is refused and no overflow', async () => {
  const { spool, overflows } = open(Number.POSITIVE_INFINITY);
  await spool.create(TAKE);
  await spool.append('a', chunk(0), 500);
  await spool.end('a');
  await expect(spool.append('a', chunk(1), 1000)).rejects.toThrow('ended');
  await expect(spool.append('b', chunk(1), 1000)).rejects.toThrow('no take');
  expect([overflows, await spool.size('a')]).toEqual([[], 1]);
});

test('after an overflow the upload continues as the durable spool recorded it', async () => {
  const { spool, inner } = open(1);
  await spool.create(TAKE);
  await spool.append('a', chunk(0), 500);
  await spool.setUploadUrl('a', 'http://x/1');
  await spool.append('a', chunk(1), 1000);
  expect(await spool.get('a')).toMatchObject({ uploadUrl: 'http://x/1', bytes: 3, sentAs: 'a' });
  await spool.renew('a', 'a2');
  await spool.setUploadUrl('a', 'http://x/2');
  expect(await spool.get('a')).toMatchObject({ uploadUrl: 'http://x/2', sentAs: 'a2', mismatches: 1 });
  expect(await inner.get('a')).toMatchObject({ uploadUrl: 'http://x/2', sentAs: 'a2', mismatches: 1, bytes: 1 });
});

test('where the durable spool fails at every call no byte of the take in progress is lost', async () => {
  const { spool, device } = open(Number.POSITIVE_INFINITY);
  await spool.create(TAKE);
  await spool.setUploadUrl('a', 'http://x/1');
  await spool.append('a', chunk(0), 500);
  const gone = () => Promise.reject(new DOMException('The store is gone', 'UnknownError'));
  Object.assign(device, { append: gone, get: gone, setUploadUrl: gone, size: gone });
  expect(await spool.append('a', chunk(1), 1000)).toBe(3);
  expect(await spool.size('a')).toBe(3);
  await spool.setUploadUrl('a', null);
  expect(await spool.get('a')).toMatchObject({ uploadUrl: null, bytes: 3, recordedMs: 1000 });
  expect([...new Uint8Array(await spool.read('a', 0, 3))]).toEqual([0, 1, 1]);
});

test('once a take is forgotten and there is room, later takes are durable again', async () => {
  const { spool, inner, overflows } = open(2);
  await record(spool);
  await spool.forget('a');
  expect([await spool.get('a'), spool.overflowed('a'), await spool.list('f')]).toEqual([null, false, []]);
  await spool.create({ ...TAKE, takeId: 'b' });
  await spool.append('b', chunk(4), 500);
  expect([await inner.size('b'), overflows]).toEqual([5, ['a QuotaExceededError']]);
});

test('a take that the server holds is forgotten only once its copy is whole', async () => {
  const { spool, device } = open(Number.POSITIVE_INFINITY);
  await record(spool);
  let readOn = () => {};
  const reading = new Promise<void>((resolve) => {
    readOn = resolve;
  });
  const { read } = device;
  Object.assign(device, { read: (...of: Parameters<Spool['read']>) => reading.then(() => read(...of)) });
  const copy = spool.copyOf('a');
  const forgotten = spool.forget('a');
  readOn();
  expect(Buffer.from(await (await copy).arrayBuffer()).equals(TEN)).toBe(true);
  await forgotten;
  expect(await spool.get('a')).toBeNull();
});
