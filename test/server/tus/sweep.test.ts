/** Uploads that were given up: their bytes move to takes/ after a week without one, and come back when they are wanted. */
import { access, appendFile, mkdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { DateTime } from 'luxon';
import { beforeEach, expect, test } from 'vitest';
import { useApp, useSession } from '../../support/server/use-app.ts';
import { recording, reprDigest, until } from '../../support/tus/tus.ts';

let now = DateTime.now();
beforeEach(() => {
  now = DateTime.now();
});
const app = useApp({ every: 'test', now: () => now });
const session = useSession(app);

const empty = new Uint8Array();
const inFolder = (name: string) => readFile(`${session.path}/${name}`);
const meta = async () => JSON.parse(await readFile(`${session.path}/meta.json`, 'utf8'));
const exists = (file: string) =>
  access(file).then(
    () => true,
    () => false,
  );
const uploadFile = (location: string) => `${app.dataDir}${location.replace('/files', '/uploads')}`;
const idOf = (location: string) => location.split('/').at(-1);
const later = (days: number) => {
  now = now.plus({ days });
};

test('after a week without a byte, what was acknowledged is in takes/, byte for byte, and meta.json names it', async () => {
  const bytes = recording(5_000);
  const location = await session.tus.begin({ question: 3 });
  await session.tus.patch(location, 0, bytes);
  later(6.9);
  expect(await app.storage.sweepAbandoned()).toEqual({ swept: [], failed: [] });
  later(0.2);
  expect(await app.storage.sweepAbandoned()).toEqual({ swept: [idOf(location)], failed: [] });
  expect((await inFolder('takes/Q3-1.partial.webm')).equals(bytes)).toBe(true);
  expect(await exists(uploadFile(location))).toBe(false);
  expect((await meta()).takes).toMatchObject([{ questionIndex: 3, fileName: 'takes/Q3-1.partial.webm', bytes: 5_000 }]);
  expect(await app.storage.sweepAbandoned()).toEqual({ swept: [], failed: [] });
});

test('a client that returns continues its upload: HEAD gives the offset, a PATCH fetches the bytes back', async () => {
  const bytes = recording(9_000);
  const takeId = '3f0f8f4e-6f0a-4b0e-9c64-2f7c7b3f2a10';
  const location = await session.tus.begin({ takeId });
  await session.tus.patch(location, 0, bytes.subarray(0, 6_000));
  later(8);
  await app.storage.sweepAbandoned();
  expect((await session.tus.head(location)).headers.get('upload-offset')).toBe('6000');
  expect(await session.tus.begin({ takeId })).toBe(location);
  expect((await session.tus.patch(location, 6_000, bytes.subarray(6_000))).status).toBe(204);
  expect(await exists(`${session.path}/takes/Q1-1.partial.webm`)).toBe(false);
  const last = await session.tus.patch(location, 9_000, empty, { length: 9_000 });
  expect(last.headers.get('repr-digest')).toBe(reprDigest(bytes));
  expect((await inFolder('Q1.webm')).equals(bytes)).toBe(true);
  expect(await meta()).toMatchObject({ files: [{ bytes: 9_000 }], takes: [] });
});

test('an empty PATCH that declares the length is enough to come back', async () => {
  const bytes = recording(700);
  const location = await session.tus.begin();
  await session.tus.patch(location, 0, bytes);
  later(8);
  await app.storage.sweepAbandoned();
  const last = await session.tus.patch(location, 700, empty, { length: 700 });
  expect(last.headers.get('repr-digest')).toBe(reprDigest(bytes));
  expect((await inFolder('Q1.webm')).equals(bytes)).toBe(true);
});

test('a swept upload can be deleted, and its file is gone', async () => {
  const location = await session.tus.begin();
  await session.tus.patch(location, 0, recording(700));
  later(8);
  await app.storage.sweepAbandoned();
  expect((await session.tus.remove(location)).status).toBe(204);
  expect(await exists(`${session.path}/takes/Q1-1.partial.webm`)).toBe(false);
  expect((await session.tus.head(location)).status).toBe(404);
});

test('never finished ones, nor one that a byte reaches at this moment, though the clock says a week has passed', async () => {
  const done = recording(300);
  await session.tus.send(done);
  const location = await session.tus.begin({ question: 2 });
  const bytes = recording(50_000);
  const live = await session.tus.openPatch(location, 0, 50_000);
  await live.write(bytes.subarray(0, 20_000));
  await until(async () => (await readFile(uploadFile(location))).length === 20_000);
  later(30);
  expect(await app.storage.sweepAbandoned()).toEqual({ swept: [], failed: [] });
  await live.write(bytes.subarray(20_000));
  expect(await live.status).toBe(204);
  live.socket.destroy();
  expect((await inFolder('Q1.webm')).equals(done)).toBe(true);
  expect((await session.tus.head(location)).headers.get('upload-offset')).toBe('50000');
});

test('one without a byte is just gone; what a finished session left behind is kept', async () => {
  const bare = await session.tus.begin();
  for (let question = 1; question <= 5; question++) await session.tus.send(recording(100), { question });
  const bytes = recording(400);
  const left = await session.tus.begin({ question: 2 });
  await session.tus.patch(left, 0, bytes);
  const finished = await fetch(`${app.url}/api/session/finish`, {
    method: 'POST',
    body: JSON.stringify({ token: session.token, folder: session.folder, questionsCount: 5 }),
  });
  expect(finished.status).toBe(200);
  later(8);
  expect((await app.storage.sweepAbandoned()).swept.sort()).toEqual([idOf(bare), idOf(left)].sort());
  expect((await session.tus.head(bare)).status).toBe(404);
  expect((await inFolder('takes/Q2-2.partial.webm')).equals(bytes)).toBe(true);
  expect((await meta()).files).toHaveLength(5);
});

test.each(['before', 'after'])('a crash just %s the move is repaired at the next start', async (when) => {
  const bytes = recording(800);
  const location = await session.tus.begin();
  await session.tus.patch(location, 0, bytes);
  // What the catalog says first; then the file is moved.
  await app.storage.takes.update(idOf(location) as string, { fileName: 'takes/Q1-1.partial.webm' });
  if (when === 'after') {
    await mkdir(`${session.path}/takes`);
    await rename(uploadFile(location), `${session.path}/takes/Q1-1.partial.webm`);
  }
  expect(await app.storage.recover()).toEqual({ unfinished: [], damaged: [] });
  expect((await inFolder('takes/Q1-1.partial.webm')).equals(bytes)).toBe(true);
  const last = await session.tus.patch(location, 800, empty, { length: 800 });
  expect(last.headers.get('repr-digest')).toBe(reprDigest(bytes));
});

test('at the start a longer file is cut back, a shorter or missing one is an alarm', async () => {
  const whole = recording(1_000);
  const [longer, shorter, missing] = await Promise.all([1, 2, 3].map((question) => session.tus.begin({ question })));
  for (const location of [longer, shorter, missing]) await session.tus.patch(location as string, 0, whole);
  await appendFile(uploadFile(longer as string), 'never acknowledged');
  await truncate(uploadFile(shorter as string), 999);
  await rm(uploadFile(missing as string));
  const { damaged } = await app.storage.recover();
  expect(damaged.map(({ id }) => id).sort()).toEqual([idOf(shorter as string), idOf(missing as string)].sort());
  for (const { cause } of damaged) expect(cause).toMatchObject({ code: 'upload-damaged' });
  expect((await readFile(uploadFile(longer as string))).equals(whole)).toBe(true);
  // The catalog keeps the acknowledged offset: no response gives a smaller one as if no bytes had been lost.
  expect((await session.tus.head(shorter as string)).headers.get('upload-offset')).toBe('1000');
  expect((await session.tus.patch(shorter as string, 1_000, recording(5))).status).toBe(503);
});

test('a creation that failed and came back with a crash has its file again', async () => {
  const location = await session.tus.begin();
  await rm(uploadFile(location));
  expect(await app.storage.recover()).toEqual({ unfinished: [], damaged: [] });
  expect((await session.tus.patch(location, 0, recording(10))).status).toBe(204);
});

test('bytes that can’t be fetched back are 503 for now, and nothing stays locked', async () => {
  const bytes = recording(900);
  const location = await session.tus.begin();
  await session.tus.patch(location, 0, bytes.subarray(0, 500));
  later(8);
  await app.storage.sweepAbandoned();
  await rename(`${session.path}/takes`, `${session.path}/away`);
  for (const response of [
    await session.tus.remove(location),
    await session.tus.patch(location, 500, bytes.subarray(500)),
  ])
    expect(response.status).toBe(503);
  await rename(`${session.path}/away`, `${session.path}/takes`);
  expect((await session.tus.patch(location, 500, bytes.subarray(500))).status).toBe(204);
});

test('a sweep that an error broke off is ended by the next one', async () => {
  const bytes = recording(900);
  const location = await session.tus.begin({ question: 3 });
  await session.tus.patch(location, 0, bytes);
  later(8);
  await writeFile(`${session.path}/takes`, 'in the way');
  expect((await app.storage.sweepAbandoned()).failed).toHaveLength(1);
  await rm(`${session.path}/takes`);
  expect(await app.storage.sweepAbandoned()).toEqual({ swept: [idOf(location)], failed: [] });
  expect((await inFolder('takes/Q3-1.partial.webm')).equals(bytes)).toBe(true);
});

test('what was swept does not count as unfinished', async () => {
  const locations = await Promise.all(Array.from({ length: 64 }, () => session.tus.begin()));
  for (const location of locations) await session.tus.patch(location, 0, recording(20));
  expect((await session.tus.create()).status).toBe(429);
  later(8);
  expect((await app.storage.sweepAbandoned()).swept).toHaveLength(64);
  expect((await session.tus.create()).status).toBe(201);
});
