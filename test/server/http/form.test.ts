/** A form is bounded before anybody knows who sends it, and must go on moving after. */
import { PassThrough, type Readable } from 'node:stream';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { readForm } from '../../../server/http/form.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const part = (name: string, file = '') => `--x\r\nContent-Disposition: form-data; name="${name}"${file}\r\n\r\n`;
const video = part('video', '; filename="a.webm"');

/** Counts what a file brings, as the storage does. */
async function count(_: unknown, file: Readable): Promise<string> {
  let bytes = 0;
  for await (const chunk of file) bytes += chunk.length;
  return String(bytes);
}

/** A form that is being read, and how that ends. */
function open() {
  const source = new PassThrough();
  const state: { ended: unknown; seconds: number } = { ended: null, seconds: 0 };
  readForm(source, 'multipart/form-data; boundary=x', count, { idleMs: 30_000 }).then(
    (result) => {
      state.ended = result;
    },
    (error: { code?: string }) => {
      state.ended = error.code;
    },
  );
  /** Sends a piece every second until the form has ended. */
  const sendEverySecond = async (piece: string | Buffer, atMost: number) => {
    for (; state.seconds < atMost && state.ended === null; state.seconds++) {
      source.write(piece);
      await vi.advanceTimersByTimeAsync(1_000);
    }
  };
  return { source, state, sendEverySecond };
}

test('text fields and a video are read', async () => {
  const { source, state } = open();
  source.end(`${part('token')}x\r\n${video}12345\r\n--x--\r\n`);
  await vi.advanceTimersByTimeAsync(500);
  expect(state.ended).toBe('5');
});

test.each([
  ['a preamble', 'x'.repeat(50_000)],
  ['one more field', `${part('y')}${'x'.repeat(50_000)}\r\n`],
])('%s without end is refused after 64 KiB', async (_, piece) => {
  const { state, sendEverySecond } = open();
  await sendEverySecond(piece, 10);
  expect(state).toEqual({ ended: 'invalid-multipart', seconds: 3 });
});

test('another file is refused at once', async () => {
  const { source, state } = open();
  source.write(`${part('photo', '; filename="a.png"')}${'x'.repeat(1_000)}`);
  await vi.advanceTimersByTimeAsync(0);
  expect(state.ended).toBe('invalid-multipart');
});

test('a form whose file does not begin within 15 s may be sent again', async () => {
  const { state, sendEverySecond } = open();
  await sendEverySecond('-', 60);
  expect(state).toEqual({ ended: 'unavailable', seconds: 15 });
});

test('a file that brings a few bytes now and then is given up after a minute; one on a slow network is not', async () => {
  const slow = open();
  slow.source.write(video);
  await slow.sendEverySecond(Buffer.alloc(100), 600);
  expect(slow.state.ended).toBe('unavailable');
  expect(slow.state.seconds).toBeLessThan(70);
  const gprs = open();
  gprs.source.write(video);
  await gprs.sendEverySecond(Buffer.alloc(1_500), 600);
  expect(gprs.state.ended).toBeNull();
  gprs.source.end('\r\n--x--\r\n');
  await vi.advanceTimersByTimeAsync(500);
  expect(gprs.state.ended).toBe(String(600 * 1_500));
});

test('the time of what comes after the file, as its placing, is not the form’s', async () => {
  const source = new PassThrough();
  const read = readForm(
    source,
    'multipart/form-data; boundary=x',
    async (_, file) => {
      file.resume();
      await new Promise((resolve) => setTimeout(resolve, 200_000));
      return 'placed';
    },
    { idleMs: 30_000 },
  );
  source.end(`${video}12345\r\n--x--\r\n`);
  await vi.advanceTimersByTimeAsync(201_000);
  expect(await read).toBe('placed');
});
