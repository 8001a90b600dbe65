import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Network, type NetworkOptions, openNetwork } from './network.ts';
import { dial, eventually, openWatchedServer, sha256, type WatchedEnd } from './watched-server.ts';

vi.setConfig({ testTimeout: 30_000 });

let watched: Awaited<ReturnType<typeof openWatchedServer>>;
let served: WatchedEnd[];
let network: Network;
const open = async (options: Omit<NetworkOptions, 'to'> = {}) => {
  network = await openNetwork({ to: watched.to, ...options });
};

beforeEach(async () => {
  watched = await openWatchedServer();
  served = watched.served;
});
afterEach(async () => {
  await network.close();
  watched.close();
});

describe.each<[string, Omit<NetworkOptions, 'to'>]>([
  ['bare', {}],
  ['shaped', { rate: { kbit: 4000 }, delayMs: 20 }],
])('any network, %s', (name, options) => {
  beforeEach(() => open(options));
  const isShaped = name === 'shaped';

  it('passes bytes and ends both ways, unchanged', async () => {
    const [up, down] = [randomBytes(isShaped ? 300_000 : 3_000_000), randomBytes(2_000_000)];
    const client = dial(network.port);
    client.socket.end(up);
    await eventually(() => expect(served[0]?.seen.end).toBe(true));
    served[0]?.socket.end(down);
    await eventually(() => expect(client.seen.closed).toBe(true));
    expect(served[0]?.digest()).toBe(sha256(up));
    expect(client.digest()).toBe(sha256(down));
    expect(client.seen.error).toBeNull();
    const faults = { refused: 0, cuts: 0, cutAtOnce: 0, blackholed: 0 };
    expect(network.stats).toMatchObject({ connections: 1, ...faults, bytesUp: up.length, bytesDown: down.length });
  });

  it.each(['rst', 'fin'] as const)('cuts by %s after exactly N bytes, which still arrive', async (how) => {
    const limits = [400_000, 70_001];
    network.setCut({ how, afterBytes: () => limits.shift() ?? 0 });
    for (const [index, limit] of [400_000, 70_001].entries()) {
      const client = dial(network.port);
      const sent = randomBytes(1_000_000);
      client.socket.write(sent);
      await eventually(() => expect(served[index]?.seen.closed || served[index]?.seen.end).toBe(true));
      await eventually(() => expect(client.seen.end || client.seen.closed).toBe(true));
      expect(served[index]?.digest()).toBe(sha256(sent.subarray(0, limit)));
      expect([served[index]?.seen.error, client.seen.error]).toEqual(
        how === 'rst' ? ['ECONNRESET', expect.stringMatching(/ECONNRESET|EPIPE/)] : [null, null],
      );
      client.socket.destroy();
    }
    expect(network.stats).toMatchObject({ connections: 2, cuts: 2, bytesUp: 470_001 });
  });

  it.each(['rst', 'fin'] as const)('cuts all open connections at once, by %s', async (how) => {
    const clients = [dial(network.port), dial(network.port)];
    for (const { socket } of clients) socket.write('x');
    await eventually(() => expect(served.map(({ seen }) => seen.bytes)).toEqual([1, 1]));
    if (isShaped) clients[0]?.socket.write(randomBytes(500_000));
    if (isShaped) await eventually(() => expect(served[0]?.seen.bytes).toBeGreaterThan(5000));
    network.cutAll(how);
    for (const { seen } of [...clients, ...served]) {
      await eventually(() => expect(seen.end || seen.closed).toBe(true));
      expect(seen.error).toEqual(how === 'rst' ? expect.stringMatching(/ECONNRESET|EPIPE/) : null);
    }
    expect(served[0]?.seen.bytes).toBeLessThan(500_000);
    expect(network.stats).toMatchObject({ cutAtOnce: 2, cuts: 0 });
    for (const { socket } of clients) socket.destroy();
  });

  it('goes silent both ways without an end; new connections work', async () => {
    const client = dial(network.port);
    client.socket.write(randomBytes(isShaped ? 500_000 : 6));
    await eventually(() => expect(served[0]?.seen.bytes).toBeGreaterThan(isShaped ? 5000 : 5));
    network.blackhole();
    // The server's kernel may hold bytes that had arrived before.
    await sleep(50);
    const before = served[0]?.seen.bytes;
    expect(before).toBeLessThan(100_000);
    client.socket.write('lost');
    served[0]?.socket.write('lost too');
    await sleep(300);
    expect(served[0]?.seen).toMatchObject({ bytes: before, end: false, closed: false, error: null });
    expect(client.seen).toMatchObject({ bytes: 0, end: false, closed: false, error: null });
    client.socket.resetAndDestroy();
    const next = dial(network.port);
    next.socket.write('after');
    await watched.arrived(1, 5);
    await sleep(100);
    expect(served[0]?.seen).toMatchObject({ bytes: before, end: false, closed: false, error: null });
    expect(network.stats).toMatchObject({ connections: 2, blackholed: 1 });
    next.socket.destroy();
  });

  it('moves nothing while offline, and continues after it', async () => {
    const client = dial(network.port);
    client.socket.write('before');
    await watched.arrived(0, 6);
    const offlineMs = performance.now();
    network.offline(1000);
    client.socket.write('x');
    served[0]?.socket.write('answer');
    const fresh = dial(network.port);
    fresh.socket.write('new');
    await watched.arrived(0, 7);
    await watched.arrived(1, 3);
    await eventually(() => expect(client.seen.bytes).toBe(6));
    for (const ms of [served[0]?.seen.lastMs, served[1]?.seen.firstMs, client.seen.firstMs])
      expect((ms ?? 0) - offlineMs).toBeGreaterThanOrEqual(999);
    expect([client.seen.error, fresh.seen.error]).toEqual([null, null]);
  });

  it('carries a reset of either end, behind what was sent before it', async () => {
    const client = dial(network.port);
    client.socket.write('hello');
    await watched.arrived(0, 5);
    client.socket.resetAndDestroy();
    await eventually(() => expect(served[0]?.seen.error).toBe('ECONNRESET'));

    const other = dial(network.port);
    other.socket.write('hello');
    await watched.arrived(1, 5);
    served[1]?.socket.resetAndDestroy();
    await eventually(() => expect(other.seen.error).toBe('ECONNRESET'));

    watched.server.close();
    await sleep(20);
    const late = dial(network.port);
    await eventually(() => expect(late.seen.error).toBe('ECONNRESET'));
  });

  it('makes senders wait for a server that does not read', async () => {
    await network.close();
    await open(isShaped ? { rate: { kbit: 1_000_000 } } : {});
    watched.server.on('connection', (socket) => socket.pause());
    const client = dial(network.port);
    const sent = randomBytes(25_000_000);
    client.socket.end(sent);
    let stalled = -1;
    while (stalled !== network.stats.bytesUp || stalled === 0) {
      stalled = network.stats.bytesUp;
      await sleep(300);
    }
    expect(stalled).toBeLessThan(sent.length);
    served[0]?.socket.resume();
    await watched.arrived(0, sent.length);
    expect(served[0]?.digest()).toBe(sha256(sent));
  });

  it('frees the port when closed, whatever is open', async () => {
    dial(network.port).socket.write('x');
    await eventually(() => expect(served).toHaveLength(1));
    network.blackhole();
    dial(network.port).socket.write('y');
    await eventually(() => expect(served).toHaveLength(2));
    await network.close();
    const late = dial(network.port);
    await eventually(() => expect(late.seen.error).toBe('ECONNREFUSED'));
  });
});

it('wears a rule out, and counts the bytes of open connections from the moment it was set', async () => {
  await open();
  const client = dial(network.port);
  client.socket.write(Buffer.alloc(5000));
  await watched.arrived(0, 5000);
  network.setCut({ afterBytes: () => 100, times: 1 });
  client.socket.write(Buffer.alloc(5000));
  await eventually(() => expect(client.seen.closed).toBe(true));
  await watched.arrived(0, 5100);
  const next = dial(network.port);
  next.socket.write(Buffer.alloc(5000));
  await watched.arrived(1, 5000);
  expect(network.stats.cuts).toBe(1);
});

it('refuses new connections while switched to; open ones continue', async () => {
  await open();
  const first = dial(network.port);
  first.socket.write('a');
  await watched.arrived(0, 1);
  network.refuse(true);
  const refused = dial(network.port);
  await eventually(() => expect(refused.seen.error).toBe('ECONNRESET'));
  first.socket.write('b');
  await watched.arrived(0, 2);
  network.refuse(false);
  const next = dial(network.port);
  next.socket.write('c');
  await watched.arrived(1, 1);
  expect(network.stats).toMatchObject({ refused: 1, connections: 2 });
});
