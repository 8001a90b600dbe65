/** Uploads in flight when the session is finished or the token revoked: they are not placed, and their clients get a problem. */
import { randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { afterEach, expect, test, vi } from 'vitest';
import { useApp, useSession } from '../../support/server/use-app.ts';
import { openRequest, type RawRequest } from '../../support/tus/raw-connection.ts';
import { recording, refusalOf, until } from '../../support/tus/tus.ts';

const empty = new Uint8Array();

const app = useApp();
afterEach(() => vi.restoreAllMocks());
const session = useSession(app);

const finish = () =>
  fetch(`${app.url}/api/session/finish`, {
    method: 'POST',
    body: JSON.stringify({ token: session.token, folder: session.folder, questionsCount: 5 }),
  });

/** Five answers and the session's finish. Returns the folder's state. */
async function finishSession(): Promise<string> {
  for (let question = 1; question <= 5; question++) await session.tus.send(recording(100), { question });
  expect((await finish()).status).toBe(200);
  return folderState();
}

async function folderState(): Promise<string> {
  const names = (await readdir(session.path, { recursive: true })).sort();
  const first = names.includes('Q1.webm') ? (await readFile(`${session.path}/Q1.webm`)).toString('hex') : '';
  return JSON.stringify([names, first, await readFile(`${session.path}/meta.json`, 'utf8')]);
}

/** A multipart answer to question 1 whose second half is yours to send. */
async function openAnswer(bytes: Uint8Array): Promise<RawRequest & { rest(): Promise<void> }> {
  const fields = Object.entries({ token: session.token, folder: session.folder, questionIndex: '1' }).map(
    ([name, value]) => `--x\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  );
  const head = `${fields.join('')}--x\r\nContent-Disposition: form-data; name="video"; filename="a"\r\n\r\n`;
  const tail = '\r\n--x--\r\n';
  const before = (await readdir(`${app.dataDir}/uploads`)).length;
  const request = await openRequest(app.url, [
    'POST /api/upload-one HTTP/1.1',
    'Content-Type: multipart/form-data; boundary=x',
    `Content-Length: ${head.length + bytes.length + tail.length}`,
  ]);
  const half = bytes.length / 2;
  await request.write(Buffer.concat([Buffer.from(head), bytes.subarray(0, half)]));
  await until(async () => (await readdir(`${app.dataDir}/uploads`)).length > before);
  return { ...request, rest: () => request.write(Buffer.concat([bytes.subarray(half), Buffer.from(tail)])) };
}

const offsetOf = async (location: string) => Number((await session.tus.head(location)).headers.get('upload-offset'));

test('after the session’s finish data is 403, while HEAD and a repeated POST still succeed', async () => {
  const takeId = randomUUID();
  const open = await session.tus.begin({ question: 1 });
  await session.tus.patch(open, 0, recording(100));
  for (let question = 1; question <= 5; question++) await session.tus.send(recording(200), { question, takeId });
  expect((await finish()).status).toBe(200);
  for (const response of [
    await session.tus.patch(open, 100, recording(10)),
    await session.tus.create(),
    await session.tus.create({ body: recording(9) }),
  ])
    expect(await refusalOf(response)).toMatchObject({ status: 403, code: 'session-finished' });
  const whole = await session.tus.begin({ question: 3, takeId });
  expect((await session.tus.head(whole)).headers.get('upload-complete')).toBe('?1');
});

test('a declaration after the finish is 403, with data and without', async () => {
  const { tus } = session;
  const open = await tus.begin();
  await tus.patch(open, 0, recording(60));
  const declared = await tus.begin({ length: 60 });
  await tus.patch(declared, 0, recording(50));
  const state = await finishSession();
  for (const response of [
    await tus.patch(open, 60, empty, { length: 60 }),
    await tus.patch(open, 60, recording(40), { length: 100 }),
    await tus.patch(declared, 50, recording(10)),
    await tus.patch(declared, 50, empty, { length: 60 }),
  ])
    expect(await refusalOf(response)).toMatchObject({ status: 403, code: 'session-finished' });
  expect(await app.storage.finishPending()).toEqual([]);
  expect(await folderState()).toBe(state);
  expect(await offsetOf(open)).toBe(60);
});

test('after the finish a recorded take answers its repeat with ?1, and takes nothing more', async () => {
  const { tus } = session;
  const location = await tus.begin();
  await tus.patch(location, 0, recording(100), { length: 100 });
  for (let question = 2; question <= 5; question++) await tus.send(recording(100), { question });
  expect((await finish()).status).toBe(200);
  const repeat = await tus.patch(location, 100, empty, { length: 100 });
  expect([repeat.status, repeat.headers.get('upload-complete')]).toEqual([204, '?1']);
  for (const response of [
    await tus.patch(location, 100, recording(5)),
    await tus.patch(location, 100, empty, { length: 105 }),
  ])
    expect(await refusalOf(response)).toMatchObject({ status: 403, code: 'session-finished' });
});

test('a multipart answer in flight at the finish is 409, and nothing of it is left', async () => {
  const answer = await openAnswer(recording(100_000));
  const state = await finishSession();
  await answer.rest();
  expect(await answer.status).toBe(409);
  answer.socket.destroy();
  expect(await folderState()).toBe(state);
  const stored = await app.storage.sessions.getByFolder(session.folder);
  expect(await app.storage.takes.list(stored?.id ?? '')).toHaveLength(5);
});

test('a PATCH in flight at the finish is 403, and never placed', async () => {
  const { tus } = session;
  const bytes = recording(100_000);
  const location = await tus.begin({ length: bytes.length });
  const live = await tus.openPatch(location, 0, bytes.length);
  await live.write(bytes.subarray(0, 50_000));
  await until(async () => (await offsetOf(location)) > 0);
  const state = await finishSession();
  await live.write(bytes.subarray(50_000));
  expect(await live.status).toBe(403);
  live.socket.destroy();
  // All of it is there, and a HEAD that said so would pass for success.
  expect((await tus.head(location)).status).toBe(403);
  expect(await app.storage.finishPending()).toEqual([]);
  expect(await folderState()).toBe(state);
});

test('a take that is whole when the session is finished is recorded first', async () => {
  const { tus } = session;
  for (let question = 2; question <= 5; question++) await tus.send(recording(100), { question });
  const location = await tus.begin();
  await tus.patch(location, 0, recording(100));
  // As after a crash between the declaration and the placing.
  await app.storage.store.declareUploadLength(location.split('/').at(-1) ?? '', 100);
  expect((await finish()).status).toBe(200);
  expect((await tus.head(location)).headers.get('upload-complete')).toBe('?1');
});

test('HEAD of a take that the end of the session records just now says so', async () => {
  const { tus } = session;
  const location = await tus.begin();
  await tus.patch(location, 0, recording(100));
  await app.storage.store.declareUploadLength(location.split('/').at(-1) ?? '', 100);
  const { sessions } = app.storage;
  const { get } = sessions;
  const looks = vi.spyOn(sessions, 'get');
  // The first look, right behind that for the take, tells whose the session is, the second one whether it is finished.
  looks.mockImplementationOnce(get).mockImplementationOnce(async (id) => {
    await app.storage.finishSession(id);
    return get(id);
  });
  const head = await tus.head(location);
  expect([head.status, head.headers.get('upload-complete')]).toEqual([200, '?1']);
});

test('a token revoked while an answer comes in: 401, nothing placed', async () => {
  const state = await folderState();
  const answer = await openAnswer(recording(100_000));
  await app.storage.tokens.revoke(session.tokenId, true);
  await answer.rest();
  expect(await answer.status).toBe(401);
  answer.socket.destroy();
  expect(await folderState()).toBe(state);
});

test('a token revoked while a PATCH arrives: 401, the bytes are kept, and once restored the upload continues', async () => {
  const { tus } = session;
  const bytes = recording(100_000);
  const location = await tus.begin({ length: bytes.length });
  const live = await tus.openPatch(location, 0, bytes.length);
  await live.write(bytes.subarray(0, 50_000));
  await until(async () => (await offsetOf(location)) > 0);
  await app.storage.tokens.revoke(session.tokenId, true);
  await live.write(bytes.subarray(50_000));
  expect(await live.status).toBe(401);
  live.socket.destroy();
  expect(await app.storage.finishPending()).toEqual([]);
  expect(await readdir(session.path)).toEqual(['meta.json']);
  await app.storage.tokens.revoke(session.tokenId, false);
  const offset = await offsetOf(location);
  expect(offset).toBeGreaterThanOrEqual(50_000);
  const last = await tus.patch(location, offset, bytes.subarray(offset));
  expect([last.status, last.headers.get('upload-complete')]).toEqual([204, '?1']);
  expect((await readFile(`${session.path}/Q1.webm`)).equals(bytes)).toBe(true);
});

test('a PATCH without an end is stopped within a few seconds of the revocation', async () => {
  const { tus } = session;
  const location = await tus.begin();
  await tus.patch(location, 0, recording(100));
  const live = await tus.openPatch(location, 100, 10_000_000);
  await live.write(recording(1_000));
  const file = `${app.dataDir}${location.replace('/files', '/uploads')}`;
  await until(async () => (await readFile(file)).length === 1_100);
  await app.storage.tokens.revoke(session.tokenId, true);
  const trickle = setInterval(() => void live.write(recording(1_000)).catch(() => {}), 50);
  const status = await live.status;
  clearInterval(trickle);
  live.socket.destroy();
  expect(status).toBe(401);
  await app.storage.tokens.revoke(session.tokenId, false);
  expect(await offsetOf(location)).toBeGreaterThan(1_100);
});
