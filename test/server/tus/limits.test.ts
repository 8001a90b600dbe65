/** Limits: bytes of an answer and of a session, unfinished uploads of a session, and room on the disk. */
import { readdir, readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { openAppInTest, useApp, useSession } from '../../support/server/use-app.ts';
import { openSession, recording, refusalOf } from '../../support/tus/tus.ts';

/** Bytes of one answer. A session may have 40 times as many: those of five questions with one take each, eight times. */
const MAX_BYTES = 10_000;
const empty = new Uint8Array();

const app = useApp({ config: { maxAnswerBytes: MAX_BYTES } });
const session = useSession(app);

test('over the limit is 413, and what was acknowledged is kept', async () => {
  expect(await refusalOf(await session.tus.create({ length: MAX_BYTES + 1 }))).toMatchObject({
    status: 413,
    code: 'answer-too-large',
  });
  const bytes = recording(MAX_BYTES + 1);
  const location = await session.tus.begin();
  await session.tus.patch(location, 0, bytes.subarray(0, 3_000));
  expect(await refusalOf(await session.tus.patch(location, 3_000, bytes.subarray(3_000)))).toMatchObject({
    status: 413,
  });
  const declared = await session.tus.patch(location, 3_000, empty, { length: MAX_BYTES + 1 });
  expect(await refusalOf(declared)).toMatchObject({ status: 413, code: 'answer-too-large' });
  expect((await session.tus.head(location)).headers.get('upload-offset')).toBe('3000');
  expect(
    (await readFile(`${app.dataDir}${location.replace('/files', '/uploads')}`)).equals(bytes.subarray(0, 3_000)),
  ).toBe(true);
  const last = await session.tus.patch(location, 3_000, bytes.subarray(3_000, MAX_BYTES), { length: MAX_BYTES });
  expect(last.headers.get('upload-complete')).toBe('?1');
});

test('a body of unknown size that goes over the limit is 413, also when nothing more fits', async () => {
  const bytes = recording(MAX_BYTES + 500);
  const location = await session.tus.begin();
  const chunked = (offset: number, body: Uint8Array<ArrayBuffer>) =>
    fetch(new URL(location, app.url), {
      method: 'PATCH',
      headers: {
        'Tus-Resumable': '1.0.0',
        Authorization: `Bearer ${session.token}`,
        'Content-Type': 'application/offset+octet-stream',
        'Upload-Offset': String(offset),
      },
      body: new Blob([body]).stream(),
      duplex: 'half',
    } as RequestInit);
  expect(await refusalOf(await chunked(0, bytes))).toMatchObject({ status: 413, code: 'answer-too-large' });
  expect((await session.tus.head(location)).headers.get('upload-offset')).toBe(String(MAX_BYTES));
  // After a 204 here, a client would send the same bytes for ever.
  expect(await refusalOf(await chunked(MAX_BYTES, recording(10)))).toMatchObject({ status: 413 });
});

test('data beyond the declared length is 413 and changes nothing', async () => {
  const location = await session.tus.begin({ length: 100 });
  expect(await refusalOf(await session.tus.patch(location, 0, recording(101)))).toMatchObject({ status: 413 });
  expect((await session.tus.head(location)).headers.get('upload-offset')).toBe('0');
});

test('a creation with more data than its length leaves no upload behind', async () => {
  const before = await readdir(`${app.dataDir}/uploads`);
  const refused = await session.tus.create({ length: 1_000, body: recording(1_500) });
  expect(await refusalOf(refused)).toMatchObject({ status: 413, code: 'answer-too-large' });
  expect(await readdir(`${app.dataDir}/uploads`)).toEqual(before);
  const entry = await app.storage.sessions.getByFolder(session.folder);
  expect(await app.storage.takes.list(entry?.id ?? '')).toEqual([]);
});

test('the 65th unfinished upload is 429 with Retry-After, and a removed one makes room', async () => {
  const locations = await Promise.all(Array.from({ length: 64 }, () => session.tus.begin()));
  const refused = await session.tus.create();
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(await refusalOf(refused)).toMatchObject({ status: 429, code: 'too-many-uploads' });
  await session.tus.remove(locations[0] ?? '');
  expect((await session.tus.create()).status).toBe(201);
});

test('of a hundred creations at once 64 succeed and the others are 429', async () => {
  const own = await openAppInTest();
  const { tus } = await openSession(own);
  const responses = await Promise.all(Array.from({ length: 100 }, () => tus.create()));
  const statuses = responses.map((response) => response.status).sort();
  expect(statuses).toEqual([...Array(64).fill(201), ...Array(36).fill(429)]);
  const refused = responses.find((response) => response.status === 429);
  expect(refused && (await refusalOf(refused))).toMatchObject({ code: 'too-many-uploads' });
  expect(await readdir(`${own.dataDir}/uploads`)).toHaveLength(64);
});

test('a full disk is 507 with Retry-After, before a byte is stored', async () => {
  const full = await openAppInTest({ config: { minFreeBytes: 1e15 } });
  const { tus } = await openSession(full);
  const refused = await tus.create();
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(await refusalOf(refused)).toMatchObject({ status: 507, code: 'disk-full' });
  expect(await readdir(`${full.dataDir}/uploads`)).toEqual([]);
});

test('beyond its limit a session gets 413, also without Content-Length, and keeps what it has', async () => {
  const { tus, path, token } = await openSession(app);
  for (let take = 0; take < 39; take++) await tus.send(recording(MAX_BYTES), { question: 5 });
  const location = await tus.begin();
  expect((await tus.patch(location, 0, recording(4_000))).status).toBe(204);
  const other = await tus.begin({ question: 2 });
  const over = await tus.patch(other, 0, recording(MAX_BYTES - 3_999));
  expect(await refusalOf(over)).toMatchObject({ status: 413, code: 'session-too-large' });
  const body = new ReadableStream({
    start(controller) {
      controller.enqueue(recording(MAX_BYTES - 1));
      controller.close();
    },
  });
  const chunked = await fetch(`${app.url}${other}`, {
    method: 'PATCH',
    headers: {
      'Tus-Resumable': '1.0.0',
      Authorization: `Bearer ${token}`,
      'Upload-Offset': '0',
      'Content-Type': 'application/offset+octet-stream',
    },
    body,
    duplex: 'half',
  } as RequestInit);
  expect(await refusalOf(chunked)).toMatchObject({ status: 413, code: 'session-too-large' });
  expect((await tus.head(other)).headers.get('upload-offset')).toBe('6000');
  expect(39 * MAX_BYTES + 4_000 + 6_000).toBe(40 * MAX_BYTES);
  // Room comes back with a DELETE.
  await tus.remove(other);
  expect((await tus.patch(location, 4_000, recording(6_000))).status).toBe(204);
  expect(await readdir(`${path}/takes`)).toHaveLength(38);
});

test('each session has its own limit', async () => {
  const { tus } = await openSession(app);
  expect((await tus.send(recording(MAX_BYTES))).status).toBe(204);
});
