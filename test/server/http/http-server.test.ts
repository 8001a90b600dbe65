/** Connections are bounded, those that bring nothing end, and a server without a place says so. */
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { expect, onTestFinished, test } from 'vitest';
import { connectionsFor } from '../../../server/http/connections.ts';
import { createHttpServer } from '../../../server/http/http-server.ts';
import { makeCertificate } from '../../support/server/certificate.ts';
import { temporaryFolder } from '../../support/server/server.ts';
import { until } from '../../support/tus/tus.ts';

/** Opens a server whose requests to `/wait` are never answered. */
async function openServer(
  options: { places?: number; firstByteMs?: number },
  tls: Parameters<typeof createHttpServer>[1] = null,
) {
  const received = { requests: 0 };
  const listener: RequestListener = (request, response) => {
    received.requests += 1;
    if (request.url !== '/wait') response.end('ok');
  };
  const { server, close } = createHttpServer(listener, tls, options);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => close(0));
  return { port: (server.address() as AddressInfo).port, received };
}

/** Sends a request, or nothing, on a connection of its own. */
async function open(port: number, path: string | null) {
  const socket: Socket = connect({ host: '127.0.0.1', port });
  onTestFinished(() => void socket.destroy());
  const peer = { socket, text: '', isClosed: false };
  socket.on('error', () => {});
  socket.on('data', (data) => (peer.text += data.toString('latin1')));
  socket.on('close', () => {
    peer.isClosed = true;
  });
  await once(socket, 'connect');
  if (path) socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
  return peer;
}

test('a connection that brings nothing ends, and one with a request stays', async () => {
  const { port } = await openServer({ firstByteMs: 100 });
  const silent = await open(port, null);
  const waits = await open(port, '/wait');
  const rests = await open(port, '/');
  await until(() => silent.isClosed, 2_000);
  await until(() => rests.text.endsWith('ok'));
  expect([silent.text, waits.isClosed, rests.isClosed]).toEqual(['', false, false]);
});

test('so does one over TLS that has made its handshake', async () => {
  const { path, remove } = await temporaryFolder();
  onTestFinished(remove);
  await makeCertificate(path);
  const [cert, key] = await Promise.all([readFile(`${path}/cert.pem`), readFile(`${path}/key.pem`)]);
  const { port } = await openServer({ firstByteMs: 100 }, { cert, key });
  const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  socket.resume();
  await once(socket, 'close');
});

test('where all places are busy, a request gets 503 with Retry-After and makes its place free', async () => {
  const { port, received } = await openServer({ places: 27 });
  const busy = await Promise.all(Array.from({ length: 18 }, () => open(port, '/wait')));
  await until(() => received.requests === 18);
  const refused = await open(port, '/');
  await until(() => refused.isClosed, 2_000);
  expect(refused.text).toMatch(/^HTTP\/1\.1 503 [\s\S]*Retry-After: \d+[\s\S]*"unavailable"/);
  busy[0]?.socket.destroy();
  await until(async () => {
    const served = await open(port, '/');
    await until(() => served.text !== '');
    served.socket.destroy();
    return served.text.startsWith('HTTP/1.1 200');
  }, 2_000);
});

test('where connections rest, the one that has rested longest makes its place free, and nobody is refused', async () => {
  const { port } = await openServer({ places: 27 });
  const resting: Array<Awaited<ReturnType<typeof open>>> = [];
  for (let count = 0; count < 18; count++) resting.push(await open(port, '/'));
  await until(() => resting.every(({ text }) => text.endsWith('ok')));
  await new Promise((resolve) => setTimeout(resolve, 1_050));
  const served = await open(port, '/');
  await until(() => served.text !== '');
  expect(served.text).toMatch(/^HTTP\/1\.1 200 /);
  await until(() => resting[0]?.isClosed === true);
  expect(resting.slice(1).some(({ isClosed }) => isClosed)).toBe(false);
});

test.each([
  [1_024, 537],
  [65_536, 8_192],
  [Number.POSITIVE_INFINITY, 8_192],
  [64, 16],
])('with %d descriptors there are %d places', (descriptors, places) => {
  expect(connectionsFor(descriptors)).toBe(places);
});

test('this machine says how many descriptors there are', () => {
  expect(connectionsFor()).toBeGreaterThanOrEqual(16);
});
