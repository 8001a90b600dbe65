/** What fails after the last byte came, or in the catalog: 503 and a later success, never a lost or a doubled answer. */
import { mkdir, readdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import BetterSqlite3 from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openApp, type TestApp } from '../support/server.ts';
import { openSitting, recording, refusalOf, reprDigest, type Sitting, until } from '../support/tus.ts';

let app: TestApp;
let sitting: Sitting;
beforeEach(async () => {
  app = await openApp();
  sitting = await openSitting(app, 'Anna');
});
afterEach(() => app.close());

const empty = new Uint8Array();

/** Puts a file where the session folder is; the returned function puts the folder back. */
async function blockFolder(): Promise<() => Promise<void>> {
  await rename(sitting.path, `${sitting.path}.away`);
  await writeFile(sitting.path, 'in the way');
  return async () => {
    await rm(sitting.path);
    await rename(`${sitting.path}.away`, sitting.path);
  };
}

async function expectPlaced(bytes: Uint8Array): Promise<void> {
  expect((await readFile(`${sitting.path}/Q1.webm`)).equals(bytes)).toBe(true);
  expect((await readdir(sitting.path)).sort()).toEqual(['Q1.webm', 'meta.json']);
  expect(JSON.parse(await readFile(`${sitting.path}/meta.json`, 'utf8')).files).toHaveLength(1);
}

test('placing fails once: 503, HEAD says ?0, and the next PATCH completes it (field note 5)', async () => {
  const { tus } = sitting;
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

test('nobody asks again: the sweep completes it', async () => {
  const { tus } = sitting;
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

test('a HEAD alone sets it going again, too', async () => {
  const { tus } = sitting;
  const bytes = recording(10_000);
  const location = await tus.begin();
  await tus.patch(location, 0, bytes);
  const unblock = await blockFolder();
  await tus.patch(location, 10_000, empty, { length: 10_000 });
  await unblock();
  await until(async () => (await tus.head(location)).headers.get('upload-complete') === '?1');
  await expectPlaced(bytes);
});

test('a multipart answer that can’t be placed is 503; sent again it is one answer', async () => {
  const bytes = recording(10_000);
  const send = () => {
    const form = new FormData();
    const fields = { token: sitting.token, folder: sitting.folder, questionIndex: '1' };
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
  const { tus, token, folder } = sitting;
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

test('a catalog that can’t be read is 503, never 404, and what was there is there again after (field note 2)', async () => {
  const { tus } = sitting;
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
  const { tus } = sitting;
  const location = await tus.begin();
  await tus.patch(location, 0, recording(1_000));
  const file = `${app.dataDir}${location.replace('/files', '/uploads')}`;
  await truncate(file, 10);
  expect(await refusalOf(await tus.patch(location, 1_000, recording(10)))).toMatchObject({ status: 503 });
  await rm(file);
  expect(await refusalOf(await tus.patch(location, 1_000, recording(10)))).toMatchObject({ status: 503 });
  expect(await refusalOf(await tus.patch(location, 1_000, empty, { length: 1_000 }))).toMatchObject({ status: 503 });
  expect(await readdir(sitting.path)).toEqual(['meta.json']);
});

test('an uploads folder that is gone is 503 on creation, and no half-made take is left', async () => {
  const { tus } = sitting;
  await rename(`${app.dataDir}/uploads`, `${app.dataDir}/away`);
  expect(await refusalOf(await tus.create())).toMatchObject({ status: 503, code: 'unavailable' });
  await mkdir(`${app.dataDir}/uploads`);
  expect(await app.storage.takes.listByState(['receiving'])).toEqual([]);
  expect((await tus.create()).status).toBe(201);
});
