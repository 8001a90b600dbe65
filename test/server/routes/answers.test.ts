/** The multipart way in: `POST /api/upload-one`. */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { sampleVideo } from '../../support/media/media.ts';
import { openAppInTest, useApp, useSession } from '../../support/server/use-app.ts';
import { openRequest } from '../../support/tus/raw-connection.ts';
import { openSession, recording, refusalOf, until } from '../../support/tus/tus.ts';

const MAX_BYTES = 3_000_000;

const app = useApp({ config: { maxAnswerBytes: MAX_BYTES } });
const session = useSession(app);

type Part = [name: string, value: string | Blob, fileName?: string];

function send(parts: Part[]): Promise<Response> {
  const form = new FormData();
  for (const [name, value, fileName] of parts)
    if (typeof value === 'string') form.append(name, value);
    else form.append(name, value, fileName ?? 'Q.webm');
  return fetch(`${app.url}/api/upload-one`, { method: 'POST', body: form });
}

const fields = (question: string | number = 1): Part[] => [
  ['token', session.token],
  ['folder', session.folder],
  ['questionIndex', String(question)],
];
const video = (bytes: Uint8Array<ArrayBuffer>, type = 'video/webm'): Part => ['video', new Blob([bytes], { type })];
const answer = (bytes: Uint8Array<ArrayBuffer>, question: string | number = 1) =>
  send([...fields(question), video(bytes)]);
const meta = async () => JSON.parse(await readFile(`${session.path}/meta.json`, 'utf8'));
const uploads = () => readdir(`${app.dataDir}/uploads`);

test('an answer lands byte for byte, with its digest in meta.json', async () => {
  const bytes = new Uint8Array(await readFile(await sampleVideo({ seconds: 1, format: 'webm' })));
  const response = await answer(bytes, 3);
  expect([response.status, await response.json()]).toEqual([200, { ok: true, savedAs: 'Q3.webm' }]);
  expect((await readFile(`${session.path}/Q3.webm`)).equals(bytes)).toBe(true);
  expect((await meta()).files).toMatchObject([
    {
      questionIndex: 3,
      fileName: 'Q3.webm',
      sha256: createHash('sha256').update(bytes).digest('hex'),
      mimeType: 'video/webm',
    },
  ]);
  expect(await uploads()).toEqual([]);
});

test('equal bytes are 200 and change nothing', async () => {
  const bytes = recording(10_000);
  await answer(bytes);
  const before = await readFile(`${session.path}/meta.json`, 'utf8');
  const again = await answer(bytes);
  expect([again.status, await again.json()]).toEqual([200, { ok: true, savedAs: 'Q1.webm' }]);
  expect(await readFile(`${session.path}/meta.json`, 'utf8')).toBe(before);
  expect(await readdir(session.path)).toEqual(['Q1.webm', 'meta.json']);
  expect(await uploads()).toEqual([]);
});

test('equal to what came by tus is equal, too', async () => {
  const bytes = recording(10_000);
  await session.tus.send(bytes);
  expect((await answer(bytes)).status).toBe(200);
  expect(await readdir(session.path)).toEqual(['Q1.webm', 'meta.json']);
});

test('other bytes are a new take that counts; the old one goes to takes/', async () => {
  const [first, second] = [recording(10_000), recording(10_000)];
  await answer(first);
  expect(await (await answer(second)).json()).toEqual({ ok: true, savedAs: 'Q1.webm' });
  expect((await readFile(`${session.path}/Q1.webm`)).equals(second)).toBe(true);
  expect((await readFile(`${session.path}/takes/Q1-1.webm`)).equals(first)).toBe(true);
  expect((await meta()).files).toHaveLength(1);
});

test('the first bytes decide, whatever the label says', async () => {
  const webm = send([...fields(1), ['video', new Blob([recording(100)], { type: 'text/plain' }), 'notes.txt']]);
  expect(await (await webm).json()).toEqual({ ok: true, savedAs: 'Q1.webm' });
  const mp4 = new Uint8Array(await readFile(await sampleVideo({ seconds: 1, format: 'mp4' })));
  expect(await (await answer(mp4, 2)).json()).toEqual({ ok: true, savedAs: 'Q2.mp4' });
});

test.each([
  ['a text', 'This is no recording.'],
  ['nothing', ''],
  ['four bytes', '\u001a\u0045\u00df\u00a2'],
])('%s sent as video is 415, and nothing is placed', async (_, text) => {
  const response = await answer(new Uint8Array(Buffer.from(text, 'latin1')));
  expect(await refusalOf(response)).toMatchObject({ status: 415, code: 'not-a-recording' });
  expect(await readdir(session.path)).toEqual(['meta.json']);
  expect(await uploads()).toEqual([]);
});

test('fields that come after the video are 400, and count as no failed log-in', async () => {
  for (let time = 0; time < 35; time++) {
    const response = await send([video(recording(1_000)), ...fields()]);
    expect(await refusalOf(response)).toMatchObject({ status: 400, code: 'invalid-multipart' });
  }
  const split = await send([
    ['token', session.token],
    ['folder', session.folder],
    video(recording(9)),
    ['questionIndex', '1'],
  ]);
  expect(await refusalOf(split)).toMatchObject({ status: 400, code: 'invalid-multipart' });
  expect(await uploads()).toEqual([]);
});

test('a form without a video, or with it as text, is 400', async () => {
  for (const parts of [
    fields(),
    [...fields(), ['video', 'text'] as Part],
    [...fields(), ['file', new Blob(['x'])] as Part],
  ])
    expect(await refusalOf(await send(parts))).toMatchObject({ status: 400, code: 'invalid-multipart' });
});

test.each([
  ['application/json', '{}'],
  ['multipart/form-data', '--x--'],
  ['multipart/form-data; boundary=', 'x'],
  ['multipart/form-data; boundary=x', 'no boundary at all'],
  ['multipart/form-data; boundary=x', ''],
])('a body of %s that can’t be read is 400: %j', async (type, body) => {
  const response = await fetch(`${app.url}/api/upload-one`, {
    method: 'POST',
    headers: { 'Content-Type': type },
    body,
  });
  expect(await refusalOf(response)).toMatchObject({ status: 400, code: 'invalid-multipart' });
});

test('who asks, for what: 401, 404, 400', async () => {
  const other = await openSession(app, 'Other');
  const body = video(recording(100));
  const as = (token: string, folder: string, question: string) =>
    send([['token', token], ['folder', folder], ['questionIndex', question], body]);
  expect(await refusalOf(await as('unknown', session.folder, '1'))).toMatchObject({
    status: 401,
    code: 'unauthorized',
  });
  for (const folder of [other.folder, '../..', 'nothing'])
    expect(await refusalOf(await as(session.token, folder, '1'))).toMatchObject({
      status: 404,
      code: 'session-not-found',
    });
  for (const question of ['0', '6', '-1', '1e9', '', 'one'])
    expect(await refusalOf(await as(session.token, session.folder, question))).toMatchObject({
      status: 400,
      code: 'invalid-question',
    });
  expect(await readdir(other.path)).toEqual(['meta.json']);
  expect(await uploads()).toEqual([]);
});

test('over the limit is 413 that the sender gets to read, and nothing is left', async () => {
  for (const size of [MAX_BYTES + 1, 2 * MAX_BYTES]) {
    const response = await answer(recording(size));
    expect(await refusalOf(response)).toMatchObject({ status: 413, code: 'answer-too-large' });
  }
  expect(await uploads()).toEqual([]);
  expect((await answer(recording(MAX_BYTES))).status).toBe(200);
});

test('after the session’s finish an answer is 409', async () => {
  for (let question = 1; question <= 5; question++) await answer(recording(100), question);
  const body = JSON.stringify({ token: session.token, folder: session.folder, questionsCount: 5 });
  expect((await fetch(`${app.url}/api/session/finish`, { method: 'POST', body })).status).toBe(200);
  expect(await refusalOf(await answer(recording(100)))).toMatchObject({ status: 409, code: 'session-finished' });
});

/** The form's bytes up to the video's first ones; the rest is yours. */
async function openForm(parts: Part[], contentLength: number) {
  const head = parts.map(
    ([name, value]) => `--x\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  );
  const file =
    '--x\r\nContent-Disposition: form-data; name="video"; filename="a.webm"\r\nContent-Type: video/webm\r\n\r\n';
  const request = await openRequest(app.url, [
    'POST /api/upload-one HTTP/1.1',
    'Content-Type: multipart/form-data; boundary=x',
    `Content-Length: ${contentLength}`,
  ]);
  await request.write(Buffer.from(head.join('') + file));
  return request;
}

test.each(['end', 'resetAndDestroy'] as const)('a form that is cut in the middle leaves nothing (%s)', async (how) => {
  const request = await openForm(fields(), 1_000_000);
  await request.write(recording(300_000));
  await until(async () => (await uploads()).length === 1);
  request.socket[how]();
  const entry = await app.storage.sessions.getByFolder(session.folder);
  // The file comes before its entry, and goes before it.
  await until(async () => (await uploads()).length === 0);
  await until(async () => (await app.storage.takes.list(entry?.id ?? '')).length === 0);
  expect(await readdir(session.path)).toEqual(['meta.json']);
});

test('a form that is cut while its sender is still being asked who it is ends nothing but itself', async () => {
  const cut = async (at: number) => {
    const request = await openForm(fields(), 1_000_000);
    await request.write(recording(100));
    await new Promise((resolve) => setTimeout(resolve, at % 4));
    if (at % 2) request.socket.resetAndDestroy();
    else request.socket.end();
  };
  await Promise.all(Array.from({ length: 40 }, (_, at) => cut(at)));
  await until(async () => (await uploads()).length === 0);
  expect((await answer(recording(100))).status).toBe(200);
});

test('a form that falls silent is given up, and nothing is left', async () => {
  const quick = await openAppInTest({ idleMs: 300 });
  const candidate = await openSession(quick, 'Silent');
  const head = Object.entries({ token: candidate.token, folder: candidate.folder, questionIndex: '1' })
    .map(([name, value]) => `--x\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`)
    .join('');
  const request = await openRequest(quick.url, [
    'POST /api/upload-one HTTP/1.1',
    'Content-Type: multipart/form-data; boundary=x',
    'Content-Length: 1000000',
  ]);
  const file = '--x\r\nContent-Disposition: form-data; name="video"; filename="a"\r\n\r\n';
  await request.write(Buffer.concat([Buffer.from(head + file), recording(1_000)]));
  await until(async () => (await readdir(`${quick.dataDir}/uploads`)).length === 1);
  await until(async () => (await readdir(`${quick.dataDir}/uploads`)).length === 0);
  request.socket.destroy();
});

test('no room on the disk is 507, and nothing is left', async () => {
  const full = await openAppInTest({ config: { minFreeBytes: 1e15 } });
  const { token, folder } = await openSession(full, 'Anna');
  const form = new FormData();
  for (const [name, value] of Object.entries({ token, folder, questionIndex: '1' })) form.append(name, value);
  form.append('video', new Blob([recording(100)]));
  const response = await fetch(`${full.url}/api/upload-one`, { method: 'POST', body: form });
  expect(await refusalOf(response)).toMatchObject({ status: 507, code: 'disk-full' });
  expect(await readdir(`${full.dataDir}/uploads`)).toEqual([]);
});
