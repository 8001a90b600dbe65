/** `POST /api/uplink`: bytes that are measured and thrown away. */
import { readdir } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { type AppFixture, openAppInTest } from '../../support/server/use-app.ts';
import { openRequest } from '../../support/tus/raw-connection.ts';
import { openSession, refusalOf, until } from '../../support/tus/tus.ts';

const MAX_BYTES = 1_000_000;
const ORIGIN = 'https://example.com';

let app: AppFixture;

function measure(token: string | null, body: BodyInit | null, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${app.url}/api/uplink`, {
    method: 'POST',
    headers: { ...(token === null ? {} : { Authorization: `Bearer ${token}` }), ...headers },
    body,
    duplex: 'half',
  } as RequestInit);
}

/** A body of unknown length. */
function chunked(bytes: number): ReadableStream {
  const part = new Uint8Array(50_000);
  let left = bytes;
  return new ReadableStream({
    pull(controller) {
      const size = Math.min(left, part.length);
      if (size > 0) controller.enqueue(part.subarray(0, size));
      else controller.close();
      left -= size;
    },
  });
}

/** The names of all files in the data folder. */
const everything = async () => (await readdir(app.dataDir, { recursive: true })).sort();

test('a measurement is 204, without a session, and leaves nothing behind', async () => {
  app = await openAppInTest();
  const { secret } = await app.token('Anna');
  const before = await everything();
  for (const body of [new Uint8Array(MAX_BYTES), chunked(MAX_BYTES), new Uint8Array(1), null]) {
    const response = await measure(secret, body);
    expect([response.status, await response.text()]).toEqual([204, '']);
  }
  expect(await everything()).toEqual(before);
  expect(await app.storage.takes.listByState(['receiving', 'received', 'placed', 'recorded'])).toEqual([]);
});

test('it needs a bearer that is known and not revoked', async () => {
  app = await openAppInTest();
  const session = await openSession(app);
  for (const token of [null, 'unknown'])
    expect(await refusalOf(await measure(token, new Uint8Array(300_000)))).toMatchObject({
      status: 401,
      code: 'unauthorized',
    });
  await app.storage.tokens.revoke(session.tokenId, true);
  expect((await measure(session.token, new Uint8Array(10))).status).toBe(401);
  await app.storage.tokens.revoke(session.tokenId, false);
  expect((await measure(session.token, new Uint8Array(10))).status).toBe(204);
});

test('more than 1,000,000 bytes are 413, with and without Content-Length', async () => {
  app = await openAppInTest();
  const { secret } = await app.token('Anna');
  for (const body of [new Uint8Array(MAX_BYTES + 1), chunked(MAX_BYTES + 1)])
    expect(await refusalOf(await measure(secret, body))).toMatchObject({ status: 413, code: 'body-too-large' });
});

test('60 a minute for a token, then 429 with Retry-After; another token has its own', async () => {
  app = await openAppInTest();
  const [anna, bela] = [await app.token('Anna'), await app.token('Bela')];
  for (let time = 0; time < 60; time++) expect((await measure(anna.secret, 'x')).status).toBe(204);
  const over = await measure(anna.secret, new Uint8Array(500_000));
  const waitSeconds = Number(over.headers.get('retry-after'));
  expect(waitSeconds).toBeGreaterThan(0);
  expect(waitSeconds).toBeLessThanOrEqual(60);
  expect(await refusalOf(over)).toMatchObject({ status: 429, code: 'too-many-measurements' });
  expect((await measure(bela.secret, 'x')).status).toBe(204);
});

/** A request whose body stops after 1,000 of 100,000 bytes. */
async function openStuck(token: string) {
  const head = ['POST /api/uplink HTTP/1.1', `Authorization: Bearer ${token}`, 'Content-Length: 100000'];
  const request = await openRequest(app.url, head);
  await request.write(new Uint8Array(1_000));
  return request;
}

test('a body that stops gets its response after the idle limit, and one that is cut does no harm', async () => {
  const logged: unknown[] = [];
  const error = (details: object) => void logged.push(details);
  app = await openAppInTest({ idleMs: 100, log: { debug() {}, info() {}, warn: error, error } });
  const { secret } = await app.token('Anna');
  const silent = await openStuck(secret);
  expect(await silent.status).toBe(503);
  // On a server that is patient: before the limit, however busy the machine is.
  app = await openAppInTest({ log: { debug() {}, info() {}, warn: error, error } });
  const patient = await app.token('Anna');
  const cut = await openStuck(patient.secret);
  cut.socket.destroy();
  expect(await cut.status).toBeNull();
  expect((await measure(patient.secret, 'x')).status).toBe(204);
  await until(() => silent.socket.destroyed);
  expect(logged).toEqual([]);
});

test('a page of an allowed origin may measure, too; other methods are not served', async () => {
  app = await openAppInTest({ config: { allowedOrigins: [ORIGIN] } });
  const { secret } = await app.token('Anna');
  const preflight = await fetch(`${app.url}/api/uplink`, { method: 'OPTIONS', headers: { Origin: ORIGIN } });
  expect(preflight.headers.get('access-control-allow-headers')).toMatch(/\bAuthorization\b/);
  for (const [token, status] of [
    [secret, 204],
    ['unknown', 401],
  ] as const) {
    const response = await measure(token, 'x', { Origin: ORIGIN });
    expect([response.status, response.headers.get('access-control-allow-origin')]).toEqual([status, ORIGIN]);
  }
  for (const method of ['GET', 'PUT', 'DELETE'])
    expect((await fetch(`${app.url}/api/uplink`, { method })).status).toBe(404);
});
