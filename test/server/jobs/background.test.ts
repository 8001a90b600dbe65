import { chmod, mkdir, readdir, readFile, stat, symlink } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Background, createBackground } from '../../../server/jobs/background.ts';
import { JobError } from '../../../server/jobs/job-error.ts';
import type { Engine, Recording } from '../../../server/transcripts/index.ts';
import type { Job } from '../../../storage/types.ts';
import { openStorageSitting, type StorageSitting } from '../../storage/open-sitting.ts';
import { ffmpegPath, ffprobePath, sampleVideo } from '../../support/media.ts';
import { recording, until } from '../../support/tus.ts';

const WITHIN_MS = 60_000;

let sitting: StorageSitting;
const open: Background[] = [];
beforeEach(async () => {
  sitting = await openStorageSitting();
});
afterEach(async () => {
  for (const background of open.splice(0)) await background.stop();
  await sitting.close();
});

const sample = async (format: 'webm' | 'mp4', seconds = 2) => readFile(await sampleVideo({ seconds, format }));

async function answer(bytes: Uint8Array, question = 1): Promise<string> {
  const id = await sitting.whole(bytes, question);
  await sitting.storage.finish(id);
  return id;
}

const told: string[] = [];
beforeEach(() => told.splice(0));

async function begin(more: { engine?: Engine | null; ffmpeg?: string } = {}): Promise<void> {
  const { engine = null, ffmpeg = ffmpegPath() } = more;
  const config = { ffmpeg, programFolders: [], transcription: { kind: 'off' } as const, minFreeBytes: 0 };
  const tell = (_details: object, message: string) => void told.push(message);
  const background = createBackground({ storage: sitting.storage, config, log: { info: tell, warn: tell }, engine });
  open.push(background);
  await background.start();
}

const jobs = (): Promise<Job[]> => sitting.storage.jobs.list();
const settled = () =>
  until(async () => (await jobs()).every(({ state }) => state === 'done' || state === 'dead'), WITHIN_MS, 20);

/** An engine that hears one sentence, whatever is said. */
function hears(text: string, seen: Recording[] = []): Engine {
  return {
    name: 'test',
    async recognise(heard) {
      seen.push(heard);
      return { language: 'en', segments: [{ text, startMs: 100, endMs: 900, words: [], noSpeech: 0.01 }] };
    },
  };
}

test('copy, poster, captions, words, transcript: all there, and the work folder empty', {
  timeout: WITHIN_MS,
}, async () => {
  const seen: Recording[] = [];
  await answer(await sample('webm'), 1);
  await answer(await sample('mp4'), 2);
  await begin({ engine: hears('It is a sine.', seen) });
  await until(async () => (await jobs()).length === 4, WITHIN_MS, 20);
  await settled();
  expect(await sitting.files()).toEqual([
    ...['Q1.webm', 'Q2.mp4'],
    ...['jpg', 'json', 'vtt', 'webm'].map((extension) => `derived/Q1.${extension}`),
    ...['jpg', 'json', 'mp4', 'vtt'].map((extension) => `derived/Q2.${extension}`),
    ...['meta.json', 'transcript.txt'],
  ]);
  expect(seen).toMatchObject([{ language: null, languageHint: null }, {}]);
  expect(await readFile(path.join(sitting.folder, 'transcript.txt'), 'utf8')).toContain('It is a sine.');
  expect(await readdir(path.join(sitting.dataDir, 'work'))).toEqual([]);
  for (const name of await sitting.files()) {
    const { mode, uid } = await stat(path.join(sitting.folder, name));
    expect([name, mode & 0o777, uid]).toEqual([name, 0o600, process.getuid?.()]);
  }
});

test('without ffmpeg nothing is lost: it is said once, and made up for when it appears', {
  timeout: WITHIN_MS,
}, async () => {
  const bin = path.join(sitting.dataDir, 'bin');
  await mkdir(bin);
  await answer(await sample('webm'));
  await begin({ ffmpeg: path.join(bin, 'ffmpeg') });
  await new Promise((resolve) => setTimeout(resolve, 2_500));
  expect(told.filter((line) => line.startsWith('there is no ffmpeg'))).toHaveLength(1);
  expect(await jobs()).toMatchObject([{ state: 'queued', attempts: 0 }]);
  await chmod(sitting.dataDir, 0o755);
  await symlink(ffprobePath(), path.join(bin, 'ffprobe'));
  await symlink(ffmpegPath(), path.join(bin, 'ffmpeg'));
  await settled();
  expect(await jobs()).toMatchObject([{ state: 'done' }]);
  expect(await sitting.files()).toContain('derived/Q1.webm');
});

test('what can’t be copied is marked with the reason, and kept', { timeout: WITHIN_MS }, async () => {
  const bytes = recording(5_000);
  await answer(bytes);
  await begin({ engine: hears('nothing') });
  await settled();
  const [job] = await jobs();
  expect(job).toMatchObject({ kind: 'remux', state: 'dead', attempts: 1 });
  expect(job?.reason).toMatch(/\w+ \w+/);
  const { files } = await sitting.meta();
  expect(files).toMatchObject([{ durationMs: null, mediaProblem: job?.reason }]);
  expect(await readFile(path.join(sitting.folder, 'Q1.webm'))).toEqual(bytes);
  expect(await sitting.files()).toEqual(['Q1.webm', 'meta.json']);
});

test('an engine that is away is tried again later; one that refuses for good is told of', {
  timeout: WITHIN_MS,
}, async () => {
  const errors = [new Error('connection refused'), new JobError('the key was refused', { final: true })];
  const engine: Engine = {
    name: 'test',
    recognise: async () => {
      throw errors.shift();
    },
  };
  await answer(await sample('webm'), 1);
  await begin({ engine });
  const transcript = async () => (await jobs()).find(({ kind }) => kind === 'transcribe');
  await until(async () => (await transcript())?.reason === 'connection refused', WITHIN_MS, 20);
  expect(await transcript()).toMatchObject({ state: 'queued', attempts: 1 });
  await sitting.storage.jobs.queue('transcribe', (await transcript())?.takeId ?? '');
  await until(async () => (await transcript())?.state === 'dead', WITHIN_MS, 20);
  expect(await transcript()).toMatchObject({ reason: 'the key was refused' });
});

test('a take that is answered anew in the middle of a job: what was made of the old one goes nowhere', {
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
    async recognise(of, context) {
      const first = reached;
      reached = () => {};
      first();
      await wait;
      return hears('What was said.').recognise(of, context);
    },
  };
  await answer(await sample('webm', 2));
  await begin({ engine });
  await heard;
  await answer(await sample('webm', 3));
  expect(await sitting.files()).not.toContain('derived/Q1.webm');
  goOn();
  await until(async () => (await jobs()).length === 4, WITHIN_MS, 20);
  await settled();
  expect((await jobs()).map(({ reason }) => reason)).toContain('another take counts by now');
  const { durationMs } = (await sitting.meta()).files[0] as unknown as { durationMs: number };
  expect(Math.round(durationMs / 1_000)).toBe(3);
});

test('at the stop the children end with it, and the job is due again', { timeout: WITHIN_MS }, async () => {
  await answer(await sample('webm'));
  const engine: Engine = {
    name: 'test',
    recognise: (_of, { signal }) =>
      new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
  };
  await begin({ engine });
  const transcript = async () => (await jobs()).find(({ kind }) => kind === 'transcribe');
  await until(async () => (await transcript())?.state === 'running', WITHIN_MS, 20);
  await open[0]?.stop();
  expect(await transcript()).toMatchObject({ state: 'queued', attempts: 0 });
  expect(await readdir(path.join(sitting.dataDir, 'work'))).toEqual([]);
});
