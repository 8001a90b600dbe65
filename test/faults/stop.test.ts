/** SIGTERM to the real server with requests of every kind in progress: bytes that have arrived are kept, and it ends soon. */
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Candidate, openCandidate } from '../support/server/candidate.ts';
import { makeCertificate } from '../support/server/certificate.ts';
import { spawnServer, type TestServer, temporaryFolder } from '../support/server/server.ts';
import { openRequest, type RawRequest } from '../support/tus/raw-connection.ts';
import { recording, reprDigest, type Tus, until } from '../support/tus/tus.ts';

let root: Awaited<ReturnType<typeof temporaryFolder>>;
let server: TestServer;
let candidate: Candidate;
let tus: Tus;
let sockets: Socket[];
beforeEach(async () => {
  root = await temporaryFolder();
  server = await spawnServer({ dataDir: root.path });
  candidate = await openCandidate(server, 'Anna');
  tus = candidate.tus(server);
  sockets = [];
});
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  await server.stop();
  await root.remove();
});

const empty = new Uint8Array();

/** Everything that the server sends on a connection, to its end. */
function receiveOn(socket: Socket): Promise<string> {
  sockets.push(socket);
  let text = '';
  socket.on('data', (bytes) => (text += bytes.toString('latin1')));
  return new Promise((resolve) => socket.on('error', () => {}).on('close', () => resolve(text)));
}

interface Live {
  location: string;
  bytes: Buffer<ArrayBuffer>;
  request: RawRequest;
  answer: Promise<string>;
  /** Bytes that our kernel has taken. */
  sent: number;
}

/** Opens a PATCH of `total` bytes and sends the `first` bytes of its body. */
async function openLive(question: number, total: number, first: number): Promise<Live> {
  const bytes = recording(total);
  const location = await tus.begin({ question });
  const request = await tus.openPatch(location, 0, total);
  const answer = receiveOn(request.socket);
  // Bytes that our kernel has taken are sent at once.
  request.socket.setNoDelay(true);
  await request.write(bytes.subarray(0, first));
  return { location, bytes, request, answer, sent: first };
}

/** Sends more of a PATCH every 5 ms, until its connection takes no more. */
async function keepMoving(live: Live): Promise<void> {
  while (live.sent < live.bytes.length && live.request.socket.writable) {
    const to = Math.min(live.sent + 2_000, live.bytes.length);
    await live.request.write(live.bytes.subarray(live.sent, to)).then(
      () => (live.sent = to),
      () => {},
    );
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

const formHead = (length: number) => [
  'POST /api/upload-one HTTP/1.1',
  'Content-Type: multipart/form-data; boundary=x',
  `Content-Length: ${length}`,
];
const part = (name: string) => `--x\r\nContent-Disposition: form-data; name="${name}"`;
const formStart = () => {
  const fields = Object.entries({ token: candidate.token, folder: candidate.folder, questionIndex: '5' });
  return `${fields.map(([name, value]) => `${part(name)}\r\n\r\n${value}\r\n`).join('')}${part('video')}; filename="a"\r\n\r\n`;
};
const FORM_END = '\r\n--x--\r\n';

/** Opens a connection that stays open after a response. */
async function openIdle(): Promise<{ closed: Promise<string> }> {
  const request = await openRequest(server.url, ['GET /healthz HTTP/1.1', 'Connection: keep-alive']);
  const closed = receiveOn(request.socket);
  expect(await request.status).toBe(200);
  return { closed };
}

async function openSilent(): Promise<{ closed: Promise<string> }> {
  const socket = connect(server.port, '127.0.0.1');
  const closed = receiveOn(socket);
  await once(socket, 'connect');
  return { closed };
}

/** Waits until the server has read what was sent before: it serves its connections in the order of their bytes. */
const settled = async () => expect((await fetch(`${server.url}/healthz`)).status).toBe(200);

/** Sends SIGTERM and waits for the end of the process; returns the ms that it took. */
async function terminate(): Promise<number> {
  const startedAt = performance.now();
  await server.stop('SIGTERM');
  expect([server.process.exitCode, server.process.signalCode]).toEqual([0, null]);
  return performance.now() - startedAt;
}

/** Checks that the response is a 503 with Retry-After, or that there is none. */
function expectRetryAfter(answer: string): void {
  if (answer === '') return;
  expect(answer).toMatch(/^HTTP\/1\.1 503 /);
  expect(answer).toMatch(/\r\nRetry-After: \d+\r\n/i);
}

/** On a restarted server: the offset is at least `atLeast`, and the upload continues to the right digest. */
async function expectContinues({ location, bytes, sent }: Live, atLeast: number): Promise<void> {
  const after = candidate.tus(server);
  const offset = Number((await after.head(location)).headers.get('upload-offset'));
  expect(offset).toBeGreaterThanOrEqual(atLeast);
  expect(offset).toBeLessThanOrEqual(sent);
  const onDisk = await readFile(candidate.uploadFile(location));
  expect(reprDigest(onDisk)).toBe(reprDigest(bytes.subarray(0, offset)));
  if (offset < bytes.length) expect((await after.patch(location, offset, bytes.subarray(offset))).status).toBe(204);
  const last = await after.patch(location, bytes.length, empty, { length: bytes.length });
  expect(last.headers.get('repr-digest')).toBe(reprDigest(bytes));
}

test('PATCHes, stalled and moving, and idle connections: it ends within 3 s, and every byte sent by then is kept', async () => {
  const idle = await Promise.all(Array.from({ length: 8 }, openIdle));
  const stalled = await openLive(1, 400_000, 120_000);
  await until(async () => (await readFile(candidate.uploadFile(stalled.location))).length === 120_000);
  const moving = await openLive(2, 20_000_000, 5_000);
  const moves = keepMoving(moving);
  await until(() => moving.sent > 100_000);
  // Just sent, and too few bytes for a write of their own: they may be in memory only.
  const fresh = await openLive(3, 100_000, 3_000);
  const bare = await openLive(4, 100_000, 0);
  const atLeast = moving.sent;
  await settled();
  expect(await terminate()).toBeLessThan(3_000);
  await moves;
  const lives = [stalled, moving, fresh, bare];
  for (const { answer } of lives) expectRetryAfter(await answer);
  for (const { closed } of idle) expect(await closed).toMatch(/^HTTP\/1\.1 200 /);
  expect(moving.sent).toBeLessThan(moving.bytes.length);

  server = await spawnServer({ dataDir: root.path });
  await expectContinues(stalled, 120_000);
  await expectContinues(moving, atLeast);
  await expectContinues(fresh, 3_000);
  await expectContinues(bare, 0);
  expect(await readdir(`${root.path}/uploads`)).toEqual([]);
});

test('connections that never sent a byte, as browsers open them beforehand, don’t delay the end beyond 3 s', async () => {
  const silent = await Promise.all(Array.from({ length: 8 }, openSilent));
  await settled();
  expect(await terminate()).toBeLessThan(3_000);
  for (const { closed } of silent) expect(await closed).toBe('');
});

test('a part of a request’s head does not delay the end beyond 3 s', async () => {
  const socket = connect(server.port, '127.0.0.1');
  const answer = receiveOn(socket);
  socket.write('GET /healthz HTTP/1.1\r\nHost:');
  await settled();
  expect(await terminate()).toBeLessThan(3_000);
  await answer;
});

test('a refused peer that keeps its side open does not delay the end beyond 3 s', async () => {
  const socket = connect({ port: server.port, host: '127.0.0.1', allowHalfOpen: true });
  const answer = receiveOn(socket);
  const refused = once(socket, 'end');
  socket.write('no request\r\n\r\n');
  await refused;
  expect(await terminate()).toBeLessThan(3_000);
  socket.destroy();
  expect(await answer).toMatch(/^HTTP\/1\.1 400 /);
});

test('over HTTPS: a connection that never begins with TLS does not delay the end beyond 3 s', async () => {
  await server.stop();
  server = await spawnServer({ dataDir: root.path, env: await makeCertificate(root.path) });
  const { closed } = await openSilent();
  expect(await terminate()).toBeLessThan(3_000);
  expect(await closed).toBe('');
});

test('a client that sends without a pause on one connection does not delay the end beyond 3 s', async () => {
  const bytes = recording(100);
  const location = await tus.begin();
  let acknowledged = 0;
  const sending = (async () => {
    for (;;) {
      const answer = await tus.patch(location, acknowledged, bytes.subarray(acknowledged % 100)).catch(() => null);
      await answer?.arrayBuffer().catch(() => null);
      if (answer?.status !== 204) return answer?.status ?? null;
      acknowledged = Number(answer.headers.get('upload-offset'));
    }
  })();
  await until(() => acknowledged >= 500);
  expect(await terminate()).toBeLessThan(3_000);
  expect([null, 503]).toContain(await sending);
  server = await spawnServer({ dataDir: root.path });
  const head = await candidate.tus(server).head(location);
  expect(Number(head.headers.get('upload-offset'))).toBeGreaterThanOrEqual(acknowledged);
});

test('with a stalled multipart answer: new connections are refused, one that continues is saved, and it ends within 10 s', async () => {
  const video = recording(50_000);
  const total = Buffer.byteLength(formStart()) + video.length + FORM_END.length;
  const open = async () => {
    const request = await openRequest(server.url, formHead(total));
    const answer = receiveOn(request.socket);
    await request.write(Buffer.concat([Buffer.from(formStart()), video.subarray(0, 20_000)]));
    return { ...request, answer };
  };
  const stalls = await open();
  const continues = await open();
  const live = await openLive(1, 100_000, 30_000);
  await until(async () => (await readdir(`${root.path}/uploads`)).length === 3);
  await settled();

  const ended = terminate();
  const refused = () =>
    new Promise<boolean>((resolve) => {
      const socket = connect(server.port, '127.0.0.1', () => resolve(false));
      socket.on('error', ({ code }: NodeJS.ErrnoException) => resolve(code === 'ECONNREFUSED'));
      sockets.push(socket);
    });
  await until(refused);
  expect(server.process.exitCode).toBe(null);
  await continues.write(Buffer.concat([video.subarray(20_000), Buffer.from(FORM_END)]));
  const status = await continues.status;
  expect([200, 503, null]).toContain(status);
  expect(await ended).toBeLessThan(10_000);
  expectRetryAfter(await live.answer);
  expectRetryAfter(await stalls.answer);

  server = await spawnServer({ dataDir: root.path });
  const saved = await readFile(`${candidate.path}/Q5.webm`).catch(() => null);
  expect(saved?.equals(video) ?? null).toBe(status === 200 ? true : null);
  // Nothing is left of the stalled answer: a client could not continue it.
  expect(await readdir(`${root.path}/uploads`)).toEqual([live.location.split('/').at(-1)]);
  const form = new FormData();
  for (const [name, value] of Object.entries({ token: candidate.token, folder: candidate.folder, questionIndex: '5' }))
    form.append(name, value);
  form.append('video', new Blob([video]));
  expect((await fetch(`${server.url}/api/upload-one`, { method: 'POST', body: form })).status).toBe(200);
  expect((await readFile(`${candidate.path}/Q5.webm`)).equals(video)).toBe(true);
  await expectContinues(live, 30_000);
});

test.each(['SIGTERM', 'SIGINT'] as const)('one more %s while it stops does no harm', async (signal) => {
  const live = await openLive(1, 100_000, 30_000);
  await settled();
  const ended = terminate();
  await until(() => server.stderr().includes('Stopping'));
  expect(server.process.exitCode).toBe(null);
  server.process.kill(signal);
  expect(await ended).toBeLessThan(3_000);
  expectRetryAfter(await live.answer);
  server = await spawnServer({ dataDir: root.path });
  await expectContinues(live, 30_000);
});
