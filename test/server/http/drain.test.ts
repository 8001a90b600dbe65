/** A refused body is read, so that its sender gets to read the response: the same rule for PATCH and for all other requests. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { drain } from '../../../server/http/drain.ts';
import { openAppInTest, useApp } from '../../support/server/use-app.ts';
import { metadataHeader, openSession } from '../../support/tus/tus.ts';

const BODY_BYTES = 20_000_000;

const app = useApp();

/** Sends a whole request as a simple client does: it reads nothing before its body is sent. Resolves to what came back. */
async function sendThenRead(
  url: string,
  head: string[],
  { bytes = BODY_BYTES, token = 'unknown', end = '}' } = {},
): Promise<string> {
  const { hostname, port, host } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port) });
  await once(socket, 'connect');
  socket.pause();
  const lines = [...head, `Host: ${host}`, `Authorization: Bearer ${token}`, `Content-Length: ${bytes}`];
  socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  const piece = Buffer.alloc(100_000);
  for (let sent = 0; sent < bytes; sent += piece.length)
    await new Promise<void>((resolve, reject) => socket.write(piece, (error) => (error ? reject(error) : resolve())));
  let text = '';
  socket.on('data', (data) => {
    text += data.toString('latin1');
  });
  socket.resume();
  await vi.waitFor(() => expect(text).toContain(end), 5_000);
  socket.destroy();
  return text;
}

const tus = ['Tus-Resumable: 1.0.0', 'Content-Type: application/offset+octet-stream', 'Upload-Offset: 0'];
const patch = ['PATCH /files/none HTTP/1.1', ...tus];
const requests: Array<[string, string[], number]> = [
  ['a PATCH', patch, 401],
  ['a PATCH on a connection that ends with it', [...patch, 'Connection: close'], 401],
  ['a PATCH of a proxy that speaks HTTP/1.0', ['PATCH /files/none HTTP/1.0', ...tus], 401],
  ['a creation', ['POST /files HTTP/1.1', ...tus], 401],
  ['a creation on a connection that ends with it', ['POST /files HTTP/1.1', ...tus, 'Connection: close'], 401],
  ['a form', ['POST /api/upload-one HTTP/1.1', 'Content-Type: multipart/form-data'], 400],
  ['a measurement', ['POST /api/uplink HTTP/1.1'], 401],
  ['a request for nothing', ['POST /nothing HTTP/1.1'], 404],
];
test.each(requests)(
  '%s that is refused: the sender reads the response after the whole body',
  async (_, head, status) => {
    expect(await sendThenRead(app.url, head)).toMatch(
      new RegExp(`^HTTP/1\\.[01] ${status} [^]*application/problem\\+json`),
    );
  },
);

test('a creation with data that is repeated: the sender reads the response after the whole body', async () => {
  const { tus: client, token, folder } = await openSession(app, 'Anna');
  const takeId = '7b0f5a54-6c0f-4d43-8a1d-0c8a2f3d9b11';
  const location = await client.begin({ takeId });
  const metadata = metadataHeader({ folder, questionIndex: '1', filetype: 'video/webm', takeId });
  const head = ['POST /files HTTP/1.1', ...tus, 'Upload-Defer-Length: 1', `Upload-Metadata: ${metadata}`];
  const text = await sendThenRead(app.url, head, { token, end: '\r\n\r\n' });
  expect(text).toMatch(/^HTTP\/1\.1 201 /);
  expect(text.toLowerCase()).toContain(`location: ${location.slice(location.indexOf('/files'))}\r\n`);
});

/** Opens a connection, sends a head, and then a body without end, until the server closes the connection. */
async function sendWithoutEnd(head: string[]): Promise<{ text: string; sentBytes: number; firstMs: number }> {
  const { port } = new URL(app.url);
  const socket = connect({ host: '127.0.0.1', port: Number(port) });
  const startedAt = performance.now();
  let [text, sentBytes, firstMs] = ['', 0, Number.POSITIVE_INFINITY];
  socket.on('error', () => {});
  socket.on('data', (data) => {
    firstMs = Math.min(firstMs, performance.now() - startedAt);
    text += data.toString('latin1');
  });
  const closed = new Promise((resolve) => socket.on('close', resolve));
  socket.write(`${[...head, 'Host: x', 'Content-Length: 4000000000'].join('\r\n')}\r\n\r\n`);
  const piece = Buffer.alloc(100_000);
  while (!socket.destroyed && sentBytes < 400_000_000) {
    await new Promise((resolve) => socket.write(piece, resolve));
    sentBytes += piece.length;
  }
  socket.destroy();
  await closed;
  return { text, sentBytes, firstMs };
}

test.each([
  'GET / HTTP/1.1',
  'GET /healthz HTTP/1.0',
  'HEAD /healthz HTTP/1.1',
  'OPTIONS /files HTTP/1.1',
  'DELETE /x HTTP/1.1',
])('%s with a body that nobody asked for: a response, and the connection ends after a little of it', async (line) => {
  const { text, sentBytes } = await sendWithoutEnd([line, 'Connection: keep-alive']);
  expect(text).toMatch(/^HTTP\/1\.1 (200|204|404) /);
  expect(text.toLowerCase()).toContain('connection: close');
  // The kernels of both sides hold some of it.
  expect(sentBytes).toBeLessThan(20_000_000);
});

test.each([
  ['a creation', ['POST /files HTTP/1.1', ...tus], 401],
  ['a request for nothing', ['POST /nothing HTTP/1.1', 'Connection: close'], 404],
  ['a form', ['POST /api/upload-one HTTP/1.1', 'Content-Type: multipart/form-data'], 400],
])('%s that is refused: a sender that reads early has the response at once', async (_, head, status) => {
  const { hostname, port } = new URL(app.url);
  const socket = connect({ host: hostname, port: Number(port) });
  const startedAt = performance.now();
  socket.write(`${[...head, 'Host: x', 'Content-Length: 300000'].join('\r\n')}\r\n\r\nsome bytes`);
  const [first] = await once(socket, 'data');
  expect(performance.now() - startedAt).toBeLessThan(3_000);
  expect(String(first)).toMatch(new RegExp(`^HTTP/1\\.1 ${status} [^]*Content-Length: \\d+`, 'i'));
  socket.write(Buffer.alloc(300_000 - 10));
  // Its connection goes on, or ends as it said.
  if (head.includes('Connection: close')) await once(socket, 'close');
  else {
    socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n');
    expect(String(await once(socket, 'data'))).toContain('{"ok":true}');
  }
  socket.destroy();
});

test('a HEAD says a length, so that clients in Node use its connection again', async () => {
  const { tus: client } = await openSession(app, 'Anna');
  const location = await client.begin();
  expect((await client.head(location)).headers.get('content-length')).toBe('0');
  const head = await fetch(`${app.url}/healthz`, { method: 'HEAD' });
  expect(head.headers.get('content-length')).toBe(String('{"ok":true}'.length));
});

test('the connection of a refused PATCH takes the next request', async () => {
  const { port } = new URL(app.url);
  const socket = connect({ host: '127.0.0.1', port: Number(port) });
  const head = [...patch, 'Host: x', 'Content-Length: 300000'];
  socket.write(`${head.join('\r\n')}\r\n\r\n`);
  socket.write(Buffer.alloc(300_000));
  socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n');
  let text = '';
  socket.on('data', (data) => {
    text += data.toString('latin1');
  });
  await vi.waitFor(() => expect(text).toContain('{"ok":true}'), 5_000);
  expect(text).toMatch(/^HTTP\/1\.1 401/);
  socket.destroy();
});

test('a refused PATCH gets its response at once, and its connection ends when the body stops', async () => {
  const silent = await openAppInTest({ idleMs: 200 });
  const { port } = new URL(silent.url);
  const socket = connect({ host: '127.0.0.1', port: Number(port) });
  socket.write(`${[...patch, 'Host: x', 'Content-Length: 300000'].join('\r\n')}\r\n\r\nsome bytes`);
  const [first] = await once(socket, 'data');
  expect(String(first)).toMatch(/^HTTP\/1\.1 401/);
  await once(socket, 'close');
});

describe('the time of a refused body', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  /** A sender of one byte every second. Resolves to the seconds until it was given up. */
  async function secondsOf(options: Parameters<typeof drain>[1] & { silent?: boolean }): Promise<number> {
    const source = new PassThrough();
    let seconds: number | null = null;
    const startedAt = Date.now();
    const drained = drain(source, options).then((ended) => {
      expect(ended).toBe(false);
      seconds = (Date.now() - startedAt) / 1000;
    });
    while (seconds === null) {
      if (!options.silent) source.write('x');
      await vi.advanceTimersByTimeAsync(500);
    }
    await drained;
    return seconds;
  }

  test('is 30 s in all, and 5 s without a byte', async () => {
    expect(await secondsOf({})).toBe(30);
    expect(await secondsOf({ silent: true })).toBe(5);
    expect(await secondsOf({ silent: true, idleMs: 30_000 })).toBe(5);
    expect(await secondsOf({ silent: true, idleMs: 1_000 })).toBe(1);
  });

  test('is half a second once the server is about to end', async () => {
    const stopping = new AbortController();
    setTimeout(() => stopping.abort(), 2_000);
    expect(await secondsOf({ stopping: stopping.signal })).toBe(2.5);
    expect(await secondsOf({ stopping: stopping.signal })).toBe(0.5);
  });

  test('ends with the body: also where a reader that refused it left it paused', async () => {
    const source = new PassThrough();
    source.pause();
    const drained = drain(source);
    source.end('the rest');
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await drained).toBe(true);
  });
});
