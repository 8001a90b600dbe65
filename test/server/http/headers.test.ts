/** Headers that every response has, and the status of what nobody foresaw. */

import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { createApp } from '../../../server/app.ts';
import { readConfig } from '../../../server/config.ts';
import type { Log } from '../../../server/http/log.ts';
import { silentLog } from '../../support/server/server.ts';
import { openAppInTest, useApp } from '../../support/server/use-app.ts';

const app = useApp();

test.each(['GET /healthz', 'GET /nothing', 'POST /api/verify-token', 'POST /files', 'PATCH /files/x', 'HEAD /files/x'])(
  '%s: no browser guesses another type',
  async (line) => {
    const [method = '', path] = line.split(' ');
    const response = await fetch(`${app.url}${path}`, { method });
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    expect(response.headers.get('strict-transport-security')).toBeNull();
  },
);

test('with the admin’s certificate browsers are told to use HTTPS alone, but not for localhost', async () => {
  const { storage, dataDir } = await openAppInTest();
  const config = readConfig({ dataDir }, {});
  const { app: secure } = createApp({ storage, config, log: silentLog, isHttpsForGood: true });
  const headerAt = async (origin: string) =>
    (await secure.request(`${origin}/healthz`)).headers.get('strict-transport-security');
  expect(await headerAt('https://interviews.example')).toBe('max-age=15552000');
  expect(await headerAt('https://localhost:8002')).toBeNull();
});

test('a log that throws changes no response: what may succeed later is never 400', async () => {
  const broken = () => {
    throw Object.assign(new Error('write'), { code: 'ENOSPC' });
  };
  const log: Log = { debug: broken, info: broken, warn: broken, error: broken };
  const full = await openAppInTest({ log, config: { minFreeBytes: 1e15 } });
  expect((await fetch(`${full.url}/readyz`)).status).toBe(503);
  expect((await fetch(`${full.url}/healthz`)).status).toBe(200);
  expect((await fetch(`${full.url}/files/x`, { method: 'PATCH' })).status).toBe(412);
});

test('an error that can’t even be put into words is 500, and a target that is no URL is 400', async () => {
  const { storage, dataDir } = await openAppInTest();
  const errors: string[] = [];
  const log: Log = { ...silentLog, error: (_, message) => void errors.push(message) };
  // A value without a text.
  const check = () => Promise.reject(Object.create(null));
  const { listener } = createApp({ storage: { ...storage, check }, config: readConfig({ dataDir }, {}), log });
  const server = createServer(listener).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const statusOf = async (target: string) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.write(`GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
    let text = '';
    for await (const bytes of socket) text += bytes;
    return [text.slice(9, 12), text.match(/"code":"([^"]*)"/)?.[1]];
  };
  expect(await statusOf('/readyz')).toEqual(['500', 'internal']);
  expect(errors).toHaveLength(1);
  expect(await statusOf('/\\x')).toEqual(['400', 'invalid-request']);
});
