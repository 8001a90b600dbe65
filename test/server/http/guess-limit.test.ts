/** Guesses of tokens and names are slowed, and logged; a valid token always gets in. */
import { expect, test } from 'vitest';
import { silentLog } from '../../support/server/server.ts';
import { type AppFixture, openAppInTest } from '../../support/server/use-app.ts';
import { openSession, refusalOf } from '../../support/tus/tus.ts';

let app: AppFixture;

const login = (token: string, headers: Record<string, string> = {}) =>
  fetch(`${app.url}/api/verify-token`, { method: 'POST', headers, body: JSON.stringify({ token }) });

const long = 'a-token-of-22-characters';
const start = (token: string, userName: string) =>
  fetch(`${app.url}/api/session/start`, { method: 'POST', body: JSON.stringify({ token, userName }) });

test('30 failures a minute, then each log-in waits, right or wrong, two a second; a known bearer does not', async () => {
  const waits: number[] = [];
  /** When each of them is over. */
  const due: number[] = [];
  const warnings: object[] = [];
  app = await openAppInTest({
    async pause(ms) {
      waits.push(ms);
      due.push(performance.now() + ms);
    },
    log: { ...silentLog, warn: (details) => void warnings.push(details) },
  });
  const session = await openSession(app, 'Anna');
  const location = await session.tus.begin();
  for (let failure = 0; failure < 30; failure++) expect((await login(`${long} ${failure}`)).status).toBe(401);
  expect(waits).toEqual([]);
  const over = await login(long);
  const retryAfter = Number(over.headers.get('retry-after'));
  expect(retryAfter).toBeGreaterThan(0);
  expect(retryAfter).toBeLessThanOrEqual(60);
  expect(await refusalOf(over)).toMatchObject({ status: 429, code: 'too-many-attempts' });
  expect(waits).toEqual([1000]);
  // A wrong bearer counts like a wrong log-in; it does not wait, since no right one may.
  expect((await session.tus.request('HEAD', location, { Authorization: `Bearer ${long}` })).status).toBe(429);
  expect((await start(session.token, 'Somebody Else')).status).toBe(429);
  expect((await start(session.token, 'Anna')).status).toBe(200);
  expect((await login(session.token)).status).toBe(200);
  expect(waits).toHaveLength(4);
  for (const [at, ms] of waits.slice(1).entries()) {
    expect(ms).toBeGreaterThanOrEqual(1000);
    expect(ms).toBeLessThanOrEqual(1000 + (at + 1) * 500);
    // However long the requests took.
    expect((due[at + 1] as number) - (due[at] as number)).toBeGreaterThan(400);
  }
  expect((await session.tus.head(location)).status).toBe(200);
  expect(waits).toHaveLength(4);
  expect(warnings).toEqual([{ network: '127.0.0.1', failures: 30 }]);
});

test('over the limit a short token is not looked at, and a crowd is sent away', async () => {
  let open = () => {};
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  app = await openAppInTest({ pause: () => gate });
  const [short, other] = await Promise.all([
    app.storage.tokens.create({ name: 'Short', interview: 'default', expiresAt: null, maxSessions: 1, token: '4831' }),
    app.token('Long'),
  ]);
  expect((await login(short.secret)).status).toBe(200);
  for (let failure = 0; failure < 30; failure++) await login('wrong');
  expect((await login(short.secret)).status).toBe(429);
  // Its uploads go on: this network has logged in with it before.
  const bearer = { Authorization: `Bearer ${short.secret}` };
  expect((await fetch(`${app.url}/api/uplink`, { method: 'POST', headers: bearer })).status).toBe(204);
  const crowd = Array.from({ length: 40 }, () => login(other.secret));
  const sentAway = await Promise.race(crowd);
  expect(sentAway.status).toBe(429);
  open();
  const statuses = (await Promise.all(crowd)).map(({ status }) => status);
  const served = statuses.filter((status) => status === 200).length;
  expect(served).toBeGreaterThanOrEqual(20);
  expect(served).toBeLessThanOrEqual(30);
});

test.each([
  ['the addresses of one /64', (at: number) => `2001:db8:1:2:${at.toString(16)}::9`, 429],
  ['the addresses of one /64, written otherwise', (at: number) => `2001:0DB8:1:2::${at + 1}:0:1`, 429],
  ['addresses with a port', (at: number) => `192.0.2.1:${5000 + at}`, 429],
  ['addresses in brackets with a port', (at: number) => `[2001:db8::1]:${5000 + at}`, 429],
  ['other /64s', (at: number) => `2001:db8:1:${at.toString(16)}::9`, 401],
  ['other IPv4 addresses', (at: number) => `192.0.2.${at}`, 401],
])('%s: what the 31st failure in a minute is', async (_, address, status) => {
  app = await openAppInTest({ config: { trustProxy: ['127.0.0.1'] } });
  for (let failure = 0; failure < 30; failure++) await login(long, { 'X-Forwarded-For': address(failure) });
  expect((await login(long, { 'X-Forwarded-For': address(30) })).status).toBe(status);
});

test.each([
  ['a zero-width space behind it', (token: string) => `${token}\u200b`],
  ['a byte order mark before it', (token: string) => `\ufeff${token}`],
  ['a word joiner within it', (token: string) => `${token.slice(0, 5)}\u2060${token.slice(5)}`],
  ['a no-break space and a line end', (token: string) => `\u00a0${token}\r\n`],
])('a token with %s is that token', async (_, pasted) => {
  app = await openAppInTest();
  const { secret } = await app.token('Pasted');
  expect((await login(pasted(secret))).status).toBe(200);
  expect((await start(pasted(secret), 'Pasted')).status).toBe(200);
});

test('X-Forwarded-For is believed from a trusted proxy only', async () => {
  app = await openAppInTest();
  for (let failure = 0; failure < 30; failure++) await login('wrong', { 'X-Forwarded-For': `192.0.2.${failure}` });
  expect((await login('wrong', { 'X-Forwarded-For': '198.51.100.1' })).status).toBe(429);
});

test('behind a trusted proxy each client has its own count, and can’t choose it', async () => {
  app = await openAppInTest({ config: { trustProxy: ['127.0.0.0/8', '::1'] } });
  for (let failure = 0; failure < 30; failure++)
    expect((await login('wrong', { 'X-Forwarded-For': `203.0.113.${failure}, 192.0.2.1` })).status).toBe(401);
  expect((await login('wrong', { 'X-Forwarded-For': '203.0.113.99, 192.0.2.1' })).status).toBe(429);
  expect((await login('wrong', { 'X-Forwarded-For': '192.0.2.2' })).status).toBe(401);
});

test('a garbage X-Forwarded-For behind a trusted proxy is no error', async () => {
  app = await openAppInTest({ config: { trustProxy: ['127.0.0.1'] } });
  for (const value of ['', ',', 'unknown', '"[2001:db8::1]:80"', ', , 192.0.2.1', 'x'.repeat(500)])
    expect((await login('wrong', { 'X-Forwarded-For': value })).status).toBe(401);
});
