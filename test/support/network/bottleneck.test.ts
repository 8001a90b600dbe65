import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { type Network, type NetworkOptions, openNetwork } from './network.ts';
import { dial, eventually, openWatchedServer, sha256, type WatchedEnd } from './watched-server.ts';

vi.setConfig({ testTimeout: 30_000 });

let watched: Awaited<ReturnType<typeof openWatchedServer>>;
let served: WatchedEnd[];
let network: Network;
const open = async (options: Omit<NetworkOptions, 'to'>) => {
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
const lastMs = (index = 0) => served[index]?.seen.lastMs ?? 0;

it('takes 0.5 s and the delay for 1 Mbit at 2000 kbit/s', async () => {
  await open({ rate: { kbit: 2000 }, delayMs: 50 });
  const client = dial(network.port);
  const sentMs = performance.now();
  client.socket.end(randomBytes(125_000));
  await watched.arrived(0, 125_000);
  expect(lastMs() - sentMs).toBeGreaterThan(545);
  expect(lastMs() - sentMs).toBeLessThan(1500);
});

it('follows a trace from the given start, and repeats it', async () => {
  // 10 opportunities in the first 100 ms, none until 400 ms, and again: 15 000 bytes a lap.
  const traceMs = [10, 20, 30, 40, 50, 60, 70, 80, 90, 400];
  await open({ rate: { traceMs } });
  const client = dial(network.port);
  const sentMs = performance.now();
  client.socket.write(randomBytes(9 * 1500));
  await watched.arrived(0, 13_500);
  expect(lastMs() - sentMs).toBeGreaterThan(85);
  client.socket.write(randomBytes(2 * 1500));
  await watched.arrived(0, 16_500);
  expect(lastMs() - sentMs).toBeGreaterThan(395);
  await network.close();

  await open({ rate: { traceMs }, startMs: 95 });
  const lateMs = performance.now();
  dial(network.port).socket.write('x');
  await watched.arrived(1, 1);
  expect(lastMs(1) - lateMs).toBeGreaterThan(290);
});

it('begins the trace with the first byte, and saves no capacity up while nothing is sent', async () => {
  await open({ rate: { kbit: 1000 } });
  const client = dial(network.port);
  await eventually(() => expect(network.stats.connections).toBe(1));
  expect(network.stats.beganMs).toBeNull();
  const beforeMs = performance.now();
  client.socket.write('x');
  await watched.arrived(0, 1);
  // The first opportunity comes 12 ms later.
  expect(network.stats.beganMs).toBeGreaterThanOrEqual(beforeMs);
  expect(network.stats.beganMs).toBeLessThan(lastMs() - 11);
  await sleep(500);
  const sentMs = performance.now();
  client.socket.write(randomBytes(25_000));
  await watched.arrived(0, 25_001);
  expect(lastMs() - sentMs).toBeGreaterThan(180);
});

it('delays both directions, and does not slow what comes back', async () => {
  await open({ rate: { kbit: 100_000 }, delayMs: 80 });
  const client = dial(network.port);
  const sentMs = performance.now();
  client.socket.write('question');
  await watched.arrived(0, 8);
  expect(lastMs() - sentMs).toBeGreaterThanOrEqual(80);
  const back = randomBytes(5_000_000);
  served[0]?.socket.end(back);
  await eventually(() => expect(client.seen.end).toBe(true));
  expect(client.seen.firstMs - sentMs).toBeGreaterThanOrEqual(160);
  expect(client.digest()).toBe(sha256(back));
  expect(network.stats.bytesDown).toBe(back.length);
});

it('bounds the queue, makes senders wait and lets them take turns', async () => {
  await open({ rate: { kbit: 4000 }, queueBytes: 20_000 });
  const clients = [dial(network.port), dial(network.port), dial(network.port)];
  const sent = clients.map(() => randomBytes(150_000));
  for (const [index, client] of clients.entries()) client.socket.end(sent[index] ?? '');
  await eventually(() => expect(network.stats.bytesUp).toBeGreaterThan(300_000));
  const shares = served.map(({ seen }) => seen.bytes);
  expect(shares).toHaveLength(3);
  expect(Math.min(...shares)).toBeGreaterThan(0.5 * Math.max(...shares));
  for (const index of [0, 1, 2]) await watched.arrived(index, 150_000);
  expect(served.map(({ digest }) => digest()).sort()).toEqual(sent.map(sha256).sort());
  expect(network.stats.maxQueuedBytes).toBeGreaterThan(15_000);
  expect(network.stats.maxQueuedBytes).toBeLessThanOrEqual(20_000);
  expect(network.stats.maxQueueMs).toBeLessThan(1000);
});
