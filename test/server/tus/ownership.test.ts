/** Whose uploads a token reaches: its own, and no other’s. */
import { expect, test } from 'vitest';
import { useApp, useSession } from '../../support/server/use-app.ts';
import { createTusClient, openSession, recording, refusalOf } from '../../support/tus/tus.ts';

const empty = new Uint8Array();

const app = useApp();
const session = useSession(app);

test('without a valid token every method gets the same 401 for every reason', async () => {
  const location = await session.tus.begin();
  const { id, secret } = await app.token('Revoked');
  await app.storage.tokens.revoke(id, true);
  const answers = new Set<string>();
  for (const token of ['', 'unknown', secret, 'x'.repeat(201)]) {
    const client = createTusClient({ url: app.url, token, folder: session.folder });
    expect((await client.head(location)).status).toBe(401);
    for (const response of [
      await client.create(),
      await client.patch(location, 0, empty),
      await client.remove(location),
    ])
      answers.add(JSON.stringify(await refusalOf(response)));
  }
  const none = await fetch(`${app.url}/files`, { method: 'POST', headers: { 'Tus-Resumable': '1.0.0' } });
  answers.add(JSON.stringify(await refusalOf(none)));
  expect([...answers].map((text) => JSON.parse(text).code)).toEqual(['unauthorized']);
});

test('a revoked token stops its upload at once; once restored, the upload continues at its offset', async () => {
  const bytes = recording(2_000);
  const location = await session.tus.begin();
  await session.tus.patch(location, 0, bytes.subarray(0, 500));
  await app.storage.tokens.revoke(session.tokenId, true);
  expect(await refusalOf(await session.tus.patch(location, 500, bytes.subarray(500)))).toMatchObject({
    code: 'unauthorized',
  });
  expect((await session.tus.head(location)).status).toBe(401);
  await app.storage.tokens.revoke(session.tokenId, false);
  expect((await session.tus.head(location)).headers.get('upload-offset')).toBe('500');
  expect(
    (await session.tus.patch(location, 500, bytes.subarray(500), { length: 2_000 })).headers.get('upload-complete'),
  ).toBe('?1');
});

test('a bearer may contain spaces', async () => {
  const { storage } = app;
  const secret = 'a token with ~ spaces';
  await storage.tokens.create({ name: 'B', interview: 'default', expiresAt: null, maxSessions: 1, token: secret });
  const ask = (bearer: string) =>
    fetch(`${app.url}/files/none`, {
      method: 'HEAD',
      headers: { 'Tus-Resumable': '1.0.0', Authorization: bearer },
    });
  expect((await ask(`Bearer ${secret}`)).status).toBe(404);
  expect((await ask(`bearer  ${secret}  `)).status).toBe(404);
  for (const bearer of ['Bearer a token', 'Bearer', `Basic ${secret}`]) expect((await ask(bearer)).status).toBe(401);
});

test('the folder of another session is not found, even by a client that knows its name', async () => {
  const other = await openSession(app, 'Somebody Else');
  const thief = createTusClient({ url: app.url, token: session.token, folder: other.folder });
  expect(await refusalOf(await thief.create())).toMatchObject({ status: 404, code: 'session-not-found' });
  for (const folder of ['../x', 'no_such_folder', '/', '\u0000']) {
    const client = createTusClient({ url: app.url, token: session.token, folder });
    expect(await refusalOf(await client.create())).toMatchObject({ status: 404, code: 'session-not-found' });
  }
});

test('another candidate’s upload is 404 for every method, like one that does not exist', async () => {
  const other = await openSession(app, 'Victim');
  const location = await other.tus.begin();
  await other.tus.patch(location, 0, recording(100));
  for (const path of [location, `/files/${'0'.repeat(32)}`, '/files/..%2f..%2fetc%2fpasswd']) {
    expect((await session.tus.head(path)).status).toBe(404);
    for (const response of [await session.tus.patch(path, 100, recording(10)), await session.tus.remove(path)])
      expect(await refusalOf(response)).toMatchObject({ status: 404, code: 'upload-not-found' });
    for (const method of ['GET', 'POST', 'PUT']) expect((await session.tus.request(method, path)).status).toBe(404);
  }
  expect((await other.tus.head(location)).headers.get('upload-offset')).toBe('100');
});

test('GET is not offered, and asking for it does no harm (platform note 3)', async () => {
  const bytes = recording(4_000);
  const location = await session.tus.begin({ length: 4_000 });
  await session.tus.patch(location, 0, bytes);
  for (const headers of [{}, { 'Tus-Resumable': '1.0.0', Authorization: `Bearer ${session.token}` }]) {
    for (const path of [location, '/files']) {
      const response = await fetch(new URL(path, app.url), { headers });
      expect(await refusalOf(response)).toMatchObject({ status: 404, code: 'not-found' });
    }
  }
  expect((await session.tus.head(location)).status).toBe(200);
});
