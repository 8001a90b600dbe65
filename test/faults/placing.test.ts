/** Failures after the last byte has arrived, or in the catalog: 503 and a later success, never a lost or doubled answer. */
import { mkdir, readdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import BetterSqlite3 from 'better-sqlite3';
import { expect, test } from 'vitest';
import { useApp, useSession } from '../support/server/use-app.ts';
import { recording, refusalOf, reprDigest, until } from '../support/tus/tus.ts';

const app = useApp({ every: 'test' });
const session = useSession(app);

const empty = new Uint8Array();

/** Replaces the session folder by a file; the returned function restores the folder. */
async function blockFolder(): Promise<() => Promise<void>> {
  await rename(session.path, `${session.path}.away`);
  await writeFile(session.path, 'in the way');
  return async () => {
    await rm(session.path);
    await rename(`${session.path}.away`, session.path);
  };
}

async function expectPlaced(bytes: Uint8Array): Promise<void> {
  expect((await readFile(`${session.path}/Q1.webm`)).equals(bytes)).toBe(true);
  expect((await readdir(session.path)).sort()).toEqual(['Q1.webm', 'meta.json']);
  expect(JSON.parse(await readFile(`${session.path}/meta.json`, 'utf8')).files).toHaveLength(1);
}

test('placing fails once: 503, HEAD says ?0, and the next PATCH completes it (platform note 5)', async () => {
  const { tus } = session;
  const bytes = recording(10_000);
  const location = await tus.begin();
  await tus.patch(location, 0, bytes);
  const unblock = await blockFolder();
  const failed = await tus.patch(location, 10_000, empty, { length: 10_000 });
  expect(Number(failed.headers.get('retry-after'))).toBeGreaterThan(0);
  const refusal = await refusalOf(failed);
  expect(refusal).toMatchObject({ status: 503, code: 'unavailable' });
  expect(JSON.stringify(refusal)).not.toContain(app.dataDir);
  const head = await tus.head(location);
  expect(Object.fromEntries(head.headers)).toMatchObject({ 'upload-offset': '10000', 'upload-complete': '?0' });
  expect(head.headers.get('repr-digest')).toBeNull();
  await unblock();
  const again = await tus.patch(location, 10_000, empty, { length: 10_000 });
  expect([again.status, again.headers.get('repr-digest')]).toEqual([204, reprDigest(bytes)]);
  await expectPlaced(bytes);
});

test('without another request, the sweep completes it', async () => {
  const { tus } = session;
  const bytes = recording(10_000);
  const location = await tus.begin();
  await tus.patch(location, 0, bytes);
  const unblock = await blockFolder();
  await tus.patch(location, 10_000, empty, { length: 10_000 });
  expect(await app.storage.finishPending()).toHaveLength(1);
  await unblock();
  expect(await app.storage.finishPending()).toEqual([]);
  expect((await tus.head(location)).headers.get('repr-digest')).toBe(reprDigest(bytes));
  await expectPlaced(bytes);
});

test('a HEAD alone also starts it again', async () => {
  const { tus } = session;
  const bytes = recording(10_000);
  const location = await tus.begin();
  await tus.patch(location, 0, bytes);
  const unblock = await blockFolder();
  await tus.patch(location, 10_000, empty, { length: 10_000 });
  await unblock();
  await until(async () => (await tus.head(location)).headers.get('upload-complete') === '?1');
  await expectPlaced(bytes);
});

test('a multipart answer that can’t be placed is 503; sent again, it is stored once', async () => {
  const bytes = recording(10_000);
  const send = () => {
    const form = new FormData();
    const fields = { token: session.token, folder: session.folder, questionIndex: '1' };
    for (const [name, value] of Object.entries(fields)) form.append(name, value);
    form.append('video', new Blob([bytes]));
    return fetch(`${app.url}/api/upload-one`, { method: 'POST', body: form });
  };
  const unblock = await blockFolder();
  expect(await refusalOf(await send())).toMatchObject({ status: 503, code: 'unavailable' });
  await unblock();
  await app.storage.finishPending();
  expect(await (await send()).json()).toEqual({ ok: true, savedAs: 'Q1.webm' });
  await expectPlaced(bytes);
});

test('a session can’t be finished while an answer is whole but not placed', async () => {
  const { tus, token, folder } = session;
  for (let question = 2; question <= 5; question++) await tus.send(recording(100), { question });
  const location = await tus.begin();
  await tus.patch(location, 0, recording(100));
  const unblock = await blockFolder();
  await tus.patch(location, 100, empty, { length: 100 });
  const finish = () =>
    fetch(`${app.url}/api/session/finish`, {
      method: 'POST',
      body: JSON.stringify({ token, folder, questionsCount: 5 }),
    });
  expect(await refusalOf(await finish())).toMatchObject({ status: 409, missing: [1] });
  await unblock();
  await app.storage.finishPending();
  expect((await finish()).status).toBe(200);
});

test('a catalog that can’t be read is 503, never 404, and its content is back afterwards (platform note 2)', async () => {
  const { tus } = session;
  const location = await tus.begin();
  await tus.patch(location, 0, recording(100));
  const catalog = new BetterSqlite3(`${app.dataDir}/tresgo.db`);
  catalog.exec('alter table takes rename to takes_away');
  expect((await tus.head(location)).status).toBe(503);
  for (const response of [
    await tus.patch(location, 100, recording(10)),
    await tus.create(),
    await tus.remove(location),
  ])
    expect(await refusalOf(response)).toMatchObject({ status: 503, code: 'unavailable' });
  catalog.exec('alter table takes_away rename to takes');
  catalog.close();
  expect((await tus.head(location)).headers.get('upload-offset')).toBe('100');
  expect((await tus.patch(location, 100, recording(10))).status).toBe(204);
});

test('a file that lost acknowledged bytes is 503 on PATCH, and never complete', async () => {
  const { tus } = session;
  const location = await tus.begin();
  await tus.patch(location, 0, recording(1_000));
  const file = `${app.dataDir}${location.replace('/files', '/uploads')}`;
  await truncate(file, 10);
  expect(await refusalOf(await tus.patch(location, 1_000, recording(10)))).toMatchObject({ status: 503 });
  await rm(file);
  expect(await refusalOf(await tus.patch(location, 1_000, recording(10)))).toMatchObject({ status: 503 });
  expect(await refusalOf(await tus.patch(location, 1_000, empty, { length: 1_000 }))).toMatchObject({ status: 503 });
  expect(await readdir(session.path)).toEqual(['meta.json']);
});

test('an uploads folder that is gone is 503 on creation, and no incomplete take is left', async () => {
  const { tus } = session;
  await rename(`${app.dataDir}/uploads`, `${app.dataDir}/away`);
  expect(await refusalOf(await tus.create())).toMatchObject({ status: 503, code: 'unavailable' });
  await mkdir(`${app.dataDir}/uploads`);
  expect(await app.storage.takes.listByState(['receiving'])).toEqual([]);
  expect((await tus.create()).status).toBe(201);
});
