import { afterEach, expect, test } from 'vitest';
import { openApp, type TestApp } from '../support/server.ts';
import { openSitting, refusalOf } from '../support/tus.ts';

let app: TestApp;
afterEach(() => app.close());

const login = (token: string, headers: Record<string, string> = {}) =>
  fetch(`${app.url}/api/verify-token`, { method: 'POST', headers, body: JSON.stringify({ token }) });

test('30 failures a minute, then 429 with Retry-After; a valid token from the same address still gets in', async () => {
  app = await openApp();
  const sitting = await openSitting(app, 'Anna');
  const location = await sitting.tus.begin();
  for (let failure = 0; failure < 30; failure++) expect((await login(`wrong ${failure}`)).status).toBe(401);
  const over = await login('wrong again');
  const wait = Number(over.headers.get('retry-after'));
  expect(wait).toBeGreaterThan(0);
  expect(wait).toBeLessThanOrEqual(60);
  expect(await refusalOf(over)).toMatchObject({ status: 429, code: 'too-many-attempts' });
  // A wrong bearer counts like a wrong log-in.
  expect((await sitting.tus.request('HEAD', location, { Authorization: 'Bearer wrong' })).status).toBe(429);
  expect((await login(sitting.token)).status).toBe(200);
  expect((await sitting.tus.head(location)).status).toBe(200);
});

test('X-Forwarded-For is believed from a trusted proxy only', async () => {
  app = await openApp();
  for (let failure = 0; failure < 30; failure++) await login('wrong', { 'X-Forwarded-For': `192.0.2.${failure}` });
  expect((await login('wrong', { 'X-Forwarded-For': '198.51.100.1' })).status).toBe(429);
});

test('behind a trusted proxy each client has its own count, and can’t choose it', async () => {
  app = await openApp({ config: { trustProxy: ['127.0.0.0/8', '::1'] } });
  for (let failure = 0; failure < 30; failure++)
    expect((await login('wrong', { 'X-Forwarded-For': `203.0.113.${failure}, 192.0.2.1` })).status).toBe(401);
  expect((await login('wrong', { 'X-Forwarded-For': '203.0.113.99, 192.0.2.1' })).status).toBe(429);
  expect((await login('wrong', { 'X-Forwarded-For': '192.0.2.2' })).status).toBe(401);
});

test('a garbage X-Forwarded-For behind a trusted proxy is no error', async () => {
  app = await openApp({ config: { trustProxy: ['127.0.0.1'] } });
  for (const value of ['', ',', 'unknown', '"[2001:db8::1]:80"', ', , 192.0.2.1', 'x'.repeat(500)])
    expect((await login('wrong', { 'X-Forwarded-For': value })).status).toBe(401);
});
