/** The tus endpoint over real sockets: what a well-behaved client of any make sees. */
import { randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { useApp, useSession } from '../../support/server/use-app.ts';
import { openRequest } from '../../support/tus/raw-connection.ts';
import { recording, refusalOf, reprDigest, until } from '../../support/tus/tus.ts';

const app = useApp();
const session = useSession(app);

const empty = new Uint8Array();

test('an answer of deferred length: ?0 until the last, empty PATCH brings the length, then ?1 with the digest', async () => {
  const { tus } = session;
  const bytes = recording(50_000);
  const created = await tus.create();
  expect(created.status).toBe(201);
  const location = created.headers.get('location') ?? '';
  expect(location).toMatch(/^\/files\/[0-9a-f]{32}$/);

  const fresh = await tus.head(location);
  expect(fresh.status).toBe(200);
  expect(Object.fromEntries(fresh.headers)).toMatchObject({
    'upload-offset': '0',
    'upload-defer-length': '1',
    'upload-complete': '?0',
    'cache-control': 'no-store',
    'tus-resumable': '1.0.0',
  });
  expect(fresh.headers.get('upload-metadata')).toContain('folder ');

  const first = await tus.patch(location, 0, bytes.subarray(0, 20_000));
  expect(first.status).toBe(204);
  expect(first.headers.get('upload-offset')).toBe('20000');
  expect(first.headers.get('upload-complete')).toBe('?0');
  expect(Date.parse(first.headers.get('upload-expires') ?? '')).toBeGreaterThan(Date.now() + 6 * 86_400_000);
  expect((await tus.patch(location, 20_000, bytes.subarray(20_000))).status).toBe(204);
  const before = await tus.head(location);
  expect([before.headers.get('upload-complete'), before.headers.get('repr-digest')]).toEqual(['?0', null]);
  expect(await readdir(session.path)).toEqual(['meta.json']);

  const last = await tus.patch(location, 50_000, empty, { length: 50_000 });
  expect(last.status).toBe(204);
  expect(last.headers.get('upload-offset')).toBe('50000');
  expect(last.headers.get('upload-complete')).toBe('?1');
  expect(last.headers.get('repr-digest')).toBe(reprDigest(bytes));
  expect((await readFile(`${session.path}/Q1.webm`)).equals(bytes)).toBe(true);

  // The upload’s id stays valid, although the file has moved (platform note 5).
  for (let again = 0; again < 2; again++) {
    const whole = await tus.head(location);
    expect(whole.status).toBe(200);
    expect(Object.fromEntries(whole.headers)).toMatchObject({
      'upload-offset': '50000',
      'upload-length': '50000',
      'upload-complete': '?1',
      'repr-digest': reprDigest(bytes),
    });
    expect(whole.headers.get('upload-expires')).toBeNull();
  }
  const repeat = await tus.patch(location, 50_000, empty, { length: 50_000 });
  expect([repeat.status, repeat.headers.get('upload-complete')]).toEqual([204, '?1']);
});

test('a length declared at creation: the last data PATCH completes it', async () => {
  const { tus } = session;
  const bytes = recording(3_000);
  const location = await tus.begin({ length: 3_000, question: 2 });
  expect((await tus.patch(location, 0, bytes.subarray(0, 1_000))).headers.get('upload-complete')).toBe('?0');
  const last = await tus.patch(location, 1_000, bytes.subarray(1_000));
  expect(last.headers.get('repr-digest')).toBe(reprDigest(bytes));
  expect(await readdir(session.path)).toContain('Q2.webm');
});

test('creation with the data in it', async () => {
  const { tus } = session;
  const bytes = recording(2_000);
  const half = await tus.create({ body: bytes.subarray(0, 500) });
  expect([half.status, half.headers.get('upload-offset'), half.headers.get('upload-complete')]).toEqual([
    201,
    '500',
    '?0',
  ]);
  const whole = await tus.create({ body: bytes, length: 2_000, question: 2 });
  expect([whole.status, whole.headers.get('upload-offset'), whole.headers.get('upload-complete')]).toEqual([
    201,
    '2000',
    '?1',
  ]);
  expect(whole.headers.get('repr-digest')).toBe(reprDigest(bytes));
});

test('POST is idempotent by takeId: the same Location, and nothing is emptied (platform note 6)', async () => {
  const { tus } = session;
  const takeId = randomUUID();
  const bytes = recording(1_000);
  const [one, two] = await Promise.all([tus.begin({ takeId }), tus.begin({ takeId })]);
  expect(two).toBe(one);
  await tus.patch(one, 0, bytes);
  expect(await tus.begin({ takeId: takeId.toUpperCase() })).toBe(one);
  expect((await tus.head(one)).headers.get('upload-offset')).toBe('1000');
  // A client that lost the first response has no other way to know how much has arrived.
  expect((await tus.create({ takeId })).headers.get('upload-offset')).toBe('1000');
  // A repeated creation with data changes nothing either.
  const withBody = await tus.create({ takeId, body: recording(10) });
  expect([withBody.status, withBody.headers.get('location'), withBody.headers.get('upload-offset')]).toEqual([
    201,
    one,
    '1000',
  ]);
  await tus.patch(one, 1_000, empty, { length: 1_000 });
  expect(await tus.begin({ takeId })).toBe(one);
  expect((await readFile(`${session.path}/Q1.webm`)).equals(bytes)).toBe(true);
  // Within a question: the same takeId for another one is another take.
  expect(await tus.begin({ takeId, question: 2 })).not.toBe(one);
});

test('a repeated Upload-Length is accepted when it is equal, and refused when it is not (platform note 4)', async () => {
  const { tus } = session;
  const bytes = recording(1_000);
  const location = await tus.begin();
  expect((await tus.patch(location, 0, bytes.subarray(0, 400), { length: 1_000 })).status).toBe(204);
  for (const length of [999, 1_001]) {
    const refused = await refusalOf(await tus.patch(location, 400, bytes.subarray(400), { length }));
    expect(refused).toMatchObject({ status: 400, code: 'length-conflict' });
  }
  expect((await tus.head(location)).headers.get('upload-offset')).toBe('400');
  const last = await tus.patch(location, 400, bytes.subarray(400), { length: 1_000 });
  expect([last.status, last.headers.get('repr-digest')]).toEqual([204, reprDigest(bytes)]);
});

test('a last PATCH that carries data and length and is cut can be sent again (platform note 4)', async () => {
  const { tus } = session;
  const bytes = recording(200_000);
  const location = await tus.begin();
  const { hostname, port } = new URL(app.url);
  const cut = await openRequest(`http://${hostname}:${port}`, [
    `PATCH ${location} HTTP/1.1`,
    `Authorization: Bearer ${session.token}`,
    'Tus-Resumable: 1.0.0',
    'Upload-Offset: 0',
    'Upload-Length: 200000',
    'Content-Type: application/offset+octet-stream',
    'Content-Length: 200000',
  ]);
  await cut.write(bytes.subarray(0, 120_000));
  cut.socket.end();
  await until(async () => (await tus.head(location)).headers.get('upload-offset') === '120000');
  const again = await tus.patch(location, 120_000, bytes.subarray(120_000), { length: 200_000 });
  expect([again.status, again.headers.get('repr-digest')]).toEqual([204, reprDigest(bytes)]);
});

test('a second take of a question counts, the first one goes to takes/', async () => {
  const { tus } = session;
  await tus.send(recording(1_000));
  const second = recording(2_000);
  await tus.send(second);
  expect((await readFile(`${session.path}/Q1.webm`)).equals(second)).toBe(true);
  expect(await readdir(`${session.path}/takes`)).toEqual(['Q1-1.webm']);
});

test('DELETE: 204 for an own unfinished upload, which is gone; 403 once it is whole', async () => {
  const { tus } = session;
  const location = await tus.begin();
  await tus.patch(location, 0, recording(100));
  expect((await tus.remove(location)).status).toBe(204);
  expect((await tus.head(location)).status).toBe(404);
  expect((await tus.remove(location)).status).toBe(404);
  const twice = await tus.begin();
  const both = await Promise.all(Array.from({ length: 5 }, () => tus.remove(twice)));
  expect(both.map((response) => response.status).sort()).toEqual([204, 404, 404, 404, 404]);
  const whole = await tus.begin({ length: 100 });
  await tus.patch(whole, 0, recording(100));
  expect(await refusalOf(await tus.remove(whole))).toMatchObject({ status: 403, code: 'upload-finished' });
  expect((await tus.head(whole)).headers.get('upload-complete')).toBe('?1');
});

test('OPTIONS names the version and the extensions, without a bearer', async () => {
  const response = await fetch(`${app.url}/files`, { method: 'OPTIONS' });
  expect(response.status).toBe(204);
  expect(response.headers.get('tus-version')).toBe('1.0.0');
  expect(response.headers.get('tus-max-size')).toBe('500000000');
  const extensions = (response.headers.get('tus-extension') ?? '').split(',').sort();
  expect(extensions).toEqual([
    'creation',
    'creation-defer-length',
    'creation-with-upload',
    'expiration',
    'termination',
  ]);
});

test('a query string and the headers of a chain of proxies are tolerated (platform note 9)', async () => {
  const { tus } = session;
  const headers = { 'X-Forwarded-Proto': 'https, http', 'X-Forwarded-Host': 'a.example, b', Forwarded: 'proto=x' };
  const created = await tus.create({ headers });
  expect(created.status).toBe(201);
  const location = created.headers.get('location') ?? '';
  expect(location).toMatch(/^\/files\//);
  const bytes = recording(10);
  expect((await tus.patch(`${location}?trace=1`, 0, bytes, { headers })).status).toBe(204);
  expect((await tus.request('HEAD', `${location}?x`, headers)).headers.get('upload-offset')).toBe('10');
  expect((await tus.request('DELETE', `${location}?x`, headers)).status).toBe(204);
  expect((await tus.request('POST', '/files?x', { 'Upload-Length': '1', ...headers })).status).toBe(400);
});

test('a request target in absolute form is the same upload (RFC 9112, 3.2.2)', async () => {
  const { tus, token } = session;
  const location = await tus.begin();
  const request = await openRequest(app.url, [
    `PATCH ${app.url}${location}?x HTTP/1.1`,
    `Authorization: Bearer ${token}`,
    'Tus-Resumable: 1.0.0',
    'Upload-Offset: 0',
    'Content-Type: application/offset+octet-stream',
    'Content-Length: 10',
  ]);
  await request.write(recording(10));
  expect(await request.status).toBe(204);
  request.socket.destroy();
});

test('the method may be overridden, for clients behind a proxy that knows GET and POST alone', async () => {
  const { tus } = session;
  const location = await tus.begin();
  const type = { 'Content-Type': 'application/offset+octet-stream' };
  const override = (method: string) => ({ 'X-HTTP-Method-Override': method });
  const patched = await tus.request(
    'POST',
    location,
    { ...type, ...override('PATCH'), 'Upload-Offset': '0' },
    recording(9),
  );
  expect([patched.status, patched.headers.get('upload-offset')]).toEqual([204, '9']);
  expect((await tus.request('POST', location, override('HEAD'))).headers.get('upload-offset')).toBe('9');
  expect((await tus.request('POST', location, override('DELETE'))).status).toBe(204);
  expect((await tus.head(location)).status).toBe(404);
});
