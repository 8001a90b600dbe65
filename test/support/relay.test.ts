import { createHash, randomBytes } from 'node:crypto';
import { Agent, createServer as createHttpServer, type Server as HttpServer, request } from 'node:http';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type CutRule, openRelay, type Relay, requestLength } from './relay.ts';

vi.setConfig({ testTimeout: 30_000 });
const eventually = (check: () => void) => vi.waitFor(check, { timeout: 10_000, interval: 10 });
const portOf = (server: Server | HttpServer) => (server.address() as AddressInfo).port;
const listening = (server: Server | HttpServer) =>
  new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

/** A client's or a server's end of a connection, with all that it saw. */
function watch(socket: Socket) {
  const seen = { bytes: Buffer.alloc(0), end: false, closed: false, error: null as string | null };
  socket.on('data', (more) => (seen.bytes = Buffer.concat([seen.bytes, more])));
  socket.on('end', () => (seen.end = true));
  socket.on('close', () => (seen.closed = true));
  socket.on('error', (error: NodeJS.ErrnoException) => {
    seen.error = error.code ?? error.message;
  });
  return { socket, seen };
}

describe('relay of plain connections', () => {
  let server: Server;
  let relay: Relay;
  const served: ReturnType<typeof watch>[] = [];
  const dial = () => watch(connect({ port: relay.port, host: '127.0.0.1', allowHalfOpen: true }));

  beforeEach(async () => {
    served.length = 0;
    server = createServer({ allowHalfOpen: true }, (socket) => served.push(watch(socket)));
    await listening(server);
    relay = await openRelay({ to: { host: '127.0.0.1', port: portOf(server) } });
  });
  afterEach(async () => {
    await relay.close();
    for (const { socket } of served) socket.destroy();
    server.close();
  });

  it('passes bytes and ends on, both ways, unchanged', async () => {
    const [up, down] = [randomBytes(3_000_000), randomBytes(2_000_000)];
    const client = dial();
    client.socket.end(up);
    await eventually(() => expect(served[0]?.seen.end).toBe(true));
    served[0]?.socket.end(down);
    await eventually(() => expect(client.seen.closed).toBe(true));
    expect(sha256(served[0]?.seen.bytes ?? Buffer.alloc(0))).toBe(sha256(up));
    expect(sha256(client.seen.bytes)).toBe(sha256(down));
    expect(client.seen.error).toBeNull();
    expect(relay.stats).toEqual({ connections: 1, refused: 0, cuts: 0, bytesUp: up.length, bytesDown: down.length });
  });

  it.each(['rst', 'fin'] as const)('cuts by %s after exactly that many bytes, which still arrive', async (how) => {
    const limits = [400_000, 70_001];
    relay.setCut({ how, afterBytes: () => limits.shift() ?? 0 });
    for (const [index, limit] of [400_000, 70_001].entries()) {
      const client = dial();
      const sent = randomBytes(1_000_000);
      client.socket.write(sent);
      await eventually(() => expect(served[index]?.seen.closed || served[index]?.seen.end).toBe(true));
      await eventually(() => expect(client.seen.end || client.seen.closed).toBe(true));
      expect(served[index]?.seen.bytes.length).toBe(limit);
      expect(sent.subarray(0, limit).equals(served[index]?.seen.bytes ?? sent)).toBe(true);
      expect([served[index]?.seen.error, client.seen.error]).toEqual(
        how === 'rst' ? ['ECONNRESET', expect.stringMatching(/ECONNRESET|EPIPE/)] : [null, null],
      );
      client.socket.destroy();
    }
    expect(relay.stats).toMatchObject({ connections: 2, cuts: 2, bytesUp: 470_001 });
  });

  it('wears a rule out, and counts open connections from when it was set', async () => {
    const client = dial();
    client.socket.write(Buffer.alloc(5000));
    await eventually(() => expect(served[0]?.seen.bytes.length).toBe(5000));
    relay.setCut({ afterBytes: () => 100, times: 1 });
    client.socket.write(Buffer.alloc(5000));
    await eventually(() => expect(client.seen.closed).toBe(true));
    await eventually(() => expect(served[0]?.seen.bytes.length).toBe(5100));
    const next = dial();
    next.socket.write(Buffer.alloc(5000));
    await eventually(() => expect(served[1]?.seen.bytes.length).toBe(5000));
    expect(relay.stats.cuts).toBe(1);
    next.socket.destroy();
  });

  it.each(['rst', 'fin'] as const)('cuts all open connections now, by %s', async (how) => {
    const clients = [dial(), dial()];
    for (const { socket } of clients) socket.write('x');
    await eventually(() => expect(served.map(({ seen }) => seen.bytes.length)).toEqual([1, 1]));
    relay.cutAll(how);
    for (const { seen } of [...clients, ...served]) {
      await eventually(() => expect(seen.end || seen.closed).toBe(true));
      expect(seen.error).toBe(how === 'rst' ? 'ECONNRESET' : null);
    }
    expect(relay.stats.cuts).toBe(2);
    for (const { socket } of clients) socket.destroy();
  });

  it('goes silent both ways without an end; new connections work', async () => {
    const client = dial();
    client.socket.write('before');
    await eventually(() => expect(served[0]?.seen.bytes.toString()).toBe('before'));
    relay.blackhole();
    client.socket.write('lost');
    served[0]?.socket.write('lost too');
    await sleep(300);
    expect(served[0]?.seen).toMatchObject({ bytes: Buffer.from('before'), end: false, closed: false });
    expect(client.seen).toMatchObject({ bytes: Buffer.alloc(0), end: false, closed: false });
    client.socket.resetAndDestroy();
    await sleep(100);
    expect(served[0]?.seen).toMatchObject({ end: false, closed: false, error: null });
    const next = dial();
    next.socket.write('after');
    await eventually(() => expect(served[1]?.seen.bytes.toString()).toBe('after'));
    next.socket.destroy();
  });

  it('refuses new connections while told to; open ones go on', async () => {
    const open = dial();
    open.socket.write('a');
    await eventually(() => expect(served).toHaveLength(1));
    relay.refuse(true);
    const refused = dial();
    await eventually(() => expect(refused.seen.error).toBe('ECONNRESET'));
    open.socket.write('b');
    await eventually(() => expect(served[0]?.seen.bytes.toString()).toBe('ab'));
    relay.refuse(false);
    const next = dial();
    next.socket.write('c');
    await eventually(() => expect(served[1]?.seen.bytes.toString()).toBe('c'));
    expect(relay.stats).toMatchObject({ refused: 1, connections: 2 });
    for (const { socket } of [open, next]) socket.destroy();
  });

  it('resets a client whose server is gone', async () => {
    server.close();
    await sleep(20);
    const client = dial();
    await eventually(() => expect(client.seen.error).toBe('ECONNRESET'));
  });

  it('frees the port when closed, whatever is open', async () => {
    const client = dial();
    client.socket.write('x');
    await eventually(() => expect(served).toHaveLength(1));
    relay.blackhole();
    dial().socket.write('y');
    await eventually(() => expect(served).toHaveLength(2));
    await relay.close();
    const late = dial();
    await eventually(() => expect(late.seen.error).toBe('ECONNREFUSED'));
  });
});

describe('relay of HTTP requests', () => {
  interface Request {
    readonly name: string;
    readonly bodyBytes: number;
    readonly whole: boolean;
  }
  let server: HttpServer;
  let relay: Relay;
  let agent: Agent;
  let requests: Request[];

  beforeEach(async () => {
    const seen: Request[] = [];
    requests = seen;
    server = createHttpServer((incoming, response) => {
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
    await listening(server);
    relay = await openRelay({ to: { host: '127.0.0.1', port: portOf(server) } });
    agent = new Agent({ keepAlive: true, maxSockets: 1 });
  });
  afterEach(async () => {
    agent.destroy();
    await relay.close();
    server.close();
  });

  /** Sends a request over the kept connection and gives its status, or the error's code. */
  const send = (method: string, path: string, body: Buffer, headers: Record<string, string> = {}) =>
    new Promise<number | string>((resolve) => {
      const outgoing = request(`${relay.url}${path}`, { method, agent, headers }, (response) => {
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

  it.each(['rst', 'fin'] as const)('cuts the request it is told to, at that body byte, by %s', async (how) => {
    relay.setCut({ ...patchAt(123_456), how });
    const body = randomBytes(300_000);
    expect(await send('POST', '/one', body)).toBe(200);
    expect(await send('PATCH', '/small', body.subarray(0, 100_000))).toBe(200);
    expect(await send('GET', '/none', Buffer.alloc(0))).toBe(200);
    expect(relay.stats.connections).toBe(1);
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
    expect(relay.stats).toMatchObject({ connections: 2, cuts: 1 });
  });

  it('loses just the answer when cut behind the whole body, and all but the head when cut at 0', async () => {
    relay.setCut({ times: 1, match: (head, n) => n === requestLength(head) });
    expect(await send('PATCH', '/answer', Buffer.alloc(50_000))).toBe('ECONNRESET');
    await arrived(1);
    relay.setCut({ times: 1, match: () => true });
    expect(await send('PATCH', '/head', Buffer.alloc(50_000))).toMatch(/ECONNRESET|EPIPE/);
    await arrived(2);
    expect(requests).toEqual([
      { name: 'PATCH /answer', bodyBytes: 50_000, whole: true },
      { name: 'PATCH /head', bodyBytes: 0, whole: false },
    ]);
  });

  it('tells the rule which connection and request it is about', async () => {
    relay.setCut({
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
    relay.setCut(patchAt(40_000));
    expect(await send('PATCH', '/second', body.subarray(0, 39_999))).toBe(200);
    expect(await send('PATCH', '/third', body, chunked)).toMatch(/ECONNRESET|EPIPE/);
    await arrived(3);
    expect(requests.map(({ bodyBytes }) => bodyBytes)).toEqual([30_000, 39_999, 40_000]);
  });

  it('finds a request whatever pieces it arrives in', async () => {
    relay.setCut({ match: (head, n) => head.startsWith('PATCH /b') && n >= 3 });
    const text = [
      'POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nabcd',
      'PATCH /b HTTP/1.1\r\nHost: x\r\ncontent-length: 9\r\n\r\n123456789',
    ].join('');
    const client = watch(connect(relay.port, '127.0.0.1'));
    client.socket.setNoDelay(true);
    for (const letter of text) {
      client.socket.write(letter);
      await sleep(1);
    }
    await eventually(() => expect(client.seen.closed).toBe(true));
    await arrived(2);
    expect(requests).toEqual([
      { name: 'POST /a', bodyBytes: 4, whole: true },
      { name: 'PATCH /b', bodyBytes: 3, whole: false },
    ]);
  });

  it('passes what is no HTTP', async () => {
    relay.setCut({ match: () => true });
    const bytes = randomBytes(200_000)
      .map((byte) => byte & 0x7f)
      .map((byte) => (byte === 10 ? 11 : byte));
    const client = watch(connect(relay.port, '127.0.0.1'));
    client.socket.write(bytes);
    await eventually(() => expect(relay.stats.bytesUp).toBe(200_000));
    expect(relay.stats.cuts).toBe(0);
    client.socket.destroy();
  });
});
