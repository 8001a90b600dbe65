import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Job } from '../../storage/types.ts';
import { recording } from '../support/tus.ts';
import { openStorageSitting, type StorageSitting } from './open-sitting.ts';

let sitting: StorageSitting;
beforeEach(async () => {
  sitting = await openStorageSitting();
});
afterEach(() => sitting.close());

const ours = async () => true;

async function answer(question = 1): Promise<Job> {
  const id = await sitting.whole(recording(300), question);
  await sitting.storage.finish(id);
  const job = (await sitting.storage.jobs.list()).find(({ takeId }) => takeId === id);
  if (!job) throw new Error('no job');
  return job;
}

/** Files in the job's own folder, as its work would leave them. */
async function made(job: Job, files: Record<string, string>) {
  const folder = await sitting.storage.derived.openWork(job, Number.POSITIVE_INFINITY);
  return Promise.all(
    Object.entries(files).map(async ([extension, text]) => {
      await writeFile(path.join(folder, `made.${extension}`), text);
      return { from: path.join(folder, `made.${extension}`), extension: extension as 'webm' };
    }),
  );
}

const words = (text: string) => JSON.stringify({ text });
const transcript = () => readFile(path.join(sitting.folder, 'transcript.txt'), 'utf8');

test('what a job made lies in derived/ under the question’s name, and meta.json tells how long the answer is', async () => {
  const job = await answer(2);
  const files = await made(job, { webm: 'copy', jpg: 'poster' });
  const published = await sitting.storage.derived.publish(job, files, { durationMs: 61_234, mediaProblem: null }, ours);
  expect(published).toBe(true);
  expect(await sitting.files()).toEqual(['Q2.webm', 'derived/Q2.jpg', 'derived/Q2.webm', 'meta.json']);
  expect((await sitting.meta()).files).toMatchObject([{ questionIndex: 2, durationMs: 61_234, mediaProblem: null }]);
  await sitting.storage.derived.closeWork(job);
  expect(await readdir(path.join(sitting.dataDir, 'work'))).toEqual([]);
});

test('a lease that is gone, and a take that no longer counts, publish nothing', async () => {
  const job = await answer();
  const files = await made(job, { webm: 'copy' });
  expect(await sitting.storage.derived.publish(job, files, { durationMs: 1 }, async () => false)).toBe(false);
  await answer();
  expect(await sitting.storage.derived.source(job)).toBeNull();
  expect(await sitting.storage.derived.publish(job, files, { durationMs: 1 }, ours)).toBe(false);
  expect(await sitting.files()).toEqual(['Q1.webm', 'meta.json', 'takes/Q1-1.webm']);
});

test('a newer take takes away what was made of the one before, its words too', async () => {
  const job = await answer();
  const other = await answer(2);
  const publish = async (of: Job, files: Record<string, string>) =>
    sitting.storage.derived.publish(of, await made(of, files), {}, ours);
  await publish(job, { mp4: 'copy', vtt: 'WEBVTT', json: words('The first take.') });
  await publish(other, { json: words('The other answer.') });
  const again = await answer();
  expect((await sitting.files()).filter((name) => name.startsWith('derived/'))).toEqual(['derived/Q2.json']);
  expect(await transcript()).not.toContain('The first take.');
  expect(await transcript()).toContain('The other answer.');
  await publish(again, { webm: 'copy' });
  await publish(again, { mp4: 'copy in another container' });
  expect((await sitting.files()).filter((name) => name.startsWith('derived/Q1'))).toEqual(['derived/Q1.mp4']);
});

test('the transcript has all questions in their order, and says what is not there', async () => {
  const [second, first] = [await answer(2), await answer(1)];
  await sitting.storage.derived.publish(second, await made(second, { json: words('Second.') }), {}, ours);
  const questions = sitting.session.interview.questions.map(({ text }) => text);
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
  await sitting.storage.derived.publish(first, await made(first, { json: words('') }), {}, ours);
  expect(await transcript()).toContain('(nothing was said)');
});

test('what jobs before a crash left is removed', async () => {
  const left = path.join(sitting.dataDir, 'work', '17');
  await mkdir(left, { recursive: true });
  await writeFile(path.join(left, 'copy.webm'), 'half');
  await sitting.storage.derived.clearWork();
  expect(await readdir(sitting.dataDir)).not.toContain('work');
});
