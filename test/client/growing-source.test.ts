import { beforeEach, expect, test } from 'vitest';
import { createGrowingSource, MAX_PATCH_BYTES, MAX_WAIT_MS, MIN_PATCH_BYTES } from '../../client/growing-source.ts';
import { createMemorySpool } from '../../client/memory-spool.ts';
import type { Spool } from '../../client/spool.ts';
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
      state = result.done ? 'done' : result.value.size;
    },
    (error: unknown) => {
      state = String(error);
    },
  );
  return () => state;
}

test('a slice waits for 64 KB', async () => {
  const slice = watch(source().slice(0, MAX_PATCH_BYTES));
  await settle();
  await grow(MIN_PATCH_BYTES - 1);
  await settle();
  expect(slice()).toBe('pending');
  await grow(1);
  await settle();
  expect(slice()).toBe(MIN_PATCH_BYTES);
});

test('or for 1 s since data began to wait', async () => {
  const slice = watch(source().slice(0, MAX_PATCH_BYTES));
  await timers.advance(60_000);
  expect(slice()).toBe('pending');
  await grow(10);
  await timers.advance(600);
  await grow(5);
  await timers.advance(MAX_WAIT_MS - 601);
  expect(slice()).toBe('pending');
  await timers.advance(1);
  expect(slice()).toBe(15);
});

test('data that came while the last PATCH was under way has begun to wait then', async () => {
  const growing = source();
  await grow(MIN_PATCH_BYTES);
  await growing.slice(0, MAX_PATCH_BYTES);
  await grow(10);
  await timers.advance(MAX_WAIT_MS);
  const slice = watch(growing.slice(MIN_PATCH_BYTES, 2 * MAX_PATCH_BYTES));
  await settle();
  expect(slice()).toBe(10);
});

test('what is there at the start, or was sent before and is asked for again, does not wait', async () => {
  await grow(10);
  const growing = source();
  expect((await growing.slice(0, MAX_PATCH_BYTES)).value?.size).toBe(10);
  expect((await growing.slice(4, MAX_PATCH_BYTES)).value?.size).toBe(6);
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
  await grow(MIN_PATCH_BYTES);
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
