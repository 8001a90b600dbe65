import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { readJson } from '../../../server/http/json-body.ts';

const shape = z.object({ token: z.string() });

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test('a body in pieces is read', async () => {
  const source = new PassThrough();
  const read = readJson(source, shape);
  source.write('{"token":');
  source.end('"x"}');
  await vi.advanceTimersByTimeAsync(1_000);
  expect(await read).toEqual({ token: 'x' });
});

test('a body that brings a byte now and then is given up after 15 s: 503, since a later try may succeed', async () => {
  const source = new PassThrough();
  const read = readJson(source, shape).then(
    () => null,
    (error: unknown) => error,
  );
  let seconds = 0;
  const asked = read.then(() => seconds);
  // Counted from 0.
  for (; seconds < 60; seconds++) {
    source.write(' ');
    await vi.advanceTimersByTimeAsync(1_000);
  }
  expect(await asked).toBe(14);
  expect(await read).toMatchObject({ code: 'unavailable', status: 503, headers: { 'Retry-After': '2' } });
});

test('a body that is no JSON, or is too large, never succeeds', async () => {
  for (const text of ['{"token"', ' '.repeat(70_000)]) {
    const source = new PassThrough();
    const read = readJson(source, shape).catch((error: unknown) => error);
    source.end(text);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await read).toMatchObject({ code: 'invalid-json', status: 400 });
  }
});
