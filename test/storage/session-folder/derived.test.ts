import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Job } from '../../../storage/types.ts';
import { openStorageSession, type StorageSession } from '../../support/server/open-session.ts';
import { recording } from '../../support/tus/tus.ts';

let opened: StorageSession;
beforeEach(async () => {
  opened = await openStorageSession();
});
afterEach(() => opened.close());

const ours = async () => true;

async function answer(question = 1): Promise<Job> {
  const id = await opened.whole(recording(300), question);
  await opened.storage.finish(id);
  const job = (await opened.storage.jobs.list()).find(({ takeId }) => takeId === id);
  if (!job) throw new Error('no job');
  return job;
}

/** Writes files to the job's own folder, as the job would. */
async function made(job: Job, files: Record<string, string>) {
  const folder = await opened.storage.derived.openWork(job, Number.POSITIVE_INFINITY);
  return Promise.all(
    Object.entries(files).map(async ([extension, text]) => {
      await writeFile(path.join(folder, `made.${extension}`), text);
      return { from: path.join(folder, `made.${extension}`), extension: extension as 'webm' };
    }),
  );
}

const words = (text: string) => JSON.stringify({ text });
const transcript = () => readFile(path.join(opened.folder, 'transcript.txt'), 'utf8');

test('a job’s files are stored in derived/ under the question’s name, and meta.json has the answer’s duration', async () => {
  const job = await answer(2);
  const files = await made(job, { webm: 'copy', jpg: 'poster' });
  const published = await opened.storage.derived.publish(job, files, { durationMs: 61_234, mediaProblem: null }, ours);
  expect(published).toBe(true);
  expect(await opened.files()).toEqual(['Q2.webm', 'derived/Q2.jpg', 'derived/Q2.webm', 'meta.json']);
  expect((await opened.meta()).files).toMatchObject([{ questionIndex: 2, durationMs: 61_234, mediaProblem: null }]);
  await opened.storage.derived.closeWork(job);
  expect(await readdir(path.join(opened.dataDir, 'work'))).toEqual([]);
});

test('a job publishes nothing when its lease is lost or its take no longer counts', async () => {
  const job = await answer();
  const files = await made(job, { webm: 'copy' });
  expect(await opened.storage.derived.publish(job, files, { durationMs: 1 }, async () => false)).toBe(false);
  await answer();
  expect(await opened.storage.derived.source(job)).toBeNull();
  expect(await opened.storage.derived.publish(job, files, { durationMs: 1 }, ours)).toBe(false);
  expect(await opened.files()).toEqual(['Q1.webm', 'meta.json', 'takes/Q1-1.webm']);
});

test('a newer take removes the files made from the earlier one, and its text from the transcript', async () => {
  const job = await answer();
  const other = await answer(2);
  const publish = async (of: Job, files: Record<string, string>) =>
    opened.storage.derived.publish(of, await made(of, files), {}, ours);
  await publish(job, { mp4: 'copy', vtt: 'WEBVTT', json: words('The first take.') });
  await publish(other, { json: words('The other answer.') });
  const again = await answer();
  expect((await opened.files()).filter((name) => name.startsWith('derived/'))).toEqual(['derived/Q2.json']);
  expect(await transcript()).not.toContain('The first take.');
  expect(await transcript()).toContain('The other answer.');
  await publish(again, { webm: 'copy' });
  await publish(again, { mp4: 'copy in another container' });
  expect((await opened.files()).filter((name) => name.startsWith('derived/Q1'))).toEqual(['derived/Q1.mp4']);
});

test('the transcript has all questions in their order, and says which have no text', async () => {
  const [second, first] = [await answer(2), await answer(1)];
  await opened.storage.derived.publish(second, await made(second, { json: words('Second.') }), {}, ours);
  const questions = opened.session.interview.questions.map(({ text }) => text);
  expect((await transcript()).split('\n').filter(Boolean).slice(0, 6)).toEqual([
    ...[
      `1. ${questions[0]}`,
      '(not transcribed)',
      `2. ${questions[1]}`,
      'Second.',
      `3. ${questions[2]}`,
      '(no answer)',
    ],
  ]);
  await opened.storage.derived.publish(first, await made(first, { json: words('') }), {}, ours);
  expect(await transcript()).toContain('(nothing was said)');
});

test('folders that jobs left before a crash are removed', async () => {
  const left = path.join(opened.dataDir, 'work', '17');
  await mkdir(left, { recursive: true });
  await writeFile(path.join(left, 'copy.webm'), 'half');
  await opened.storage.derived.clearWork();
  expect(await readdir(opened.dataDir)).not.toContain('work');
});
