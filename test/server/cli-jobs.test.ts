/** `tresgo job …` and `tresgo transcribe`, with real ffmpeg, and real whisper.cpp with a model that proves the plumbing alone. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Job } from '../../storage/types.ts';
import { openStorageSitting, type StorageSitting } from '../storage/open-sitting.ts';
import { ffmpegPath, sampleVideo } from '../support/media.ts';
import { spawnServer, tresgo } from '../support/server.ts';
import { recording, until } from '../support/tus.ts';
import { buildWhisper, WHISPER_BUILD_MS, type Whisper } from '../support/whisper.ts';

const WITHIN_MS = 120_000;

let whisper: Whisper;
let sitting: StorageSitting;
let args: string[];
let env: Record<string, string>;
beforeAll(async () => {
  whisper = await buildWhisper();
}, WHISPER_BUILD_MS);
beforeEach(async () => {
  sitting = await openStorageSitting();
  args = ['--data-dir', sitting.dataDir];
  env = {
    PATH: `${path.dirname(whisper.cli)}:${process.env.PATH}`,
    TRESGO_FFMPEG: ffmpegPath(),
    TRESGO_TRANSCRIBE: 'whisper-cli',
    TRESGO_WHISPER_MODEL: whisper.plumbingModel,
    TRESGO_MIN_FREE_BYTES: '0',
  };
});
afterEach(() => sitting.close());

async function answer(question: number, bytes?: Uint8Array): Promise<void> {
  const id = await sitting.whole(
    bytes ?? (await readFile(await sampleVideo({ seconds: 3, format: 'webm' }))),
    question,
  );
  await sitting.storage.finish(id);
}

const list = async (...more: string[]): Promise<Job[]> =>
  JSON.parse((await tresgo(['job', 'list', '--json', ...more, ...args])).stdout) as Job[];

test('jobs are listed, and those that were given up begin afresh when asked to', async () => {
  expect((await tresgo(['job', 'list', ...args])).stdout).toBe('No jobs.\n');
  await answer(1, recording(500));
  const owner = 'test';
  const job = await sitting.storage.jobs.lease(['remux'], owner, 60_000);
  await sitting.storage.jobs.end(job as Job, owner, { state: 'dead', reason: 'it can’t be read' });
  const { stdout } = await tresgo(['job', 'list', ...args]);
  expect(stdout).toMatch(/^ID +KIND +SESSION .*\n1 +remux +\S+_anna_parker +1 +dead +0 % +1 +it can’t be read\n$/);
  expect(await list('--state', 'queued')).toEqual([]);
  expect(await list('--state', 'dead')).toMatchObject([{ id: 1, reason: 'it can’t be read' }]);
  expect(JSON.stringify(await list())).not.toContain('owner');

  expect((await tresgo(['job', 'retry', '1', ...args])).status).toBe(0);
  expect(await list()).toMatchObject([{ id: 1, state: 'queued', attempts: 0, reason: null }]);
  expect((await tresgo(['job', 'retry', '--dead', ...args])).stdout).toBe('Nothing was given up.\n');
  for (const [wrong, status, said] of [
    [['job', 'retry'], 1, /say which: an id from "tresgo job list", or --dead/],
    [['job', 'retry', '7'], 1, /there is no job 7: "tresgo job list" shows them/],
    [['job', 'retry', 'x'], 2, /It takes a number/],
    [['job', 'list', '--state', 'lost'], 2, /queued, running, done, dead/],
  ] as const) {
    const refused = await tresgo([...wrong, ...args]);
    expect(refused.status, wrong.join(' ')).toBe(status);
    expect(refused.stderr).toMatch(said);
    expect(refused.stdout).toBe('');
  }
});

test('a session is transcribed without a server, and again (plumbing)', { timeout: WITHIN_MS }, async () => {
  await answer(1);
  await answer(2);
  const folder = sitting.session.folder;
  const once = await tresgo(['transcribe', folder, '--json', ...args], env);
  expect(once.stderr).toMatch(/Question 1: \d+ %/);
  expect(once.status, once.stderr).toBe(0);
  const told = JSON.parse(once.stdout) as { transcript: string; answers: unknown[] };
  expect(told.answers).toEqual([1, 2].map((question) => ({ question, state: 'done', reason: null })));
  const transcript = await readFile(told.transcript, 'utf8');
  expect(transcript).toContain('2. ');
  expect(await sitting.files()).toEqual(
    expect.arrayContaining(['derived/Q1.json', 'derived/Q1.vtt', 'derived/Q2.vtt']),
  );
  const again = await tresgo(['transcribe', folder, ...args], env);
  expect(again.status, again.stderr).toBe(0);
  expect(again.stdout).toContain('Question 1: done');
  expect(await readFile(told.transcript, 'utf8')).toBe(transcript);
});

test('where a server runs, it does the work (plumbing)', { timeout: WITHIN_MS }, async () => {
  await answer(1);
  const server = await spawnServer({ dataDir: sitting.dataDir, env });
  try {
    await until(
      async () => (await list()).length === 2 && (await list()).every(({ state }) => state === 'done'),
      WITHIN_MS,
      300,
    );
    const before = (await list()).find(({ kind }) => kind === 'transcribe');
    const { status, stderr, stdout } = await tresgo(['transcribe', sitting.session.folder, ...args], env);
    expect(status, stderr).toBe(0);
    expect(stdout).toContain('Question 1: done');
    const after = (await list()).find(({ kind }) => kind === 'transcribe');
    expect(after?.id).toBe(before?.id);
    expect(after?.updatedAt).not.toBe(before?.updatedAt);
    const shown = await tresgo(['session', 'show', sitting.session.folder, ...args]);
    expect(shown.stdout).toMatch(/Q1\.webm +0\.\d\d MB +0:03 +done +done +[0-9a-f]{64}/);
  } finally {
    await server.stop();
  }
});

test('what stands in the way is said in a line', { timeout: WITHIN_MS }, async () => {
  const { folder } = sitting.session;
  for (const [wrong, given, said] of [
    [['transcribe', 'nobody'], env, /there is no session "nobody"/],
    [['transcribe', folder], env, /the session has no answers yet/],
    [['transcribe', folder], { ...env, TRESGO_TRANSCRIBE: 'off' }, /no speech engine is set: set TRESGO_TRANSCRIBE/],
  ] as const) {
    const refused = await tresgo([...wrong, ...args], given);
    expect(refused).toMatchObject({ status: 1, stdout: '' });
    expect(refused.stderr).toMatch(said);
    expect(refused.stderr.trimEnd().split('\n')).toHaveLength(1);
  }
  await answer(1);
  const missing = await tresgo(['transcribe', folder, ...args], { ...env, TRESGO_WHISPER_MODEL: '/nonexistent.bin' });
  expect(missing.status).toBe(1);
  expect(missing.stderr).toMatch(
    /question 1 could not be transcribed \("tresgo job retry" begins it again\): .*nonexistent/,
  );
  const noFfmpeg = await tresgo(['transcribe', folder, ...args], { ...env, TRESGO_FFMPEG: '/nonexistent/ffmpeg' });
  expect(noFfmpeg.stderr).toMatch(/ffmpeg is missing: install it, or name it with TRESGO_FFMPEG/);
});
