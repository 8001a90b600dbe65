import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Link, type LinkOptions, openLink, parseLink, readTrace } from '../../bench/link.ts';

vi.setConfig({ testTimeout: 30_000 });
const eventually = (check: () => void) => vi.waitFor(check, { timeout: 20_000, interval: 5 });
const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

/** An end of a connection with all that it saw, and when (ms of `performance.now()`). */
function watch(socket: Socket) {
  const seen = {
    bytes: 0,
    digest: createHash('sha256'),
    firstMs: 0,
    lastMs: 0,
    end: false,
    error: null as string | null,
  };
  socket.on('data', (more) => {
    seen.firstMs ||= performance.now();
    seen.lastMs = performance.now();
    seen.bytes += more.length;
    seen.digest.update(more);
  });
  socket.on('end', () => {
    seen.end = true;
  });
  socket.on('error', (error: NodeJS.ErrnoException) => {
    seen.error = error.code ?? error.message;
  });
  return { socket, seen };
}

describe('link', () => {
  let server: Server;
  let link: Link;
  const served: ReturnType<typeof watch>[] = [];

  const open = async (options: Omit<LinkOptions, 'to'>) => {
    link = await openLink({ to: { host: '127.0.0.1', port: (server.address() as AddressInfo).port }, ...options });
    return link;
  };
  const dial = () => watch(connect({ port: link.port, host: '127.0.0.1', allowHalfOpen: true }));
  const arrived = (index: number, bytes: number) => eventually(() => expect(served[index]?.seen.bytes).toBe(bytes));

  beforeEach(async () => {
    served.length = 0;
    server = createServer({ allowHalfOpen: true }, (socket) => served.push(watch(socket)));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterEach(async () => {
    await link.close();
    for (const { socket } of served) socket.destroy();
    server.close();
  });

  it('takes 0.5 s and the delay for 1 Mbit at const:2000, and changes no byte', async () => {
    await open({ rate: parseLink('const:2000') });
    const bytes = randomBytes(125_000);
    const client = dial();
    const sentMs = performance.now();
    client.socket.end(bytes);
    await arrived(0, bytes.length);
    const tookMs = (served[0]?.seen.lastMs ?? 0) - sentMs;
    expect(tookMs).toBeGreaterThan(545);
    expect(tookMs).toBeLessThan(1500);
    await eventually(() => expect(served[0]?.seen.end).toBe(true));
    expect(served[0]?.seen.digest.digest('hex')).toBe(sha256(bytes));
    expect(link.stats).toMatchObject({ connections: 1, bytesUp: 125_000, bytesDown: 0 });
  });

  it('follows a trace, from where it is told to start, and repeats it', async () => {
    // 10 opportunities in the first 100 ms, none until 400 ms, and again: 15 000 bytes a lap.
    const traceMs = [10, 20, 30, 40, 50, 60, 70, 80, 90, 400];
    await open({ rate: { traceMs }, delayMs: 0 });
    const client = dial();
    const sentMs = performance.now();
    client.socket.write(randomBytes(9 * 1500));
    await arrived(0, 13_500);
    expect((served[0]?.seen.lastMs ?? 0) - sentMs).toBeGreaterThan(85);
    client.socket.write(randomBytes(2 * 1500));
    await arrived(0, 16_500);
    expect((served[0]?.seen.lastMs ?? 0) - sentMs).toBeGreaterThan(395);
    await link.close();

    await open({ rate: { traceMs }, delayMs: 0, startMs: 95 });
    const late = dial();
    const lateMs = performance.now();
    late.socket.write('x');
    await arrived(1, 1);
    expect((served[1]?.seen.lastMs ?? 0) - lateMs).toBeGreaterThan(290);
  });

  it('tells when its trace began: with the first byte, not with the first connection', async () => {
    await open({ rate: { kbit: 1000 }, delayMs: 0 });
    const client = dial();
    await eventually(() => expect(link.stats.connections).toBe(1));
    expect(link.stats.beganMs).toBeNull();
    const beforeMs = performance.now();
    client.socket.write('x');
    await arrived(0, 1);
    // The first opportunity comes 12 ms later.
    expect(link.stats.beganMs).toBeGreaterThanOrEqual(beforeMs);
    expect(link.stats.beganMs).toBeLessThan((served[0]?.seen.lastMs ?? 0) - 11);
  });

  it('saves no capacity up while nothing is sent', async () => {
    await open({ rate: { kbit: 1000 }, delayMs: 0 });
    const client = dial();
    client.socket.write('first');
    await sleep(500);
    const sentMs = performance.now();
    client.socket.write(randomBytes(25_000));
    await arrived(0, 25_005);
    expect((served[0]?.seen.lastMs ?? 0) - sentMs).toBeGreaterThan(180);
  });

  it('delays both directions, and does not slow the answer', async () => {
    await open({ rate: { kbit: 100_000 }, delayMs: 80 });
    const client = dial();
    const sentMs = performance.now();
    client.socket.write('question');
    await arrived(0, 8);
    expect((served[0]?.seen.lastMs ?? 0) - sentMs).toBeGreaterThanOrEqual(80);
    const answer = randomBytes(5_000_000);
    served[0]?.socket.end(answer);
    await eventually(() => expect(client.seen.end).toBe(true));
    expect(client.seen.firstMs - sentMs).toBeGreaterThanOrEqual(160);
    expect(client.seen.digest.digest('hex')).toBe(sha256(answer));
    expect(link.stats.bytesDown).toBe(answer.length);
  });

  it('bounds the queue, makes senders wait and lets them take turns', async () => {
    await open({ rate: { kbit: 4000 }, delayMs: 0, queueBytes: 20_000 });
    const clients = [dial(), dial(), dial()];
    const sent = clients.map(() => randomBytes(150_000));
    for (const [index, client] of clients.entries()) client.socket.end(sent[index] ?? '');
    await eventually(() => expect(link.stats.bytesUp).toBeGreaterThan(300_000));
    const shares = served.map(({ seen }) => seen.bytes);
    expect(shares).toHaveLength(3);
    expect(Math.min(...shares)).toBeGreaterThan(0.5 * Math.max(...shares));
    for (const index of [0, 1, 2]) await arrived(index, 150_000);
    const digests = served.map(({ seen }) => seen.digest.digest('hex')).sort();
    expect(digests).toEqual(sent.map(sha256).sort());
    expect(link.stats.maxQueuedBytes).toBeGreaterThan(15_000);
    expect(link.stats.maxQueuedBytes).toBeLessThanOrEqual(20_000);
    expect(link.stats.maxQueueMs).toBeLessThan(1000);
  });

  it('makes senders wait for a server that does not read', async () => {
    server.removeAllListeners('connection');
    server.on('connection', (socket) => served.push(watch(socket)) && socket.pause());
    await open({ rate: { kbit: 1_000_000 }, delayMs: 0 });
    const client = dial();
    const sent = randomBytes(40_000_000);
    client.socket.end(sent);
    let stalled = -1;
    while (stalled !== link.stats.bytesUp || stalled === 0) {
      stalled = link.stats.bytesUp;
      await sleep(500);
    }
    expect(stalled).toBeLessThan(sent.length);
    served[0]?.socket.resume();
    await arrived(0, sent.length);
    expect(served[0]?.seen.digest.digest('hex')).toBe(sha256(sent));
  });

  it('goes silent without an end; new connections work', async () => {
    await open({ rate: { kbit: 400 }, delayMs: 20 });
    const client = dial();
    client.socket.write(randomBytes(500_000));
    await eventually(() => expect(served[0]?.seen.bytes).toBeGreaterThan(5000));
    link.blackhole();
    const before = served[0]?.seen.bytes;
    served[0]?.socket.write('an answer');
    await sleep(300);
    expect(served[0]?.seen).toMatchObject({ bytes: before, end: false, error: null });
    expect(client.seen).toMatchObject({ bytes: 0, end: false, error: null });
    client.socket.resetAndDestroy();
    const next = dial();
    next.socket.write('after');
    await arrived(1, 5);
    expect(served[0]?.seen).toMatchObject({ bytes: before, end: false, error: null });
    expect(link.stats).toMatchObject({ connections: 2, blackholed: 1 });
  });

  it('resets both ends', async () => {
    await open({ rate: { kbit: 400 }, delayMs: 20 });
    const client = dial();
    client.socket.write(randomBytes(500_000));
    await eventually(() => expect(served[0]?.seen.bytes).toBeGreaterThan(5000));
    link.reset();
    await eventually(() => expect([client.seen.error, served[0]?.seen.error]).toEqual(['ECONNRESET', 'ECONNRESET']));
    expect(served[0]?.seen.bytes).toBeLessThan(500_000);
    expect(link.stats.resets).toBe(1);
  });

  it('moves nothing while offline, and goes on behind it', async () => {
    await open({ rate: { kbit: 8000 }, delayMs: 10 });
    const client = dial();
    client.socket.write('before');
    await arrived(0, 6);
    const offlineMs = performance.now();
    link.offline(1000);
    client.socket.write('x');
    served[0]?.socket.write('answer');
    const fresh = dial();
    fresh.socket.write('new');
    await sleep(300);
    expect([served[0]?.seen.bytes, client.seen.bytes, served[1]?.seen.bytes ?? 0]).toEqual([6, 0, 0]);
    await arrived(0, 7);
    await arrived(1, 3);
    await eventually(() => expect(client.seen.bytes).toBe(6));
    expect((served[0]?.seen.lastMs ?? 0) - offlineMs).toBeGreaterThanOrEqual(999);
    expect([client.seen.error, fresh.seen.error]).toEqual([null, null]);
  });

  it('carries a reset of either end, behind what was sent before it', async () => {
    await open({ rate: { kbit: 2000 }, delayMs: 10 });
    const client = dial();
    client.socket.write('hello');
    await arrived(0, 5);
    client.socket.resetAndDestroy();
    await eventually(() => expect(served[0]?.seen.error).toBe('ECONNRESET'));

    const other = dial();
    other.socket.write('hello');
    await arrived(1, 5);
    served[1]?.socket.resetAndDestroy();
    await eventually(() => expect(other.seen.error).toBe('ECONNRESET'));

    server.close();
    const nobody = dial();
    nobody.socket.write('hello');
    await eventually(() => expect(nobody.seen.error).toBe('ECONNRESET'));
  });
});

describe('rates', () => {
  const dir = mkdtempSync(join(tmpdir(), 'tresgo-link-'));
  const trace = (text: string) => {
    const file = join(dir, 'trace');
    writeFileSync(file, text);
    return file;
  };
  afterEach(() => rmSync(join(dir, 'trace'), { force: true }));
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  it('reads const:KBIT and traces', () => {
    expect(parseLink('const:2000')).toEqual({ kbit: 2000 });
    expect(parseLink('const:0.5')).toEqual({ kbit: 0.5 });
    expect(readTrace(trace('0\n3\n3\r\n17\n'))).toEqual([0, 3, 3, 17]);
    expect(parseLink(trace('1\n2\n'))).toEqual({ traceMs: [1, 2] });
  });

  it('says what is wrong', async () => {
    for (const text of ['const:', 'const:0', 'const:-1', 'const:fast', 'const:Infinity']) {
      expect(() => parseLink(text)).toThrow(`a link is const:KBIT or a trace file, not ${text}`);
    }
    expect(() => parseLink(join(dir, 'none'))).toThrow('ENOENT');
    expect(() => readTrace(trace('1\n5\n4\n'))).toThrow(/trace:3: .*: 4$/);
    expect(() => readTrace(trace('1\nx\n'))).toThrow(/trace:2: .*: x$/);
    expect(() => readTrace(trace('-1\n2\n'))).toThrow(/trace:1: .*: -1$/);
    expect(() => readTrace(trace('1\n\n2\n'))).not.toThrow();
    expect(() => readTrace(trace(''))).toThrow(/trace:1: /);
    expect(() => readTrace(trace('0\n0\n'))).toThrow('ends at 0 ms');
    const to = { host: '127.0.0.1', port: 1 };
    await expect(openLink({ to, rate: { kbit: 0 } })).rejects.toThrow('above 0 kbit/s');
    await expect(openLink({ to, rate: { traceMs: [] } })).rejects.toThrow('later than at 0 ms');
  });
});
