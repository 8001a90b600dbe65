import { execFileSync } from 'node:child_process';
import { chmod, mkdir, readdir, readFile, stat, symlink } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import { JobError } from '../../../server/job-error.ts';
import { type Background, createBackground } from '../../../server/jobs/background.ts';
import type { Engine, Recording } from '../../../server/transcripts/index.ts';
import type { Job } from '../../../storage/types.ts';
import { limitedFfmpeg } from '../../support/media/limited-ffmpeg.ts';
import { ffmpegPath, ffprobePath, programFolders, sampleVideo } from '../../support/media/media.ts';
import { openStorageSession, type StorageSession } from '../../support/server/open-session.ts';
import { recording, until } from '../../support/tus/tus.ts';

const WITHIN_MS = 60_000;

let session: StorageSession;
const open: Background[] = [];
beforeEach(async () => {
  session = await openStorageSession();
});
afterEach(async () => {
  for (const background of open.splice(0)) await background.stop();
  await session.close();
});

const sample = async (format: 'webm' | 'mp4', seconds = 2) => readFile(await sampleVideo({ seconds, format }));

async function answer(bytes: Uint8Array, question = 1): Promise<string> {
  const id = await session.whole(bytes, question);
  await session.storage.finish(id);
  return id;
}

const told: string[] = [];
beforeEach(() => told.splice(0));

async function begin(more: { engine?: Engine | null; ffmpeg?: string } = {}): Promise<void> {
  const { engine = null, ffmpeg = ffmpegPath() } = more;
  const config = {
    ...{ dataDir: session.dataDir, tls: null, ffmpeg, programFolders },
    ...{ transcription: { kind: 'off' } as const, minFreeBytes: 0 },
  };
  const tell = (_details: object, message: string) => void told.push(message);
  const background = createBackground({
    storage: session.storage,
    config,
    log: { debug: tell, info: tell, warn: tell },
    engine,
  });
  open.push(background);
  await background.start();
}

const jobs = (): Promise<Job[]> => session.storage.jobs.list();
const settled = () =>
  until(async () => (await jobs()).every(({ state }) => state === 'done' || state === 'dead'), WITHIN_MS, 20);

/** An engine that gives one sentence for every recording. */
function hears(text: string, seen: Recording[] = []): Engine {
  return {
    name: 'test',
    async hear(_language, recorded) {
      seen.push(recorded);
      const segments = [{ text, startMs: 100, endMs: 900, words: [], noSpeech: 0.01 }];
      return { recognition: { language: 'en', segments }, detected: null };
    },
  };
}

test('an answer gets a copy, a poster, captions, words and a transcript, and the work folder is empty again', {
  timeout: WITHIN_MS,
}, async () => {
  const seen: Recording[] = [];
  await answer(await sample('webm'), 1);
  await answer(await sample('mp4'), 2);
  await begin({ engine: hears('It is a sine.', seen) });
  await until(async () => (await jobs()).length === 4, WITHIN_MS, 20);
  await settled();
  expect(await session.files()).toEqual([
    ...['Q1.webm', 'Q2.mp4'],
    ...['jpg', 'json', 'vtt', 'webm'].map((extension) => `derived/Q1.${extension}`),
    ...['jpg', 'json', 'mp4', 'vtt'].map((extension) => `derived/Q2.${extension}`),
    ...['meta.json', 'transcript.txt'],
  ]);
  expect(seen).toMatchObject([{ language: null, languageHint: null }, {}]);
  expect(await readFile(path.join(session.folder, 'transcript.txt'), 'utf8')).toContain('It is a sine.');
  expect(await readdir(path.join(session.dataDir, 'work'))).toEqual([]);
  for (const name of await session.files()) {
    const { mode, uid } = await stat(path.join(session.folder, name));
    expect([name, mode & 0o777, uid]).toEqual([name, 0o600, process.getuid?.()]);
  }
});

test('without ffmpeg nothing is lost: the log says so once, and copies are made once ffmpeg is installed', {
  timeout: WITHIN_MS,
}, async () => {
  const bin = path.join(session.dataDir, 'bin');
  await mkdir(bin);
  await answer(await sample('webm'));
  await begin({ ffmpeg: path.join(bin, 'ffmpeg') });
  await new Promise((resolve) => setTimeout(resolve, 2_500));
  expect(told.filter((line) => line.startsWith('there is no ffmpeg'))).toHaveLength(1);
  expect(await jobs()).toMatchObject([{ state: 'queued', attempts: 0 }]);
  await chmod(session.dataDir, 0o755);
  await symlink(ffprobePath(), path.join(bin, 'ffprobe'));
  await symlink(ffmpegPath(), path.join(bin, 'ffmpeg'));
  await settled();
  expect(await jobs()).toMatchObject([{ state: 'done' }]);
  expect(await session.files()).toContain('derived/Q1.webm');
});

test('an answer that can’t be copied is kept and marked with the reason', { timeout: WITHIN_MS }, async () => {
  const bytes = recording(5_000);
  await answer(bytes);
  await begin({ engine: hears('nothing') });
  await until(async () => (await jobs()).length === 2, WITHIN_MS, 20);
  await settled();
  const [job, transcript] = await jobs();
  expect(job).toMatchObject({ kind: 'remux', state: 'dead', attempts: 1 });
  expect(transcript).toMatchObject({ kind: 'transcribe', state: 'dead', reason: job?.reason });
  expect(job?.reason).toMatch(/\w+ \w+/);
  const { files } = await session.meta();
  expect(files).toMatchObject([{ durationMs: null, mediaProblem: job?.reason }]);
  expect(await readFile(path.join(session.folder, 'Q1.webm'))).toEqual(bytes);
  expect(await session.files()).toEqual(['Q1.webm', 'meta.json']);
});

test('an answer that fits no container is transcribed all the same', { timeout: WITHIN_MS }, async () => {
  const file = path.join(session.dataDir, 'odd.webm');
  execFileSync(ffmpegPath(), [
    ...['-v', 'error', '-f', 'lavfi', '-i', 'testsrc2=s=160x120:r=15:d=1', '-f', 'lavfi', '-i', 'sine=d=1'],
    ...['-c:v', 'libvpx', '-deadline', 'realtime', '-c:a', 'aac', '-live', '1', '-f', 'matroska', file],
  ]);
  await answer(await readFile(file));
  await begin({ engine: hears('It is a sine.') });
  await until(async () => (await jobs()).length === 2, WITHIN_MS, 20);
  await settled();
  expect(await jobs()).toMatchObject([
    { kind: 'remux', state: 'dead', reason: 'no container has both vp8 and aac' },
    { kind: 'transcribe', state: 'done', reason: null },
  ]);
  expect(await readFile(path.join(session.folder, 'transcript.txt'), 'utf8')).toContain('It is a sine.');
});

test('what ffmpeg lacks is said at the start, and is never written down as the recording’s fault', {
  timeout: WITHIN_MS,
}, async () => {
  const limited = limitedFfmpeg({ parts: ['webm', 'scale'] });
  onTestFinished(limited.remove);
  await answer(await sample('webm'));
  await begin({ ffmpeg: limited.ffmpeg });
  await settled();
  expect(told.filter((line) => / makes no copies of WebM .*no muxer webm.*; no posters/.test(line))).toHaveLength(1);
  expect(await jobs()).toMatchObject([
    {
      state: 'dead',
      reason: expect.stringMatching(/^ffmpeg( \S+)? has no muxer webm: install .* `tresgo job retry`$/),
    },
  ]);
  expect((await session.meta()).files).toMatchObject([{ durationMs: null, mediaProblem: null }]);
});

test('an engine that can’t be reached is tried again later; a final refusal makes the job dead', {
  timeout: WITHIN_MS,
}, async () => {
  const errors = [new Error('connection refused'), new JobError('the key was refused', { final: true })];
  const engine: Engine = {
    name: 'test',
    hear: async () => {
      throw errors.shift();
    },
  };
  await answer(await sample('webm'), 1);
  await begin({ engine });
  const transcript = async () => (await jobs()).find(({ kind }) => kind === 'transcribe');
  await until(async () => (await transcript())?.reason === 'connection refused', WITHIN_MS, 20);
  expect(await transcript()).toMatchObject({ state: 'queued', attempts: 1 });
  await session.storage.jobs.queue('transcribe', (await transcript())?.takeId ?? '');
  await until(async () => (await transcript())?.state === 'dead', WITHIN_MS, 20);
  expect(await transcript()).toMatchObject({ reason: 'the key was refused' });
});

test('the results of a job are not published when another take was recorded meanwhile', {
  timeout: WITHIN_MS,
}, async () => {
  let reached = () => {};
  const heard = new Promise<void>((resolve) => {
    reached = resolve;
  });
  let goOn = () => {};
  const wait = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  const engine: Engine = {
    name: 'test',
    async hear(...of) {
      const first = reached;
      reached = () => {};
      first();
      await wait;
      return hears('What was said.').hear(...of);
    },
  };
  await answer(await sample('webm', 2));
  await begin({ engine });
  await heard;
  await answer(await sample('webm', 3));
  expect(await session.files()).not.toContain('derived/Q1.webm');
  goOn();
  await until(async () => (await jobs()).length === 4, WITHIN_MS, 20);
  await settled();
  expect((await jobs()).map(({ reason }) => reason)).toContain('another take counts by now');
  const { durationMs } = (await session.meta()).files[0] as unknown as { durationMs: number };
  expect(Math.round(durationMs / 1_000)).toBe(3);
});

test('a stop ends the children, and the job is due again', { timeout: WITHIN_MS }, async () => {
  await answer(await sample('webm'));
  const engine: Engine = {
    name: 'test',
    hear: (_language, _recording, { signal }) =>
      new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
  };
  await begin({ engine });
  const transcript = async () => (await jobs()).find(({ kind }) => kind === 'transcribe');
  await until(async () => (await transcript())?.state === 'running', WITHIN_MS, 20);
  await open[0]?.stop();
  expect(await transcript()).toMatchObject({ state: 'queued', attempts: 0 });
  expect(await readdir(path.join(session.dataDir, 'work'))).toEqual([]);
});
