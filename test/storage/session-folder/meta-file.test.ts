import { readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { DateTime } from 'luxon';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openStorageSession, type StorageSession } from '../../support/server/open-session.ts';
import { recording } from '../../support/tus/tus.ts';

let now = DateTime.fromISO('2025-12-03T06:39:00Z');
let opened: StorageSession;
beforeEach(async () => {
  now = DateTime.fromISO('2025-12-03T06:39:00Z');
  opened = await openStorageSession({ name: 'Nguyễn Văn A', now: () => now });
});
afterEach(() => opened.close());

test('the meta.json of a new session has the original’s keys, with times in Bangkok’s zone', async () => {
  expect(path.basename(opened.folder)).toBe('03_12_2025_13_39_nguyen_van_a');
  expect(await opened.meta()).toEqual({
    userName: 'Nguyễn Văn A',
    tokenOwner: 'Nguyễn Văn A',
    startTime: '2025-12-03T13:39:00.000+07:00',
    status: 'started',
    totalQuestions: 5,
    endTime: null,
    files: [],
    takes: [],
  });
});

test('an answer is listed with the original’s keys and ours', async () => {
  const bytes = recording(126_413);
  now = now.plus({ minutes: 2 });
  const id = await opened.whole(bytes, 3);
  await opened.storage.finish(id);
  expect((await opened.meta()).files).toEqual([
    {
      questionIndex: 3,
      fileName: 'Q3.webm',
      fileSize: '123.45 KB',
      uploadedAt: '2025-12-03T13:41:00.000+07:00',
      bytes: 126_413,
      sha256: (await opened.get(id)).sha256,
      mimeType: 'video/webm',
      durationMs: null,
      mediaProblem: null,
    },
  ]);
});

test('answers are listed in the order of the questions, not of their arrival', async () => {
  for (const question of [5, 2, 4]) await opened.storage.finish(await opened.whole(recording(100), question));
  expect((await opened.meta()).files.map((file) => file.fileName)).toEqual(['Q2.webm', 'Q4.webm', 'Q5.webm']);
});

test('the end is written once; a second finish does not change it', async () => {
  now = now.plus({ minutes: 20 });
  await opened.storage.finishSession(opened.session.id);
  const first = await opened.meta();
  expect(first).toMatchObject({ status: 'finished', endTime: '2025-12-03T13:59:00.000+07:00' });
  now = now.plus({ minutes: 5 });
  await opened.storage.finishSession(opened.session.id);
  expect(await opened.meta()).toEqual(first);
});

test('meta.json is replaced, never written in place, so that a reader always sees one whole document', async () => {
  const file = path.join(opened.folder, 'meta.json');
  const before = await stat(file);
  let reading = true;
  let reads = 0;
  const reader = (async () => {
    while (reading) {
      JSON.parse(await readFile(file, 'utf8'));
      reads += 1;
    }
  })();
  for (let question = 1; question <= 5; question++)
    await opened.storage.finish(await opened.whole(recording(2_000), question));
  reading = false;
  await reader;
  expect(reads).toBeGreaterThan(5);
  expect((await stat(file)).ino).not.toBe(before.ino);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect(await opened.files()).toEqual(['Q1.webm', 'Q2.webm', 'Q3.webm', 'Q4.webm', 'Q5.webm', 'meta.json']);
});

test('a partial document that a crash left is replaced by the next one', async () => {
  await writeFile(path.join(opened.folder, '.meta.json.new'), '{"userName": "Ng');
  await opened.storage.finish(await opened.whole(recording(100)));
  expect((await opened.meta()).files).toHaveLength(1);
  expect(await opened.files()).toEqual(['Q1.webm', 'meta.json']);
});

test('a resumed session gets its lost meta.json again', async () => {
  const file = path.join(opened.folder, 'meta.json');
  await writeFile(file, '');
  const token = (await opened.storage.tokens.list())[0];
  const interview = opened.session.interview;
  if (!token) throw new Error('no token');
  const again = await opened.storage.startSession(token, { userName: 'x', interview, mayCreate: true });
  expect(again).toMatchObject({ resumed: true });
  expect((await opened.meta()).userName).toBe('Nguyễn Văn A');
});
