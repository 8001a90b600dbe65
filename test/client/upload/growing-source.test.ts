import { beforeEach, expect, test } from 'vitest';
import { createMemorySpool } from '../../../client/spool/memory-spool.ts';
import type { Spool } from '../../../client/spool/spool.ts';
import {
  BETWEEN_PATCHES_MS,
  createGrowingSource,
  END_WAIT_MS,
  ENOUGH_BYTES,
} from '../../../client/upload/growing-source.ts';
import { MAX_PATCH_BYTES } from '../../../client/upload/throughput.ts';
import { createManualTimers, type ManualTimers, settle } from '../../support/manual-timers.ts';

let spool: Spool;
let timers: ManualTimers;

beforeEach(async () => {
  spool = createMemorySpool();
  timers = createManualTimers();
  await spool.create({ takeId: 'a', folder: 'f', question: 1, mimeType: 'video/webm', startedAt: '' });
});

const grow = (bytes: number) => spool.append('a', new ArrayBuffer(bytes), 0);
const source = (options = {}) => createGrowingSource({ spool, takeId: 'a', timers, ...options });

/** The state of a slice: `pending`, `done`, or its bytes. */
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

test('the first bytes are handed out at once', async () => {
  const slice = watch(source().slice(0, MAX_PATCH_BYTES));
  await timers.advance(60_000);
  expect(slice()).toBe('pending');
  await grow(10);
  await settle();
  expect(slice()).toBe(10);
});

test('the next bytes wait until 450 ms after the PATCH before them began', async () => {
  const growing = source();
  await grow(10);
  await growing.slice(0, MAX_PATCH_BYTES);
  await timers.advance(200); // the PATCH is in flight
  const slice = watch(growing.slice(10, MAX_PATCH_BYTES));
  await grow(5);
  await timers.advance(BETWEEN_PATCHES_MS - 201);
  await grow(6);
  await settle();
  expect(slice()).toBe('pending');
  await timers.advance(1);
  expect(slice()).toBe(11);
});

test('or until 64 KB are pending', async () => {
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

test('bytes recorded before the start do not wait, and are handed out from the server’s offset on', async () => {
  await grow(10);
  const handedOut: number[] = [];
  const growing = source({ onHandOut: (end: number) => handedOut.push(end) });
  expect((await growing.slice(4, MAX_PATCH_BYTES)).value?.size).toBe(6);
  expect(handedOut).toEqual([10]);
});

test('where the length may be declared twice, the value of the last bytes is done', async () => {
  const growing = source({ endWithData: () => true, maxPatchBytes: () => 6 });
  await grow(10);
  await spool.end('a');
  expect(await growing.slice(0, MAX_PATCH_BYTES)).toMatchObject({ done: false, value: { size: 6 } });
  expect(await growing.slice(6, MAX_PATCH_BYTES)).toMatchObject({ done: true, value: { size: 4 } });
  expect(await growing.slice(10, MAX_PATCH_BYTES)).toEqual({ value: null, done: true });
});

test('after the stop the last bytes wait for up to 300 ms for the end', async () => {
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

test('more bytes than one PATCH can carry do not wait for the end', async () => {
  const growing = source({ endWithData: () => true, stoppedAt: () => timers.now(), maxPatchBytes: () => 6 });
  await grow(10);
  const slice = watch(growing.slice(0, MAX_PATCH_BYTES));
  await settle();
  expect(slice()).toBe(6);
});

test('the end of the take ends the wait; an empty end follows by itself, after all data', async () => {
  const growing = source();
  const last = watch(growing.slice(0, MAX_PATCH_BYTES));
  await grow(10);
  await spool.end('a');
  await settle();
  expect(last()).toBe(10);
  expect(await growing.slice(10, MAX_PATCH_BYTES)).toEqual({ value: null, done: true });
});

test('a slice without pending bytes is done when the take ends', async () => {
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

test('values are Blobs of exactly the bytes asked for, at most 1 MiB, or the bytes that suit the link', async () => {
  await spool.append('a', Uint8Array.from({ length: 300 }, (_, i) => i).buffer, 0);
  await grow(2 * MAX_PATCH_BYTES);
  const growing = source();
  const { value } = await growing.slice(250, 255);
  expect(value).toBeInstanceOf(Blob);
  expect([...new Uint8Array((await value?.arrayBuffer()) ?? new ArrayBuffer())]).toEqual([250, 251, 252, 253, 254]);
  expect((await growing.slice(0, Number.POSITIVE_INFINITY)).value?.size).toBe(MAX_PATCH_BYTES);
  expect((await source({ maxPatchBytes: () => 70_000 }).slice(0, MAX_PATCH_BYTES)).value?.size).toBe(70_000);
});

test('after close no slice resolves: neither a waiting slice nor one that is being read', async () => {
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

test('an offset beyond the ended take, or a take that the spool lost, is an error and no silent end', async () => {
  await grow(10);
  await spool.end('a');
  await expect(source().slice(11, MAX_PATCH_BYTES)).rejects.toThrow('holds 11 bytes');
  await spool.forget('a');
  await expect(source().slice(0, MAX_PATCH_BYTES)).rejects.toThrow('no take');
});
