import { randomBytes } from 'node:crypto';
import { Agent, createServer, request, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { type CutRule, type Network, openNetwork } from './network.ts';
import { requestLength } from './request-follower.ts';

vi.setConfig({ testTimeout: 30_000 });
const eventually = (check: () => void) => vi.waitFor(check, { timeout: 10_000, interval: 10 });

interface Request {
  readonly name: string;
  readonly bodyBytes: number;
  readonly whole: boolean;
}
let server: Server;
let network: Network;
let agent: Agent;
let requests: Request[];

beforeEach(async () => {
  const seen: Request[] = [];
  requests = seen;
  server = createServer((incoming, response) => {
    let bodyBytes = 0;
    incoming.on('data', (bytes: Buffer) => {
      bodyBytes += bytes.length;
    });
    incoming.on('error', () => {});
    incoming.on('close', () => {
      seen.push({ name: `${incoming.method} ${incoming.url}`, bodyBytes, whole: incoming.complete });
    });
    incoming.on('end', () => response.end('thanks'));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  network = await openNetwork({ to: { host: '127.0.0.1', port: (server.address() as AddressInfo).port } });
  agent = new Agent({ keepAlive: true, maxSockets: 1 });
});
afterEach(async () => {
  agent.destroy();
  await network.close();
  server.close();
});

/** Sends a request over the kept connection and gives its status, or the error's code. */
const send = (method: string, path: string, body: Buffer, headers: Record<string, string> = {}) =>
  new Promise<number | string>((resolve) => {
    const outgoing = request(`${network.url}${path}`, { method, agent, headers }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode ?? 0));
    });
    outgoing.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    const chunked = headers['transfer-encoding'] !== undefined;
    for (let at = 0; chunked && at < body.length; at += 7000) outgoing.write(body.subarray(at, at + 7000));
    outgoing.end(chunked ? undefined : body);
  });
const arrived = (count: number) => eventually(() => expect(requests).toHaveLength(count));
const patchAt = (bytes: number): CutRule => ({
  times: 1,
  match: (head, n) => head.startsWith('PATCH') && n >= bytes,
});

it.each(['rst', 'fin'] as const)('cuts the request of the rule at the rule’s body byte, by %s', async (how) => {
  network.setCut({ ...patchAt(123_456), how });
  const body = randomBytes(300_000);
  expect(await send('POST', '/one', body)).toBe(200);
  expect(await send('PATCH', '/small', body.subarray(0, 100_000))).toBe(200);
  expect(await send('GET', '/none', Buffer.alloc(0))).toBe(200);
  expect(network.stats.connections).toBe(1);
  expect(await send('PATCH', '/cut', body)).toMatch(/ECONNRESET|EPIPE/);
  await arrived(4);
  expect(await send('PATCH', '/again', body)).toBe(200);
  await arrived(5);
  expect(requests).toEqual([
    { name: 'POST /one', bodyBytes: 300_000, whole: true },
    { name: 'PATCH /small', bodyBytes: 100_000, whole: true },
    { name: 'GET /none', bodyBytes: 0, whole: true },
    { name: 'PATCH /cut', bodyBytes: 123_456, whole: false },
    { name: 'PATCH /again', bodyBytes: 300_000, whole: true },
  ]);
  expect(network.stats).toMatchObject({ connections: 2, cuts: 1 });
});

it('loses just the response when cut after the whole body, and everything but the head when cut at 0', async () => {
  network.setCut({ times: 1, match: (head, n) => n === requestLength(head) });
  expect(await send('PATCH', '/answer', Buffer.alloc(50_000))).toBe('ECONNRESET');
  await arrived(1);
  network.setCut({ times: 1, match: () => true });
  expect(await send('PATCH', '/head', Buffer.alloc(50_000))).toMatch(/ECONNRESET|EPIPE/);
  await arrived(2);
  expect(requests).toEqual([
    { name: 'PATCH /answer', bodyBytes: 50_000, whole: true },
    { name: 'PATCH /head', bodyBytes: 0, whole: false },
  ]);
});

it('gives the rule the numbers of the connection and the request', async () => {
  network.setCut({
    times: 1,
    match: (_head, n, { connection, request }) => connection === 1 && request === 3 && n >= 5,
  });
  const results = [];
  for (let n = 1; n <= 4; n++) results.push(await send('PUT', `/${n}`, Buffer.alloc(10)));
  expect(results).toEqual([200, 200, 'ECONNRESET', 200]);
});

it('follows chunked bodies too, counting their content', async () => {
  const chunked = { 'transfer-encoding': 'chunked' };
  const body = randomBytes(60_000);
  expect(await send('PATCH', '/first', body.subarray(0, 30_000), chunked)).toBe(200);
  network.setCut(patchAt(40_000));
  expect(await send('PATCH', '/second', body.subarray(0, 39_999))).toBe(200);
  expect(await send('PATCH', '/third', body, chunked)).toMatch(/ECONNRESET|EPIPE/);
  await arrived(3);
  expect(requests.map(({ bodyBytes }) => bodyBytes)).toEqual([30_000, 39_999, 40_000]);
});

it('finds a request in whatever pieces it arrives', async () => {
  network.setCut({ match: (head, n) => head.startsWith('PATCH /b') && n >= 3 });
  const text = [
    'POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nabcd',
    'PATCH /b HTTP/1.1\r\nHost: x\r\ncontent-length: 9\r\n\r\n123456789',
  ].join('');
  const client = connect(network.port, '127.0.0.1').on('error', () => {});
  client.setNoDelay(true);
  for (const letter of text) {
    client.write(letter);
    await sleep(1);
  }
  await eventually(() => expect(client.closed).toBe(true));
  await arrived(2);
  expect(requests).toEqual([
    { name: 'POST /a', bodyBytes: 4, whole: true },
    { name: 'PATCH /b', bodyBytes: 3, whole: false },
  ]);
});

it('passes bytes that are not HTTP', async () => {
  network.setCut({ match: () => true });
  const bytes = randomBytes(200_000)
    .map((byte) => byte & 0x7f)
    .map((byte) => (byte === 10 ? 11 : byte));
  const client = connect(network.port, '127.0.0.1').on('error', () => {});
  client.write(bytes);
  await eventually(() => expect(network.stats.bytesUp).toBe(200_000));
  expect(network.stats.cuts).toBe(0);
  client.destroy();
});
