/** Refused takes: their bytes go at once, their answer stays 415. And the limits and spellings that tus clients meet. */
import { randomUUID } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { openApp, type TestApp } from '../support/server.ts';
import { metadataHeader, openSitting, recording, refusalOf, type Sitting, type Tus } from '../support/tus.ts';

let app: TestApp;
let sitting: Sitting;
let tus: Tus;
let count = 0;
beforeAll(async () => {
  app = await openApp();
});
afterAll(() => app.close());
beforeEach(async () => {
  count += 1;
  sitting = await openSitting(app, `Anna ${count}`);
  tus = sitting.tus;
});

const text = (size: number) => new Uint8Array(Buffer.alloc(size, 'text '));
const uploads = () => readdir(`${app.dataDir}/uploads`);

test('a text is refused while it comes in, its bytes are removed, and every method says 415 from then on', async () => {
  const takeId = randomUUID();
  const location = await tus.begin({ takeId });
  const live = await tus.openPatch(location, 0, 50_000_000);
  await live.write(text(100));
  // Not a byte more is needed to tell.
  expect(await live.status).toBe(415);
  live.socket.destroy();
  expect(await uploads()).toEqual([]);
  expect((await tus.head(location)).status).toBe(415);
  for (const response of [
    await tus.patch(location, 100, recording(10)),
    await tus.patch(location, 0, recording(10)),
    await tus.create({ takeId }),
  ])
    expect(await refusalOf(response)).toMatchObject({ status: 415, code: 'not-a-recording' });
  expect((await tus.remove(location)).status).toBe(204);
  expect((await tus.head(location)).status).toBe(404);
  expect((await tus.remove(await tus.begin({ takeId }))).status).toBe(204);
});

test('a whole one, too: of declared length, of few bytes, of none, and in two pieces', async () => {
  const whole = await tus.begin({ length: 1_000 });
  expect((await tus.patch(whole, 0, text(1_000))).status).toBe(415);
  const few = await tus.begin();
  await tus.patch(few, 0, text(3));
  expect((await tus.patch(few, 3, new Uint8Array(), { length: 3 })).status).toBe(415);
  const pieces = await tus.begin();
  expect((await tus.patch(pieces, 0, recording(4))).status).toBe(204);
  expect((await tus.patch(pieces, 4, text(10))).status).toBe(204);
  const late = await tus.begin();
  expect((await tus.patch(late, 0, text(4))).status).toBe(204);
  expect((await tus.patch(late, 4, text(10))).status).toBe(415);
  for (const location of [whole, few, late]) {
    expect((await tus.head(location)).status).toBe(415);
    expect((await tus.remove(location)).status).toBe(204);
  }
  await tus.remove(pieces);
  expect(await uploads()).toEqual([]);
});

test('a text by upload-one is refused before the rest of it is stored', async () => {
  const form = new FormData();
  const fields = { token: sitting.token, folder: sitting.folder, questionIndex: '1' };
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  form.append('video', new Blob([text(5_000_000)]));
  const response = await fetch(`${app.url}/api/upload-one`, { method: 'POST', body: form });
  expect(await refusalOf(response)).toMatchObject({ status: 415, code: 'not-a-recording' });
  expect(await uploads()).toEqual([]);
  const session = await app.storage.sessions.getByFolder(sitting.folder);
  expect(await app.storage.takes.list(session?.id ?? '')).toEqual([]);
});

test('a hundred uploads begun at once: 64 are created, the rest is 429', async () => {
  const responses = await Promise.all(Array.from({ length: 100 }, () => tus.create()));
  const statuses = responses.map((response) => response.status).sort();
  expect(statuses).toEqual([...Array(64).fill(201), ...Array(36).fill(429)]);
  const refused = responses.find((response) => response.status === 429);
  expect(refused && (await refusalOf(refused))).toMatchObject({ code: 'too-many-uploads' });
  expect(await uploads()).toHaveLength(64);
});

test('a creation with more than it may bring leaves no upload that nobody knows of', async () => {
  const before = await uploads();
  const refused = await tus.create({ length: 1_000, body: recording(1_500) });
  expect(await refusalOf(refused)).toMatchObject({ status: 413, code: 'answer-too-large' });
  expect(await uploads()).toEqual(before);
  const session = await app.storage.sessions.getByFolder(sitting.folder);
  expect(await app.storage.takes.list(session?.id ?? '')).toEqual([]);
});

test('concatenation is 400, as it is not offered', async () => {
  for (const concat of ['partial', 'final;/files/a /files/b']) {
    const response = await tus.create({ headers: { 'Upload-Concat': concat } });
    expect(await refusalOf(response)).toMatchObject({ status: 400, code: 'invalid-tus-request' });
  }
});

test('a checksum is 400, as nobody here would compare it (field note 11)', async () => {
  const headers = { 'Upload-Checksum': 'sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu0=' };
  const location = await tus.begin();
  for (const response of [await tus.create({ headers }), await tus.patch(location, 0, recording(9), { headers })])
    expect(await refusalOf(response)).toMatchObject({ status: 400, code: 'invalid-tus-request' });
  expect((await tus.head(location)).headers.get('upload-offset')).toBe('0');
});

test('/files/ is /files', async () => {
  const metadata = metadataHeader({ folder: sitting.folder, questionIndex: '1', filetype: 'video/webm' });
  const created = await tus.request('POST', '/files/', { 'Upload-Defer-Length': '1', 'Upload-Metadata': metadata });
  expect(created.status).toBe(201);
  const location = created.headers.get('location') ?? '';
  expect(location).toMatch(/^\/files\/[0-9a-f]{32}$/);
  expect((await tus.patch(`${location}/`, 0, recording(10))).status).toBe(404);
  expect((await tus.patch(location, 0, recording(10))).status).toBe(204);
  expect((await fetch(`${app.url}/files/`, { method: 'OPTIONS' })).headers.get('tus-version')).toBe('1.0.0');
});

test('a bearer may have spaces inside', async () => {
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
