import { PassThrough, Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { pump } from '../../../storage/uploads/pump.ts';
import { until } from '../../support/tus/tus.ts';

const MB = 1 << 20;

/** A sink that keeps the bytes it gets, and can be blocked. */
function collector() {
  const received: Buffer[] = [];
  let open: () => void = () => {};
  let gate = Promise.resolve();
  return {
    bytes: () => Buffer.concat(received),
    block: () => {
      gate = new Promise((resolve) => {
        open = resolve;
      });
    },
    unblock: () => open(),
    sink: async (chunks: Buffer[], size: number) => {
      await gate;
      const batch = Buffer.concat(chunks);
      expect(batch.length).toBe(size);
      received.push(batch);
    },
  };
}

const pattern = (size: number) => Buffer.from(Array.from({ length: size }, (_, at) => at % 251));

test('carries everything in order and says "end"', async () => {
  const { sink, bytes } = collector();
  const chunks = [pattern(10), pattern(70_000), pattern(3)];
  expect(await pump(Readable.from(chunks, { objectMode: false }), sink)).toBe('end');
  expect(bytes().equals(Buffer.concat(chunks))).toBe(true);
});

test('an empty source ends', async () => {
  const { sink, bytes } = collector();
  expect(await pump(Readable.from([]), sink)).toBe('end');
  expect(bytes()).toHaveLength(0);
});

test('a source that ended before the pump began gives "end"', async () => {
  const source = Readable.from([]);
  source.resume();
  await new Promise((resolve) => source.once('end', resolve));
  expect(await pump(source, async () => {}, { idleMs: 60_000 })).toBe('end');
});

test('a source that was cut before the pump began gives "cut", and the bytes that wait in it are kept', async () => {
  const { sink, bytes } = collector();
  const source = new PassThrough();
  source.write('hello');
  source.destroy();
  expect(await pump(source, sink, { idleMs: 60_000 })).toBe('cut');
  expect(bytes().toString()).toBe('hello');
});

test('a cut loses nothing, also of the bytes that wait in the paused stream', async () => {
  const { sink, bytes, block, unblock } = collector();
  block();
  const source = new PassThrough({ highWaterMark: 4 * MB });
  const done = pump(source, sink);
  const sent = pattern(3 * MB);
  for (let at = 0; at < sent.length; at += 65_536) source.write(sent.subarray(at, at + 65_536));
  while (!source.isPaused()) await new Promise(setImmediate);
  expect(source.readableLength).toBeGreaterThan(0);
  source.destroy(new Error('cut'));
  await new Promise(setImmediate);
  unblock();
  expect(await done).toBe('cut');
  expect(bytes().equals(sent)).toBe(true);
});

test('a fast source is paused while the sink is busy', async () => {
  const { sink, block, unblock, bytes } = collector();
  block();
  const source = new PassThrough();
  const done = pump(source, sink);
  let taken = 0;
  while (taken < 8 * MB && source.write(Buffer.alloc(65_536))) {
    taken += 65_536;
    await new Promise(setImmediate);
  }
  expect(taken).toBeLessThan(2 * MB);
  unblock();
  source.end();
  expect(await done).toBe('end');
  expect(bytes().length).toBe(taken + 65_536);
});

test('a silent source ends the pump with "idle", and its bytes are kept', async () => {
  const { sink, bytes } = collector();
  const source = new PassThrough();
  source.write('hello');
  expect(await pump(source, sink, { idleMs: 20 })).toBe('idle');
  expect(bytes().toString()).toBe('hello');
});

test('an abort ends the pump at once, and the bytes taken so far are kept', async () => {
  const { sink, bytes } = collector();
  const source = new PassThrough();
  const controller = new AbortController();
  const done = pump(source, sink, { signal: controller.signal, idleMs: 60_000 });
  source.write('hello');
  await new Promise(setImmediate);
  controller.abort();
  source.write('too late');
  expect(await done).toBe('aborted');
  expect(bytes().toString()).toBe('hello');
});

test('a pump that is aborted before it begins takes nothing', async () => {
  const { sink, bytes } = collector();
  const source = Readable.from([Buffer.from('hello')]);
  expect(await pump(source, sink, { signal: AbortSignal.abort() })).toBe('aborted');
  expect(bytes()).toHaveLength(0);
});

test.each([
  { maxBytes: 5, end: 'end', kept: 'hello' },
  { maxBytes: 4, end: 'too-large', kept: 'hell' },
  { maxBytes: 0, end: 'too-large', kept: '' },
])('with room for $maxBytes of 5 bytes it ends with $end and keeps $kept', async ({ maxBytes, end, kept }) => {
  const { sink, bytes } = collector();
  expect(await pump(Readable.from([Buffer.from('hel'), Buffer.from('lo')]), sink, { maxBytes })).toBe(end);
  expect(bytes().toString()).toBe(kept);
});

test('an error of the sink is thrown, and a later error of the source ends nothing else', async () => {
  const source = new PassThrough();
  source.write('hello');
  await expect(
    pump(source, async () => {
      throw new Error('the disk is full');
    }),
  ).rejects.toThrow('the disk is full');
  source.destroy(new Error('cut'));
  await new Promise(setImmediate);
  expect(source.destroyed).toBe(true);
});

test('chunks of one byte are handed on in batches of at most 4,096', async () => {
  const source = new PassThrough();
  const batches: number[] = [];
  const done = pump(source, async (chunks) => void batches.push(chunks.length), { idleMs: 60_000, holdMs: 60_000 });
  for (let sent = 0; sent < 10_000; sent++) source.write('x');
  source.end();
  expect(await done).toBe('end');
  expect(batches.reduce((sum, chunks) => sum + chunks, 0)).toBe(10_000);
  expect(Math.max(...batches)).toBeLessThanOrEqual(4_096);
});

test('a pause is told once, after every byte was handed on, and again after the next bytes', async () => {
  const source = new PassThrough();
  const { sink, bytes } = collector();
  const pauses: number[] = [];
  const onQuiet = async () => void pauses.push(bytes().length);
  const ended = pump(source, sink, { quietMs: 20, holdMs: 60_000, onQuiet });
  source.write(pattern(10));
  await until(() => pauses.length === 1);
  expect(pauses).toEqual([10]);
  source.write(pattern(3));
  await until(() => pauses.length === 2);
  source.end();
  expect(await ended).toBe('end');
  expect(pauses).toEqual([10, 13]);
});

test('an error of the pause ends the pump', async () => {
  const source = new PassThrough();
  const onQuiet = () => Promise.reject(new Error('no room'));
  await expect(pump(source, async () => {}, { quietMs: 20, onQuiet })).rejects.toThrow('no room');
  source.destroy();
});
