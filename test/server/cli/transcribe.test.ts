/** `tresgo transcribe`, with real ffmpeg, and real whisper.cpp with a model that proves the plumbing alone. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Job } from '../../../storage/types.ts';
import { ffmpegPath, sampleVideo } from '../../support/media/media.ts';
import { openStorageSession, type StorageSession } from '../../support/server/open-session.ts';
import { spawnServer, tresgo } from '../../support/server/server.ts';
import { buildWhisper, WHISPER_BUILD_MS, type Whisper } from '../../support/speech/whisper.ts';
import { until } from '../../support/tus/tus.ts';

const WITHIN_MS = 120_000;

let whisper: Whisper;
let session: StorageSession;
let args: string[];
let env: Record<string, string>;
beforeAll(async () => {
  whisper = await buildWhisper();
}, WHISPER_BUILD_MS);
beforeEach(async () => {
  session = await openStorageSession();
  args = ['--data-dir', session.dataDir];
  env = {
    PATH: `${path.dirname(whisper.cli)}:${process.env.PATH}`,
    TRESGO_FFMPEG: ffmpegPath(),
    TRESGO_TRANSCRIBE: 'whisper-cli',
    TRESGO_WHISPER_MODEL: whisper.plumbingModel,
    TRESGO_MIN_FREE_BYTES: '0',
  };
});
afterEach(() => session.close());

async function answer(question: number): Promise<void> {
  const id = await session.whole(await readFile(await sampleVideo({ seconds: 3, format: 'webm' })), question);
  await session.storage.finish(id);
}

const list = async (): Promise<Job[]> => JSON.parse((await tresgo(['job', 'list', '--json', ...args])).stdout) as Job[];

test('a session is transcribed without a server, and a second time (plumbing)', { timeout: WITHIN_MS }, async () => {
  await answer(1);
  await answer(2);
  const folder = session.session.folder;
  const once = await tresgo(['transcribe', folder, '--json', ...args], env);
  expect(once.stderr).toMatch(/Question 1: \d+ %/);
  expect(once.status, once.stderr).toBe(0);
  const result = JSON.parse(once.stdout) as { transcript: string; answers: unknown[] };
  expect(result.answers).toEqual([1, 2].map((question) => ({ question, state: 'done', reason: null })));
  const transcript = await readFile(result.transcript, 'utf8');
  expect(transcript).toContain('2. ');
  expect(await session.files()).toEqual(
    expect.arrayContaining(['derived/Q1.json', 'derived/Q1.vtt', 'derived/Q2.vtt']),
  );
  const again = await tresgo(['transcribe', folder, ...args], env);
  expect(again.status, again.stderr).toBe(0);
  expect(again.stdout).toContain('Question 1: done');
  expect(await readFile(result.transcript, 'utf8')).toBe(transcript);
});

test('a running server transcribes for the command (plumbing)', { timeout: WITHIN_MS }, async () => {
  await answer(1);
  const server = await spawnServer({ dataDir: session.dataDir, env });
  try {
    await until(
      async () => (await list()).length === 2 && (await list()).every(({ state }) => state === 'done'),
      WITHIN_MS,
      300,
    );
    const before = (await list()).find(({ kind }) => kind === 'transcribe');
    const { status, stderr, stdout } = await tresgo(['transcribe', session.session.folder, ...args], env);
    expect(status, stderr).toBe(0);
    expect(stdout).toContain('Question 1: done');
    const after = (await list()).find(({ kind }) => kind === 'transcribe');
    expect(after?.id).toBe(before?.id);
    expect(after?.updatedAt).not.toBe(before?.updatedAt);
    const shown = await tresgo(['session', 'show', session.session.folder, ...args]);
    expect(shown.stdout).toMatch(/Q1\.webm +0\.\d\d MB +0:03 +done +done +[0-9a-f]{64}/);
  } finally {
    await server.stop();
  }
});

test('each reason not to transcribe is one line', { timeout: WITHIN_MS }, async () => {
  const { folder } = session.session;
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
