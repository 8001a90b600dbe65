/** Files that somebody removed or broke by hand: the candidate goes on, and what is gone is asked for again. */
import { randomUUID } from 'node:crypto';
import { readdir, readFile, rename, rm, stat, truncate } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { useApp, useSession } from '../../support/server/use-app.ts';
import { recording, refusalOf, reprDigest, until } from '../../support/tus/tus.ts';

const app = useApp();
const session = useSession(app, 'Anna Parker');

const post = (path: string, body: object) =>
  fetch(`${app.url}/api/session/${path}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ token: session.token, ...body }),
  });
const start = () => post('start', { userName: 'Anna Parker' });
const answered = async () => ((await (await start()).json()) as { answered: number[] }).answered;
const finish = () => post('finish', { folder: session.folder, questionsCount: 5 });
const meta = async () => JSON.parse(await readFile(`${session.path}/meta.json`, 'utf8'));
const fileOf = (location: string) => `${app.dataDir}${location.replace('/files', '/uploads')}`;

function answer(question: number, bytes: Uint8Array<ArrayBuffer>): Promise<Response> {
  const form = new FormData();
  const fields = { token: session.token, folder: session.folder, questionIndex: String(question) };
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  form.append('video', new Blob([bytes]));
  return fetch(`${app.url}/api/upload-one`, { method: 'POST', body: form });
}

test('the folder of an unfinished session is made again, and answers that are gone are asked for again', async () => {
  const { tus } = session;
  const bytes = recording(900);
  await tus.send(bytes, { question: 1 });
  await answer(2, bytes);
  const open = await tus.begin({ question: 3 });
  await tus.patch(open, 0, bytes);
  await rm(session.path, { recursive: true });
  expect(await answered()).toEqual([]);
  expect((await stat(session.path)).mode & 0o777).toBe(0o700);
  expect(await meta()).toMatchObject({ status: 'started', files: [] });
  await rm(session.path, { recursive: true });
  // The bytes of an upload are stored elsewhere: its last PATCH needs nothing again.
  expect((await tus.patch(open, 900, new Uint8Array(), { length: 900 })).headers.get('upload-complete')).toBe('?1');
  expect(await refusalOf(await finish())).toMatchObject({ status: 409, missing: [1, 2, 4, 5] });
  // The same bytes again are no repeat of an answer that is there.
  for (const question of [1, 2]) expect((await answer(question, bytes)).status).toBe(200);
  for (const question of [4, 5]) await tus.send(bytes, { question });
  expect(await answered()).toEqual([1, 2, 3, 4, 5]);
  expect((await finish()).status).toBe(200);
  expect((await readdir(session.path)).sort()).toEqual([
    'Q1.webm',
    'Q2.webm',
    'Q3.webm',
    'Q4.webm',
    'Q5.webm',
    'meta.json',
  ]);
  expect((await meta()).files).toHaveLength(5);
});

test('an answer whose file is gone is not confirmed again, and another take of the question is taken', async () => {
  const { tus } = session;
  const takeId = randomUUID();
  const bytes = recording(500);
  await tus.send(bytes, { takeId });
  const location = await tus.begin({ takeId });
  await rename(`${session.path}/Q1.webm`, `${session.path}/away`);
  const head = await tus.head(location);
  expect([head.status, head.headers.get('upload-complete')]).toEqual([503, null]);
  for (const response of [
    await tus.create({ takeId }),
    await tus.patch(location, 500, new Uint8Array(), { length: 500 }),
  ])
    expect(await refusalOf(response)).toMatchObject({ status: 503, code: 'upload-damaged' });
  expect(await answered()).toEqual([]);
  // It was another disk that was not there: nothing was given up.
  await rename(`${session.path}/away`, `${session.path}/Q1.webm`);
  expect((await tus.head(location)).headers.get('upload-complete')).toBe('?1');
  expect(await answered()).toEqual([1]);
  await rm(`${session.path}/Q1.webm`);
  expect((await tus.send(bytes)).headers.get('repr-digest')).toBe(reprDigest(bytes));
  expect(await answered()).toEqual([1]);
});

test('a damaged upload does not stand in the way: another take is placed, the session finishes, and the file stays', async () => {
  const { tus } = session;
  const damaged = await tus.begin({ length: 1_000 });
  await tus.patch(damaged, 0, recording(600));
  const whole = await tus.begin({ length: 600 });
  const release = await app.storage.locks.acquire(
    `session:${(await app.storage.sessions.getByFolder(session.folder))?.id}`,
  );
  const last = tus.patch(whole, 0, recording(600));
  await until(async () => (await tus.head(whole)).headers.get('upload-offset') === '600');
  for (const location of [damaged, whole]) await truncate(fileOf(location), 300);
  release?.();
  expect(await refusalOf(await last)).toMatchObject({ status: 503, code: 'upload-damaged' });
  expect(await refusalOf(await tus.patch(damaged, 600, recording(400)))).toMatchObject({ code: 'upload-damaged' });
  for (let question = 1; question <= 5; question++) await tus.send(recording(700), { question });
  expect((await finish()).status).toBe(200);
  for (const location of [damaged, whole]) expect((await stat(fileOf(location))).size).toBe(300);
});

test('the repeated finish of a session whose folder was removed is 200, and makes no folder', async () => {
  for (let question = 1; question <= 5; question++) await session.tus.send(recording(100), { question });
  expect((await finish()).status).toBe(200);
  await rm(session.path, { recursive: true });
  expect((await finish()).status).toBe(200);
  expect((await app.storage.recover()).unfinished).toEqual([]);
  expect(await readdir(`${app.dataDir}/sessions`)).not.toContain(session.folder);
});
