import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createLocks, type Locks } from '../../../storage/uploads/locks.ts';

let locks: Locks;
beforeEach(() => {
  vi.useFakeTimers();
  locks = createLocks();
});
afterEach(() => vi.useRealTimers());

async function hold(name: string, options?: Parameters<Locks['acquire']>[1]): Promise<() => void> {
  const release = await locks.acquire(name, options);
  if (!release) throw new Error('not had');
  return release;
}

test('waiters get the lock in the order in which they asked, one at a time', async () => {
  const order: number[] = [];
  const first = await hold('a');
  const others = [1, 2, 3].map(async (number) => {
    const release = await hold('a');
    order.push(number);
    await Promise.resolve();
    expect(order.at(-1)).toBe(number);
    release();
  });
  await Promise.resolve();
  expect(order).toEqual([]);
  first();
  await Promise.all(others);
  expect(order).toEqual([1, 2, 3]);
});

test('names are independent', async () => {
  await hold('a');
  await expect(locks.acquire('b', { waitMs: 0 })).resolves.toBeTypeOf('function');
});

test('the holder is asked once to end early, when a waiter comes', async () => {
  const asked = vi.fn();
  const release = await hold('a', { onRequested: asked });
  expect(asked).not.toHaveBeenCalled();
  const second = locks.acquire('a');
  expect(asked).toHaveBeenCalledTimes(1);
  const third = locks.acquire('a');
  expect(asked).toHaveBeenCalledTimes(1);
  release();
  (await second)?.();
  (await third)?.();
});

test('a holder that gets the lock while others wait is asked at once', async () => {
  const asked = vi.fn();
  const first = await hold('a');
  const second = locks.acquire('a', { onRequested: asked });
  const third = locks.acquire('a');
  expect(asked).not.toHaveBeenCalled();
  first();
  expect(asked).toHaveBeenCalledTimes(1);
  (await second)?.();
  expect(await third).toBeTypeOf('function');
});

test('a waiter whose time is over gets null, and leaves the queue', async () => {
  const first = await hold('a');
  const late = locks.acquire('a', { waitMs: 100 });
  const patient = locks.acquire('a', { waitMs: 10_000 });
  await vi.advanceTimersByTimeAsync(100);
  expect(await late).toBeNull();
  first();
  const release = await patient;
  expect(release).toBeTypeOf('function');
  release?.();
  // The lock is free: a new caller does not wait at all.
  expect(await locks.acquire('a', { waitMs: 0 })).toBeTypeOf('function');
});

test('no other caller gets the lock between a release and the waiter', async () => {
  const first = await hold('a');
  let waiterHas = false;
  const waiter = locks.acquire('a').then((release) => {
    waiterHas = true;
    return release;
  });
  first();
  // Requested in the same tick as the release, before the waiter's promise could run.
  let thirdHas = false;
  const third = locks.acquire('a').then((release) => {
    thirdHas = true;
    return release;
  });
  const release = await waiter;
  await vi.advanceTimersByTimeAsync(1);
  expect({ waiterHas, thirdHas }).toEqual({ waiterHas: true, thirdHas: false });
  release?.();
  expect(await third).toBeTypeOf('function');
});

test('a second release by the same holder does not free the next holder’s lock', async () => {
  const first = await hold('a');
  const second = locks.acquire('a');
  first();
  await second;
  first();
  const third = locks.acquire('a', { waitMs: 50 });
  await vi.advanceTimersByTimeAsync(50);
  expect(await third).toBeNull();
});

test('drained waits for every holder and waiter, at most for the given time', async () => {
  await expect(locks.drained(60_000)).resolves.toBeUndefined();
  const first = await hold('a');
  const second = locks.acquire('a');
  const other = await hold('b');
  let drained = false;
  const waiting = locks.drained(60_000).then(() => {
    drained = true;
  });
  first();
  other();
  await vi.advanceTimersByTimeAsync(1);
  expect(drained).toBe(false);
  (await second)?.();
  await waiting;
  await hold('a');
  const impatient = locks.drained(100);
  await vi.advanceTimersByTimeAsync(100);
  await expect(impatient).resolves.toBeUndefined();
});

test('a waiter that does not ask leaves the holder alone, and one behind it that asks reaches both', async () => {
  const asked = vi.fn();
  const nextAsked = vi.fn();
  const release = await hold('a', { onRequested: asked });
  const polite = locks.acquire('a', { asks: false, onRequested: nextAsked });
  expect(asked).not.toHaveBeenCalled();
  const other = locks.acquire('a');
  expect(asked).toHaveBeenCalledTimes(1);
  release();
  const next = await polite;
  expect(nextAsked).toHaveBeenCalledTimes(1);
  next?.();
  await expect(other).resolves.toBeTypeOf('function');
});
