/** Incomplete and malformed requests to the real server in real time: they get an error, are cut, and disturb no other client. */
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openCandidate } from '../support/server/candidate.ts';
import { makeCertificate } from '../support/server/certificate.ts';
import { spawnServer, type TestServer, temporaryFolder } from '../support/server/server.ts';
import { openRequest } from '../support/tus/raw-connection.ts';
import { recording, reprDigest, type Tus, until } from '../support/tus/tus.ts';

let root: Awaited<ReturnType<typeof temporaryFolder>>;
let server: TestServer;
let token: string;
let tus: Tus;
beforeAll(async () => {
  root = await temporaryFolder();
  server = await spawnServer({ dataDir: root.path });
  const candidate = await openCandidate(server, 'Anna');
  token = candidate.token;
  tus = candidate.tus(server);
});
afterAll(async () => {
  await server.stop();
  await root.remove();
});

/** A TLS record's header, and the first bytes of a ClientHello. */
const TLS_START = Buffer.from('16030100c5010000c10303', 'hex');

/** Everything that the server sent on a connection, and when it ended the connection, in ms after the opening. */
interface Ending {
  text: string;
  afterMs: number;
}

interface Peer {
  socket: Socket;
  /** The port of its own end. */
  port: number;
  ended: Promise<Ending>;
}

/** Opens a connection that stays open when the server has ended its side, as an attacker's does. */
async function openPeer(to = server.port): Promise<Peer> {
  const socket = connect({ port: to, host: '127.0.0.1', allowHalfOpen: true });
  const startedAt = performance.now();
  let text = '';
  socket.on('data', (bytes) => (text += bytes.toString('latin1')));
  const ended = new Promise<Ending>((resolve) => {
    const settle = () => resolve({ text, afterMs: performance.now() - startedAt });
    socket.on('end', settle).on('close', settle).on('error', settle);
  });
  await once(socket, 'connect');
  return { socket, port: socket.localPort as number, ended };
}

/** Calls `work` now and every second, until the returned function is called. */
function everySecond(work: () => void): () => void {
  work();
  const timer = setInterval(work, 1_000);
  return () => clearInterval(timer);
}

/** Counts the connections that the server's process still holds: those that only the kernel still ends have no inode. */
async function countHeld(peers: Peer[]): Promise<number> {
  const hex = (port: number) => port.toString(16).toUpperCase().padStart(4, '0');
  const theirs = new Set(peers.map(({ port }) => hex(port)));
  const rows = (await readFile('/proc/net/tcp', 'utf8')).split('\n').map((row) => row.trim().split(/\s+/));
  return rows.filter(
    ([, local = '', remote = '', , , , , , , inode]) =>
      local.endsWith(`:${hex(server.port)}`) && theirs.has(remote.split(':')[1] ?? '') && inode !== '0',
  ).length;
}

/** Checks the problem that a malformed request gets: it has the form of all problems. */
function expectProblem(text: string, status: number, code: string): void {
  const [head = '', body = ''] = text.split('\r\n\r\n');
  expect(head).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
  expect(head).toMatch(/\r\nContent-Type: application\/problem\+json(\r\n|$)/i);
  expect(head).toMatch(/\r\nConnection: close(\r\n|$)/i);
  expect(head.match(/\r\nContent-Length: (\d+)/i)?.[1]).toBe(String(body.length));
  expect(JSON.parse(body)).toMatchObject({ status, code, title: expect.any(String), detail: expect.any(String) });
}

const cut = ({ afterMs }: Ending) => [afterMs > 14_000, afterMs < 18_000];

test.concurrent('heads that come byte by byte or not at all are cut after 15 s; a slow body is not, and other clients are served', async () => {
  const dribblers = await Promise.all(Array.from({ length: 50 }, () => openPeer()));
  const silent = await Promise.all(Array.from({ length: 10 }, () => openPeer()));
  // A connection that was served once, and then sends the head of its next request byte by byte.
  const second = await openPeer();
  second.socket.write('GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n');
  for (const { socket } of dribblers) socket.write('GET /healthz HTTP/1.1\r\nHost: a\r\nX-Slow: ');
  await until(() => second.socket.bytesRead > 0);
  second.socket.write('GET /healthz HTTP/1.1\r\nHost: a\r\nX-Slow: ');
  const all = [...dribblers, ...silent, second];
  await until(async () => (await countHeld(all)) === 61);

  const bytes = recording(20);
  const location = await tus.begin();
  const body = await tus.openPatch(location, 0, bytes.length);
  const bodyStartedAt = performance.now();
  let sent = 0;
  const served: Array<{ status: number; ms: number }> = [];
  const stop = everySecond(() => {
    for (const { socket } of [...dribblers, second]) if (!socket.destroyed) socket.write('x');
    if (sent < bytes.length) void body.write(bytes.subarray(sent, ++sent));
    const askedAt = performance.now();
    void fetch(`${server.url}/readyz`).then(({ status }) => served.push({ status, ms: performance.now() - askedAt }));
  });
  try {
    for (const { ended } of dribblers) {
      const answer = await ended;
      expect(cut(answer), `cut after ${answer.afterMs} ms`).toEqual([true, true]);
      expectProblem(answer.text, 408, 'request-timeout');
    }
    for (const { ended } of silent) {
      const answer = await ended;
      expect(cut(answer), `cut after ${answer.afterMs} ms`).toEqual([true, true]);
    }
    const answer = await second.ended;
    expect(cut(answer), `cut after ${answer.afterMs} ms`).toEqual([true, true]);
    const next = answer.text.lastIndexOf('HTTP/1.1 ');
    expect(next).toBeGreaterThan(0);
    expectProblem(answer.text.slice(next), 408, 'request-timeout');
    // Its last byte comes 19 s after its first.
    expect(await body.status).toBe(204);
    expect(performance.now() - bodyStartedAt).toBeGreaterThan(18_000);
    // The server holds none of them, whether they still send or never close their side.
    await until(async () => (await countHeld(all)) === 0, 20_000, 100);
  } finally {
    stop();
    for (const { socket } of [...all, body]) socket.destroy();
  }
  expect(served.length).toBeGreaterThan(15);
  expect(served.filter(({ status, ms }) => status !== 200 || ms > 1_000)).toEqual([]);
  const last = await tus.patch(location, bytes.length, new Uint8Array(), { length: bytes.length });
  expect(last.headers.get('repr-digest')).toBe(reprDigest(bytes));
}, 60_000);

/** Returns the response to these bytes; checks that the server lets the connection go although its peer keeps it open. */
async function responseTo(bytes: string | Uint8Array): Promise<string> {
  const peer = await openPeer();
  try {
    await until(async () => (await countHeld([peer])) === 1);
    peer.socket.write(bytes);
    const { text } = await peer.ended;
    await until(async () => (await countHeld([peer])) === 0, 20_000, 50);
    return text;
  } finally {
    peer.socket.destroy();
  }
}

test.concurrent('over HTTPS, a client that never begins with TLS is cut after 15 s, too', async () => {
  const folder = await temporaryFolder();
  const secure = await spawnServer({ dataDir: folder.path, env: await makeCertificate(folder.path) });
  const peers = await Promise.all(Array.from({ length: 5 }, () => openPeer(secure.port)));
  try {
    // Some of them with the first bytes of a handshake.
    for (const { socket } of peers.slice(2)) socket.write(TLS_START);
    const answers: Ending[] = [];
    for (const { ended } of peers) void ended.then((answer) => answers.push(answer));
    await until(() => answers.length === peers.length, 20_000, 100);
    for (const answer of answers) expect(cut(answer), `cut after ${answer.afterMs} ms`).toEqual([true, true]);
  } finally {
    for (const { socket } of peers) socket.destroy();
    await secure.stop();
    await folder.remove();
  }
}, 60_000);

test.concurrent.each([20_000, 1_000_000])('a head of %d bytes is 431', async (size) => {
  const head = `GET /healthz HTTP/1.1\r\nHost: a\r\nX-Long: ${'x'.repeat(size)}\r\n\r\n`;
  expectProblem(await responseTo(head), 431, 'headers-too-large');
});

test.concurrent.each([
  ['noise', Buffer.from([0, 255, 1, 254, 13, 10, 13, 10])],
  ['the beginning of TLS', TLS_START],
  ['a target with spaces', 'GET /a b c HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['a header without a name', 'GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n'],
  ['two lengths', 'POST /files HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n'],
  ['a length and chunks', 'POST /files HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n'],
])('%s is 400', async (_, bytes) => {
  expectProblem(await responseTo(bytes), 400, 'invalid-request');
});

test.concurrent('no Host is 400', async () => {
  expect(await responseTo('GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 /);
});

test.concurrent('a body that turns to garbage ends only its request: the bytes before it are kept', async () => {
  const bytes = recording(40_000);
  const location = await tus.begin({ question: 2 });
  const live = await openRequest(server.url, [
    `PATCH ${location} HTTP/1.1`,
    `Authorization: Bearer ${token}`,
    'Tus-Resumable: 1.0.0',
    'Upload-Offset: 0',
    'Content-Type: application/offset+octet-stream',
    'Transfer-Encoding: chunked',
  ]);
  await live.write(Buffer.concat([Buffer.from('7530\r\n'), bytes.subarray(0, 30_000), Buffer.from('\r\nno size\r\n')]));
  expect([400, 503, null]).toContain(await live.status);
  live.socket.destroy();
  const offset = async () => Number((await tus.head(location)).headers.get('upload-offset'));
  await until(async () => (await offset()) === 30_000);
  const last = await tus.patch(location, 30_000, bytes.subarray(30_000), { length: bytes.length });
  expect(last.headers.get('repr-digest')).toBe(reprDigest(bytes));
});
