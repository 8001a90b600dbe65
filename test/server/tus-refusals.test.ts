/** The tus endpoint over real sockets: everything it refuses, each as application/problem+json with a stable code. */
import { randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { openApp, type TestApp } from '../support/server.ts';
import {
  createTusClient,
  metadataHeader,
  openSitting,
  recording,
  refusalOf,
  type Sitting,
  type Tus,
} from '../support/tus.ts';

const MAX_BYTES = 5_000;
const empty = new Uint8Array();

let app: TestApp;
let sitting: Sitting;
let tus: Tus;
let count = 0;
beforeAll(async () => {
  app = await openApp({ config: { maxAnswerBytes: MAX_BYTES } });
});
afterAll(() => app.close());
beforeEach(async () => {
  count += 1;
  sitting = await openSitting(app, `Anna ${count}`);
  tus = sitting.tus;
});

test.each(['0', '6', '-1', '1e0', '1e9', '01', '1.0', '', ' 1', 'one', '١', '99999999999999999999'])(
  'question %j does not exist',
  async (question) => {
    const refusal = await refusalOf(await tus.create({ question }));
    expect(refusal.status).toBe(400);
    expect(refusal.code).toBe(question === '' ? 'invalid-metadata' : 'invalid-question');
    expect(await app.storage.takes.listByState(['receiving'])).toEqual([]);
  },
);

test('another session’s folder is not found, whoever knows its name', async () => {
  const other = await openSitting(app, 'Somebody Else');
  const thief = createTusClient({ url: app.url, token: sitting.token, folder: other.folder });
  expect(await refusalOf(await thief.create())).toMatchObject({ status: 404, code: 'session-not-found' });
  for (const folder of ['../x', 'no_such_folder', '/', '\u0000']) {
    const client = createTusClient({ url: app.url, token: sitting.token, folder });
    expect(await refusalOf(await client.create())).toMatchObject({ status: 404, code: 'session-not-found' });
  }
});

test('other people’s uploads answer 404 for every method, as those that do not exist', async () => {
  const other = await openSitting(app, 'Victim');
  const location = await other.tus.begin();
  await other.tus.patch(location, 0, recording(100));
  for (const path of [location, `/files/${'0'.repeat(32)}`, '/files/..%2f..%2fetc%2fpasswd']) {
    expect((await tus.head(path)).status).toBe(404);
    for (const response of [await tus.patch(path, 100, recording(10)), await tus.remove(path)])
      expect(await refusalOf(response)).toMatchObject({ status: 404, code: 'upload-not-found' });
    for (const method of ['GET', 'POST', 'PUT']) expect((await tus.request(method, path)).status).toBe(404);
  }
  expect((await other.tus.head(location)).headers.get('upload-offset')).toBe('100');
});

test('there is no GET, and asking for one hurts nobody (field note 3)', async () => {
  const bytes = recording(4_000);
  const location = await tus.begin({ length: 4_000 });
  await tus.patch(location, 0, bytes);
  for (const headers of [{}, { 'Tus-Resumable': '1.0.0', Authorization: `Bearer ${sitting.token}` }]) {
    for (const path of [location, '/files']) {
      const response = await fetch(new URL(path, app.url), { headers });
      expect(await refusalOf(response)).toMatchObject({ status: 404, code: 'not-found' });
    }
  }
  expect((await tus.head(location)).status).toBe(200);
});

test('without a known token: 401, the same for every method and every reason', async () => {
  const location = await tus.begin();
  const { id, secret } = await app.token('Revoked');
  await app.storage.tokens.revoke(id, true);
  const answers = new Set<string>();
  for (const token of ['', 'unknown', secret, 'x'.repeat(201)]) {
    const client = createTusClient({ url: app.url, token, folder: sitting.folder });
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

test('a token that is revoked stops its upload at once; restored, it goes on where it was', async () => {
  const bytes = recording(2_000);
  const location = await tus.begin();
  await tus.patch(location, 0, bytes.subarray(0, 500));
  await app.storage.tokens.revoke(sitting.tokenId, true);
  expect(await refusalOf(await tus.patch(location, 500, bytes.subarray(500)))).toMatchObject({ code: 'unauthorized' });
  expect((await tus.head(location)).status).toBe(401);
  await app.storage.tokens.revoke(sitting.tokenId, false);
  expect((await tus.head(location)).headers.get('upload-offset')).toBe('500');
  expect((await tus.patch(location, 500, bytes.subarray(500), { length: 2_000 })).headers.get('upload-complete')).toBe(
    '?1',
  );
});

test('another version of the protocol is 412 and says which one is spoken (field note 11)', async () => {
  const location = await tus.begin();
  for (const version of ['0.2.2', '2.0.0', '']) {
    const response = await tus.request('POST', '/files', { 'Tus-Resumable': version });
    expect(response.headers.get('tus-version')).toBe('1.0.0');
    expect(await refusalOf(response)).toMatchObject({ status: 412, code: 'tus-version' });
    const head = await tus.request('HEAD', location, { 'Tus-Resumable': version });
    expect([head.status, head.headers.get('tus-version')]).toEqual([412, '1.0.0']);
  }
});

test.each(['1e+21', '1e3', '-1', '0x10', '1.5', 'many', '007'])(
  'Upload-Length %j is no length (field note 11)',
  async (length) => {
    const metadata = metadataHeader({ folder: sitting.folder, questionIndex: '1', filetype: 'video/webm' });
    const created = await tus.request('POST', '/files', { 'Upload-Length': length, 'Upload-Metadata': metadata });
    expect(await refusalOf(created)).toMatchObject({ status: 400, code: 'invalid-tus-request' });
    const location = await tus.begin();
    const patched = await tus.patch(location, 0, empty, { headers: { 'Upload-Length': length } });
    expect(await refusalOf(patched)).toMatchObject({ status: 400, code: 'invalid-tus-request' });
    expect((await tus.head(location)).headers.get('upload-defer-length')).toBe('1');
  },
);

test('a number beyond all limits is a number all the same: 413 for a length, 409 for an offset', async () => {
  const length = '9'.repeat(30);
  const metadata = metadataHeader({ folder: sitting.folder, questionIndex: '1', filetype: 'video/webm' });
  const created = await tus.request('POST', '/files', { 'Upload-Length': length, 'Upload-Metadata': metadata });
  expect(await refusalOf(created)).toMatchObject({ status: 413, code: 'answer-too-large' });
  const location = await tus.begin();
  const declared = await tus.patch(location, 0, empty, { headers: { 'Upload-Length': length } });
  expect(await refusalOf(declared)).toMatchObject({ status: 413, code: 'answer-too-large' });
  const moved = await tus.patch(location, 0, recording(10), { headers: { 'Upload-Offset': length } });
  expect(await refusalOf(moved)).toMatchObject({ status: 409, code: 'offset-conflict' });
});

test('requests that do not follow tus are 400', async () => {
  const location = await tus.begin();
  const metadata = metadataHeader({ folder: sitting.folder, questionIndex: '1', filetype: 'video/webm' });
  const post = (headers: Record<string, string>) => tus.request('POST', '/files', headers);
  const patch = (headers: Record<string, string>) =>
    tus.request('PATCH', location, { 'Content-Type': 'application/offset+octet-stream', ...headers });
  for (const [response, code] of [
    [await post({ 'Upload-Metadata': metadata }), 'invalid-tus-request'],
    [
      await post({ 'Upload-Metadata': metadata, 'Upload-Length': '1', 'Upload-Defer-Length': '1' }),
      'invalid-tus-request',
    ],
    [await post({ 'Upload-Metadata': metadata, 'Upload-Defer-Length': '2' }), 'invalid-tus-request'],
    [await post({ 'Upload-Defer-Length': '1' }), 'invalid-metadata'],
    [await post({ 'Upload-Defer-Length': '1', 'Upload-Metadata': 'folder !!!' }), 'invalid-metadata'],
    [await tus.create({ takeId: 'not-a-uuid' }), 'invalid-metadata'],
    [await tus.create({ takeId: `${randomUUID()}0` }), 'invalid-metadata'],
    [await patch({}), 'invalid-tus-request'],
    [await patch({ 'Upload-Offset': '1e1' }), 'invalid-tus-request'],
    [await patch({ 'Upload-Offset': '-1' }), 'invalid-tus-request'],
  ] as const)
    expect(await refusalOf(response)).toMatchObject({ status: 400, code });
  const session = await app.storage.sessions.getByFolder(sitting.folder);
  expect(await app.storage.takes.list(session?.id ?? '')).toHaveLength(1);
});

test('another content type on a PATCH is 415', async () => {
  const location = await tus.begin();
  for (const headers of [{ 'Content-Type': 'video/webm' }, { 'Content-Type': '' }]) {
    const response = await tus.request('PATCH', location, { 'Upload-Offset': '0', ...headers }, recording(10));
    expect(await refusalOf(response)).toMatchObject({ status: 415, code: 'wrong-content-type' });
  }
  expect((await tus.head(location)).headers.get('upload-offset')).toBe('0');
});

test('a wrong offset is 409 and tells the right one', async () => {
  const location = await tus.begin();
  await tus.patch(location, 0, recording(100));
  for (const offset of [0, 99, 101]) {
    const response = await tus.patch(location, offset, recording(10));
    expect(response.headers.get('upload-offset')).toBe('100');
    expect(await refusalOf(response)).toMatchObject({ status: 409, code: 'offset-conflict' });
  }
});

test('over the limit is 413, and what was acknowledged is kept', async () => {
  expect(await refusalOf(await tus.create({ length: MAX_BYTES + 1 }))).toMatchObject({
    status: 413,
    code: 'answer-too-large',
  });
  const bytes = recording(MAX_BYTES + 1);
  const location = await tus.begin();
  await tus.patch(location, 0, bytes.subarray(0, 3_000));
  expect(await refusalOf(await tus.patch(location, 3_000, bytes.subarray(3_000)))).toMatchObject({ status: 413 });
  const declared = await tus.patch(location, 3_000, empty, { length: MAX_BYTES + 1 });
  expect(await refusalOf(declared)).toMatchObject({ status: 413, code: 'answer-too-large' });
  expect((await tus.head(location)).headers.get('upload-offset')).toBe('3000');
  expect(
    (await readFile(`${app.dataDir}${location.replace('/files', '/uploads')}`)).equals(bytes.subarray(0, 3_000)),
  ).toBe(true);
  const last = await tus.patch(location, 3_000, bytes.subarray(3_000, MAX_BYTES), { length: MAX_BYTES });
  expect(last.headers.get('upload-complete')).toBe('?1');
});

test('a body of unknown size that goes over the limit is 413, also when nothing more fits', async () => {
  const bytes = recording(MAX_BYTES + 500);
  const location = await tus.begin();
  const chunked = (offset: number, body: Uint8Array<ArrayBuffer>) =>
    fetch(new URL(location, app.url), {
      method: 'PATCH',
      headers: {
        'Tus-Resumable': '1.0.0',
        Authorization: `Bearer ${sitting.token}`,
        'Content-Type': 'application/offset+octet-stream',
        'Upload-Offset': String(offset),
      },
      body: new Blob([body]).stream(),
      duplex: 'half',
    } as RequestInit);
  expect(await refusalOf(await chunked(0, bytes))).toMatchObject({ status: 413, code: 'answer-too-large' });
  expect((await tus.head(location)).headers.get('upload-offset')).toBe(String(MAX_BYTES));
  // A client that was told 204 here would send the same bytes for ever.
  expect(await refusalOf(await chunked(MAX_BYTES, recording(10)))).toMatchObject({ status: 413 });
});

test('data beyond the declared length is 413 and changes nothing', async () => {
  const location = await tus.begin({ length: 100 });
  expect(await refusalOf(await tus.patch(location, 0, recording(101)))).toMatchObject({ status: 413 });
  expect((await tus.head(location)).headers.get('upload-offset')).toBe('0');
});

test('a text sent as video is 415, told at the first bytes, and nothing is placed', async () => {
  const text = new Uint8Array(Buffer.from('This is no recording, whatever the label says.'));
  const location = await tus.begin({ filetype: 'video/webm' });
  expect(await refusalOf(await tus.patch(location, 0, text))).toMatchObject({ status: 415, code: 'not-a-recording' });
  const more = await tus.patch(location, text.length, text, { length: 2 * text.length });
  expect(await refusalOf(more)).toMatchObject({ status: 415, code: 'not-a-recording' });
  expect((await tus.head(location)).status).toBe(415);
  const short = await tus.create({ length: 2, body: text.subarray(0, 2) });
  expect(await refusalOf(short)).toMatchObject({ status: 415, code: 'not-a-recording' });
  const none = await tus.create({ length: 0 });
  expect(await refusalOf(none)).toMatchObject({ status: 415, code: 'not-a-recording' });
  expect(await readdir(sitting.path)).toEqual(['meta.json']);
  expect(JSON.parse(await readFile(`${sitting.path}/meta.json`, 'utf8')).files).toEqual([]);
});

test('after the session’s finish: data is 409, and HEAD and the same POST go on answering', async () => {
  const takeId = randomUUID();
  const open = await tus.begin({ question: 1 });
  await tus.patch(open, 0, recording(100));
  for (let question = 1; question <= 5; question++) await tus.send(recording(200), { question, takeId });
  const finished = await fetch(`${app.url}/api/session/finish`, {
    method: 'POST',
    body: JSON.stringify({ token: sitting.token, folder: sitting.folder, questionsCount: 5 }),
  });
  expect(finished.status).toBe(200);
  for (const response of [
    await tus.patch(open, 100, recording(10)),
    await tus.create(),
    await tus.create({ body: recording(9) }),
  ])
    expect(await refusalOf(response)).toMatchObject({ status: 409, code: 'session-finished' });
  const whole = await tus.begin({ question: 3, takeId });
  expect((await tus.head(whole)).headers.get('upload-complete')).toBe('?1');
});

test('64 unfinished uploads are enough: 429 with Retry-After, and a finished one makes room', async () => {
  const locations = await Promise.all(Array.from({ length: 64 }, () => tus.begin()));
  const refused = await tus.create();
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(await refusalOf(refused)).toMatchObject({ status: 429, code: 'too-many-uploads' });
  await tus.remove(locations[0] ?? '');
  expect((await tus.create()).status).toBe(201);
});

test('no room on the disk is 507 with Retry-After, before a byte is taken', async () => {
  const full = await openApp({ config: { minFreeBytes: 1e15 } });
  try {
    const candidate = await openSitting(full, 'Anna');
    const refused = await candidate.tus.create();
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await refusalOf(refused)).toMatchObject({ status: 507, code: 'disk-full' });
    expect(await readdir(`${full.dataDir}/uploads`)).toEqual([]);
  } finally {
    await full.close();
  }
});
