/** Requests that do not follow tus, or ask for an extension that is not offered. */
import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { useApp, useSession } from '../../support/server/use-app.ts';
import { metadataHeader, recording, refusalOf } from '../../support/tus/tus.ts';

const empty = new Uint8Array();

const app = useApp();
const session = useSession(app);

test.each(['0', '6', '-1', '1e0', '1e9', '01', '1.0', '', ' 1', 'one', '١', '99999999999999999999'])(
  'question %j does not exist',
  async (question) => {
    const refusal = await refusalOf(await session.tus.create({ question }));
    expect(refusal.status).toBe(400);
    expect(refusal.code).toBe(question === '' ? 'invalid-metadata' : 'invalid-question');
    expect(await app.storage.takes.listByState(['receiving'])).toEqual([]);
  },
);

test('another version of the protocol is 412 with the version that the server speaks (platform note 9)', async () => {
  const location = await session.tus.begin();
  for (const version of ['0.2.2', '2.0.0', '']) {
    const response = await session.tus.request('POST', '/files', { 'Tus-Resumable': version });
    expect(response.headers.get('tus-version')).toBe('1.0.0');
    expect(await refusalOf(response)).toMatchObject({ status: 412, code: 'tus-version' });
    const head = await session.tus.request('HEAD', location, { 'Tus-Resumable': version });
    expect([head.status, head.headers.get('tus-version')]).toEqual([412, '1.0.0']);
  }
});

test.each(['1e+21', '1e3', '-1', '0x10', '1.5', 'many', '007'])(
  'Upload-Length %j is no length (platform note 9)',
  async (length) => {
    const metadata = metadataHeader({ folder: session.folder, questionIndex: '1', filetype: 'video/webm' });
    const created = await session.tus.request('POST', '/files', {
      'Upload-Length': length,
      'Upload-Metadata': metadata,
    });
    expect(await refusalOf(created)).toMatchObject({ status: 400, code: 'invalid-tus-request' });
    const location = await session.tus.begin();
    const patched = await session.tus.patch(location, 0, empty, { headers: { 'Upload-Length': length } });
    expect(await refusalOf(patched)).toMatchObject({ status: 400, code: 'invalid-tus-request' });
    expect((await session.tus.head(location)).headers.get('upload-defer-length')).toBe('1');
  },
);

test('a number beyond every limit is still a number: 413 for a length, 409 for an offset', async () => {
  const length = '9'.repeat(30);
  const metadata = metadataHeader({ folder: session.folder, questionIndex: '1', filetype: 'video/webm' });
  const created = await session.tus.request('POST', '/files', {
    'Upload-Length': length,
    'Upload-Metadata': metadata,
  });
  expect(await refusalOf(created)).toMatchObject({ status: 413, code: 'answer-too-large' });
  const location = await session.tus.begin();
  const declared = await session.tus.patch(location, 0, empty, { headers: { 'Upload-Length': length } });
  expect(await refusalOf(declared)).toMatchObject({ status: 413, code: 'answer-too-large' });
  const moved = await session.tus.patch(location, 0, recording(10), { headers: { 'Upload-Offset': length } });
  expect(await refusalOf(moved)).toMatchObject({ status: 409, code: 'offset-conflict' });
});

test('requests that do not follow tus are 400', async () => {
  const location = await session.tus.begin();
  const metadata = metadataHeader({ folder: session.folder, questionIndex: '1', filetype: 'video/webm' });
  const post = (headers: Record<string, string>) => session.tus.request('POST', '/files', headers);
  const patch = (headers: Record<string, string>) =>
    session.tus.request('PATCH', location, { 'Content-Type': 'application/offset+octet-stream', ...headers });
  for (const [response, code] of [
    [await post({ 'Upload-Metadata': metadata }), 'invalid-tus-request'],
    [
      await post({ 'Upload-Metadata': metadata, 'Upload-Length': '1', 'Upload-Defer-Length': '1' }),
      'invalid-tus-request',
    ],
    [await post({ 'Upload-Metadata': metadata, 'Upload-Defer-Length': '2' }), 'invalid-tus-request'],
    [await post({ 'Upload-Defer-Length': '1' }), 'invalid-metadata'],
    [await post({ 'Upload-Defer-Length': '1', 'Upload-Metadata': 'folder !!!' }), 'invalid-metadata'],
    [await session.tus.create({ takeId: 'not-a-uuid' }), 'invalid-metadata'],
    [await session.tus.create({ takeId: `${randomUUID()}0` }), 'invalid-metadata'],
    [await patch({}), 'invalid-tus-request'],
    [await patch({ 'Upload-Offset': '1e1' }), 'invalid-tus-request'],
    [await patch({ 'Upload-Offset': '-1' }), 'invalid-tus-request'],
  ] as const)
    expect(await refusalOf(response)).toMatchObject({ status: 400, code });
  const entry = await app.storage.sessions.getByFolder(session.folder);
  expect(await app.storage.takes.list(entry?.id ?? '')).toHaveLength(1);
});

test('the refusal of a creation names the pair of Upload-Metadata that is missing or wrong', async () => {
  const all: Record<string, string> = { folder: session.folder, questionIndex: '1', filetype: 'video/webm' };
  const create = (metadata: string) =>
    session.tus.request('POST', '/files', { 'Upload-Defer-Length': '1', 'Upload-Metadata': metadata });
  for (const missing of ['folder', 'questionIndex', 'filetype']) {
    const rest = Object.fromEntries(Object.entries(all).filter(([key]) => key !== missing));
    const refusal = await refusalOf(await create(metadataHeader(rest)));
    expect([refusal.code, refusal.detail]).toEqual(['invalid-metadata', expect.stringContaining(`lacks ${missing}:`)]);
  }
  for (const [pair, words] of [
    ['takeId YQ==', 'takeId must be a UUID'],
    ['note !!!', '“note !!!”'],
    ['my note YQ==', '“my note YQ==”'],
    ['folder YQ==', 'two pairs of the same key'],
  ] as const)
    expect((await refusalOf(await create(`${metadataHeader(all)},${pair}`))).detail).toContain(words);
});

test('spaces behind commas, an empty filetype and a content type in capitals or with a charset are taken', async () => {
  const { folder } = session;
  const metadata = `${metadataHeader({ folder, questionIndex: '1' }).replace(',', ', ')}, filetype `;
  for (const header of [metadata, metadata.trimEnd()]) {
    const headers = { 'Upload-Metadata': header };
    const created = await session.tus.create({ headers });
    expect(created.status).toBe(201);
    const head = await session.tus.head(created.headers.get('location') ?? '');
    expect(head.headers.get('upload-metadata')).toBe(header.trimEnd());
  }
  const types = ['Application/Offset+Octet-Stream', 'application/offset+octet-stream; charset=UTF-8'];
  for (const type of types) {
    const bytes = recording(100);
    const headers = { 'Content-Type': type };
    const location = await session.tus.begin({ body: bytes, headers });
    expect((await session.tus.head(location)).headers.get('upload-offset')).toBe('100');
    expect((await session.tus.patch(location, 100, bytes, { headers })).status).toBe(204);
  }
});

test('another content type on a PATCH is 415', async () => {
  const location = await session.tus.begin();
  for (const headers of [{ 'Content-Type': 'video/webm' }, { 'Content-Type': '' }]) {
    const response = await session.tus.request('PATCH', location, { 'Upload-Offset': '0', ...headers }, recording(10));
    expect(await refusalOf(response)).toMatchObject({ status: 415, code: 'wrong-content-type' });
  }
  expect((await session.tus.head(location)).headers.get('upload-offset')).toBe('0');
});

test('a wrong offset is 409 with the right one', async () => {
  const location = await session.tus.begin();
  await session.tus.patch(location, 0, recording(100));
  for (const offset of [0, 99, 101]) {
    const response = await session.tus.patch(location, offset, recording(10));
    expect(response.headers.get('upload-offset')).toBe('100');
    expect(await refusalOf(response)).toMatchObject({ status: 409, code: 'offset-conflict' });
  }
});

test('concatenation is 400, because it is not offered', async () => {
  for (const concat of ['partial', 'final;/files/a /files/b']) {
    const response = await session.tus.create({ headers: { 'Upload-Concat': concat } });
    expect(await refusalOf(response)).toMatchObject({ status: 400, code: 'invalid-tus-request' });
  }
});

test('a checksum is 400, because the server would not compare it (platform note 9)', async () => {
  const headers = { 'Upload-Checksum': 'sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu0=' };
  const location = await session.tus.begin();
  for (const response of [
    await session.tus.create({ headers }),
    await session.tus.patch(location, 0, recording(9), { headers }),
  ])
    expect(await refusalOf(response)).toMatchObject({ status: 400, code: 'invalid-tus-request' });
  expect((await session.tus.head(location)).headers.get('upload-offset')).toBe('0');
});

test('/files/ is the same as /files', async () => {
  const metadata = metadataHeader({ folder: session.folder, questionIndex: '1', filetype: 'video/webm' });
  const created = await session.tus.request('POST', '/files/', {
    'Upload-Defer-Length': '1',
    'Upload-Metadata': metadata,
  });
  expect(created.status).toBe(201);
  const location = created.headers.get('location') ?? '';
  expect(location).toMatch(/^\/files\/[0-9a-f]{32}$/);
  expect((await session.tus.patch(`${location}/`, 0, recording(10))).status).toBe(404);
  expect((await session.tus.patch(location, 0, recording(10))).status).toBe(204);
  expect((await fetch(`${app.url}/files/`, { method: 'OPTIONS' })).headers.get('tus-version')).toBe('1.0.0');
});
