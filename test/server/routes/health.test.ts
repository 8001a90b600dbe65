import { rename, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { silentLog } from '../../support/server/server.ts';
import { openAppInTest } from '../../support/server/use-app.ts';
import { refusalOf } from '../../support/tus/tus.ts';

test('up and ready', async () => {
  const app = await openAppInTest();
  for (const path of ['/healthz', '/readyz']) {
    const response = await fetch(app.url + path);
    expect([response.status, await response.json()]).toEqual([200, { ok: true }]);
    expect(response.headers.get('cache-control')).toBe('no-store');
  }
});

test('below the disk’s floor it is up and not ready: 503 with the reason and Retry-After', async () => {
  const errors: object[] = [];
  const log = { ...silentLog, error: (details: object) => void errors.push(details) };
  const app = await openAppInTest({ log, config: { minFreeBytes: 1e15 } });
  expect((await fetch(`${app.url}/healthz`)).status).toBe(200);
  const response = await fetch(`${app.url}/readyz`);
  expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
  const refusal = await refusalOf(response);
  expect(refusal).toMatchObject({ status: 503, code: 'unavailable' });
  // Strangers are told no figures; the log is, once.
  expect(refusal.detail).toBe('The disk has less room than TRESGO_MIN_FREE_BYTES.');
  await fetch(`${app.url}/readyz`);
  expect(errors).toMatchObject([{ err: { message: expect.stringMatching(/^\d+ bytes are free, the floor is 1/) } }]);
});

test.each(['GET /healthz', 'GET /readyz', 'OPTIONS /'])(
  '%s by HTTP/1.0 without Host, as HAProxy’s httpchk asks, is answered',
  async (target) => {
    const app = await openAppInTest();
    const { port } = new URL(app.url);
    const socket = connect({ host: '127.0.0.1', port: Number(port) });
    socket.write(`${target} HTTP/1.0\r\n\r\n`);
    let text = '';
    for await (const bytes of socket) text += bytes;
    expect(text).toMatch(/^HTTP\/1\.1 20[04] /);
  },
);

test('without its folders it is not ready, and it is again when they are back', async () => {
  const app = await openAppInTest();
  for (const name of ['uploads', 'sessions']) {
    const folder = `${app.dataDir}/${name}`;
    await rename(folder, `${folder}.away`);
    const refusal = await refusalOf(await fetch(`${app.url}/readyz`));
    expect(refusal).toMatchObject({ status: 503, code: 'unavailable' });
    expect(refusal.detail).not.toContain(app.dataDir);
    await writeFile(folder, 'in the way');
    await rm(folder);
    await rename(`${folder}.away`, folder);
    expect((await fetch(`${app.url}/readyz`)).status).toBe(200);
  }
});
