import { beforeEach, expect, test } from 'vitest';
import { BETWEEN_PATCHES_MS, createGrowingSource, END_WAIT_MS, ENOUGH_BYTES } from '../../client/growing-source.ts';
import { createMemorySpool } from '../../client/memory-spool.ts';
import type { Spool } from '../../client/spool.ts';
import { MAX_PATCH_BYTES } from '../../client/uplink-meter.ts';
import { createManualTimers, type ManualTimers, settle } from '../support/manual-timers.ts';

let spool: Spool;
let timers: ManualTimers;

beforeEach(async () => {
  spool = createMemorySpool();
  timers = createManualTimers();
  await spool.create({ takeId: 'a', folder: 'f', question: 1, mimeType: 'video/webm', startedAt: '' });
});

const grow = (bytes: number) => spool.append('a', new ArrayBuffer(bytes), 0);
const source = (options = {}) => createGrowingSource({ spool, takeId: 'a', timers, ...options });

/** What a slice has come to so far: `pending`, `done`, or its bytes. */
function watch(slice: ReturnType<ReturnType<typeof source>['slice']>): () => string | number {
  let state: string | number = 'pending';
  slice.then(
    (result) => {
      state = result.value?.size ?? 'done';
    },
    (error: unknown) => {
      state = String(error);
    },
  );
  return () => state;
}

test('the first bytes go out as soon as they are there', async () => {
  const slice = watch(source().slice(0, MAX_PATCH_BYTES));
  await timers.advance(60_000);
  expect(slice()).toBe('pending');
  await grow(10);
  await settle();
  expect(slice()).toBe(10);
});

test('the next ones wait until 450 ms after the PATCH before them began', async () => {
  const growing = source();
  await grow(10);
  await growing.slice(0, MAX_PATCH_BYTES);
  await timers.advance(200); // that PATCH was under way
  const slice = watch(growing.slice(10, MAX_PATCH_BYTES));
  await grow(5);
  await timers.advance(BETWEEN_PATCHES_MS - 201);
  await grow(6);
  await settle();
  expect(slice()).toBe('pending');
  await timers.advance(1);
  expect(slice()).toBe(11);
});

test('or for 64 KB', async () => {
  const growing = source();
  await grow(10);
  await growing.slice(0, MAX_PATCH_BYTES);
  const slice = watch(growing.slice(10, MAX_PATCH_BYTES));
  await grow(ENOUGH_BYTES - 1);
  await settle();
  expect(slice()).toBe('pending');
  await grow(1);
  await settle();
  expect(slice()).toBe(ENOUGH_BYTES);
});

test('what is there at the start does not wait, and is handed out from wherever the server is', async () => {
  await grow(10);
  const handedOut: number[] = [];
  const growing = source({ onHandOut: (end: number) => handedOut.push(end) });
  expect((await growing.slice(4, MAX_PATCH_BYTES)).value?.size).toBe(6);
  expect(handedOut).toEqual([10]);
});

test('where the length may be told twice, the last bytes say that they are the last', async () => {
  const growing = source({ endWithData: () => true, maxPatchBytes: () => 6 });
  await grow(10);
  await spool.end('a');
  expect(await growing.slice(0, MAX_PATCH_BYTES)).toMatchObject({ done: false, value: { size: 6 } });
  expect(await growing.slice(6, MAX_PATCH_BYTES)).toMatchObject({ done: true, value: { size: 4 } });
  expect(await growing.slice(10, MAX_PATCH_BYTES)).toEqual({ value: null, done: true });
});

test('after the stop the last bytes wait a moment for the end, and no longer', async () => {
  const stopped = () => timers.now();
  for (const [ends, expected] of [
    [true, { done: true, value: { size: 10 } }],
    [false, { done: false, value: { size: 10 } }],
  ] as const) {
    const takeId = `ends ${ends}`;
    await spool.create({ takeId, folder: 'f', question: 1, mimeType: 'video/webm', startedAt: '' });
    const at = stopped();
    const growing = createGrowingSource({ spool, takeId, timers, endWithData: () => true, stoppedAt: () => at });
    const slice = growing.slice(0, MAX_PATCH_BYTES);
    const seen = watch(slice);
    await spool.append(takeId, new ArrayBuffer(10), 0);
    await timers.advance(END_WAIT_MS - 1);
    expect(seen()).toBe('pending');
    if (ends) await spool.end(takeId);
    else await timers.advance(1);
    expect(await slice).toMatchObject(expected);
  }
});

test('more than one PATCH can carry does not wait for the end', async () => {
  const growing = source({ endWithData: () => true, stoppedAt: () => timers.now(), maxPatchBytes: () => 6 });
  await grow(10);
  const slice = watch(growing.slice(0, MAX_PATCH_BYTES));
  await settle();
  expect(slice()).toBe(6);
});

test('the end of the take ends the wait; the empty end comes by itself, after all data', async () => {
  const growing = source();
  const last = watch(growing.slice(0, MAX_PATCH_BYTES));
  await grow(10);
  await spool.end('a');
  await settle();
  expect(last()).toBe(10);
  expect(await growing.slice(10, MAX_PATCH_BYTES)).toEqual({ value: null, done: true });
});

test('a slice that waits for nothing more is done when the take ends', async () => {
  await grow(10);
  const growing = source();
  await growing.slice(0, MAX_PATCH_BYTES);
  const slice = watch(growing.slice(10, MAX_PATCH_BYTES));
  await settle();
  expect(slice()).toBe('pending');
  await spool.end('a');
  await settle();
  expect(slice()).toBe('done');
});

test('values are Blobs of exactly the bytes asked for, at most 1 MB, or what suits the link', async () => {
  await spool.append('a', Uint8Array.from({ length: 300 }, (_, i) => i).buffer, 0);
  await grow(2 * MAX_PATCH_BYTES);
  const growing = source();
  const { value } = await growing.slice(250, 255);
  expect(value).toBeInstanceOf(Blob);
  expect([...new Uint8Array((await value?.arrayBuffer()) ?? new ArrayBuffer())]).toEqual([250, 251, 252, 253, 254]);
  expect((await growing.slice(0, Number.POSITIVE_INFINITY)).value?.size).toBe(MAX_PATCH_BYTES);
  expect((await source({ maxPatchBytes: () => 70_000 }).slice(0, MAX_PATCH_BYTES)).value?.size).toBe(70_000);
});

test('after close no slice resolves: neither a waiting one nor one that is being read', async () => {
  const waiting = source();
  const first = watch(waiting.slice(0, MAX_PATCH_BYTES));
  await settle();
  waiting.close();
  await grow(ENOUGH_BYTES);
  await spool.end('a');

  const reading = source();
  const second = watch(reading.slice(0, MAX_PATCH_BYTES));
  reading.close();
  await timers.advance(60_000);
  expect([first(), second()]).toEqual(['pending', 'pending']);
  expect(timers.pending()).toBe(0);
});

test('an offset beyond the ended take, or a take that is gone, is an error and no quiet end', async () => {
  await grow(10);
  await spool.end('a');
  await expect(source().slice(11, MAX_PATCH_BYTES)).rejects.toThrow('holds 11 bytes');
  await spool.forget('a');
  await expect(source().slice(0, MAX_PATCH_BYTES)).rejects.toThrow('no take');
});
