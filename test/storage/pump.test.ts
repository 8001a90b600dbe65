import { PassThrough, Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { pump } from '../../storage/recordings/pump.ts';

const MB = 1 << 20;

/** A sink that keeps what it gets, and can be held up. */
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

test('a source that had ended already ends', async () => {
  const source = Readable.from([]);
  source.resume();
  await new Promise((resolve) => source.once('end', resolve));
  expect(await pump(source, async () => {}, { idleMs: 60_000 })).toBe('end');
});

test('a source that was cut before the pump came is cut, and what waits in it is kept', async () => {
  const { sink, bytes } = collector();
  const source = new PassThrough();
  source.write('hello');
  source.destroy();
  expect(await pump(source, sink, { idleMs: 60_000 })).toBe('cut');
  expect(bytes().toString()).toBe('hello');
});

test('a cut keeps everything, also what waits in the paused stream', async () => {
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

test('a silent source is given up, and what it brought is kept', async () => {
  const { sink, bytes } = collector();
  const source = new PassThrough();
  source.write('hello');
  expect(await pump(source, sink, { idleMs: 20 })).toBe('idle');
  expect(bytes().toString()).toBe('hello');
});

test('an abort ends at once, and what was taken is kept', async () => {
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

test('aborted before it began, it takes nothing', async () => {
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

test('chunks of one byte are handed on long before they are many', async () => {
  const source = new PassThrough();
  const batches: number[] = [];
  const done = pump(source, async (chunks) => void batches.push(chunks.length), { idleMs: 60_000, holdMs: 60_000 });
  for (let sent = 0; sent < 10_000; sent++) source.write('x');
  source.end();
  expect(await done).toBe('end');
  expect(batches.reduce((sum, chunks) => sum + chunks, 0)).toBe(10_000);
  expect(Math.max(...batches)).toBeLessThanOrEqual(4_096);
});
