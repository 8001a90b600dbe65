/**
 * From a voice at the microphone to the reviewer: an interview spoken into Chromium through the page, seeking in its
 * copies, and its words found by a real recogniser.
 */
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Page } from '@playwright/test';
import { readConfig } from '../../server/config.ts';
import { createBackground } from '../../server/jobs/background.ts';
import { openStorage } from '../../storage/index.ts';
import type { Job } from '../../storage/types.ts';
import { ffmpegPath, probe } from '../support/media/media.ts';
import { openRangeServer } from '../support/server/range-server.ts';
import { spawnServer, temporaryFolder } from '../support/server/server.ts';
import { createPocketsphinx } from '../support/speech/pocketsphinx.ts';
import { readVtt } from '../support/speech/speech.ts';
import { until } from '../support/tus/tus.ts';
import {
  admin,
  answer,
  test as base,
  createCandidate,
  expect,
  expectFinished,
  logIn,
  press,
  readSession,
} from './fixtures.ts';

/** A server whose jobs run. */
const test = base.extend({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the parameter's pattern
  server: async ({}, use) => {
    const folder = await temporaryFolder();
    const server = await spawnServer({ dataDir: folder.path, env: { TRESGO_FFMPEG: ffmpegPath() } });
    await use(server);
    await server.stop('SIGTERM');
    await folder.remove();
  },
});

/** The voice says its two sentences in 12 s, and begins again. */
const ANSWER_SECONDS = 14;
const TEXT = `slug: spoken
title: Spoken
language: en
questions:
  - text: Who are you?
  - text: What do you do?
`;

/** Loads a video and seeks to `to` seconds. Returns its position and its duration, both in seconds. */
async function seek(page: Page, url: string, name: string, to: number) {
  await page.goto(url);
  return page.evaluate(
    async ([name, to]) => {
      const video = document.querySelector('video') as HTMLVideoElement;
      const event = (type: string) => new Promise((resolve) => video.addEventListener(type, resolve, { once: true }));
      const loaded = event('loadeddata');
      video.src = `/${name}`;
      await loaded;
      const { duration } = video;
      const sought = event('seeked');
      video.currentTime = to;
      await sought;
      return { duration, at: video.currentTime, ready: video.readyState, width: video.videoWidth };
    },
    [name, to] as const,
  );
}

test('a spoken interview: its copies can be sought in, its pictures looked at, its words read', async ({
  page,
  server,
}) => {
  test.setTimeout(300_000);
  const file = path.join(server.dataDir, 'spoken.yaml');
  await writeFile(file, TEXT);
  await admin(server.dataDir, 'interview', 'create', file);
  const candidate = await createCandidate(server.dataDir, undefined, 'spoken');
  await logIn(page, server.url, candidate);
  await press(page, 'Start interview');
  for (const question of [1, 2]) await answer(page, question, { seconds: ANSWER_SECONDS, of: 2 });
  await expectFinished(page);

  const jobs = () => admin<Job[]>(server.dataDir, 'job', 'list');
  await until(async () => (await jobs()).every(({ state }) => state !== 'queued' && state !== 'running'), 60_000, 500);
  expect(await jobs()).toMatchObject([1, 2].map((question) => ({ kind: 'remux', question, state: 'done' })));
  const { folder, meta } = await readSession(server);
  const files = meta.files as Array<(typeof meta.files)[number] & { durationMs: number }>;
  const copies = [1, 2].map((question) => path.join(folder, `derived/Q${question}.webm`));
  for (const [at, copy] of copies.entries()) {
    const [original, made] = [await probe(path.join(folder, `Q${at + 1}.webm`)), await probe(copy)];
    expect(made).toMatchObject({ hasVideo: true, hasAudio: true, decodeErrors: [], videoFrames: original.videoFrames });
    expect(Math.abs((files[at]?.durationMs ?? 0) / 1_000 - original.durationSeconds)).toBeLessThan(0.1);
    // JPEG's first bytes.
    expect((await readFile(copy.replace('.webm', '.jpg'))).subarray(0, 3).toString('hex')).toBe('ffd8ff');
  }

  const media = await openRangeServer({
    'original.webm': path.join(folder, 'Q1.webm'),
    'copy.webm': copies[0] as string,
  });
  try {
    // A browser's recording has no duration: that is why there is a copy.
    const original = await seek(page, media.url, 'original.webm', 0);
    expect(original.duration).toBe(Number.POSITIVE_INFINITY);
    for (const to of [9.3, 2.1, 12.8]) {
      const { duration, at, ready, width } = await seek(page, media.url, 'copy.webm', to);
      expect(Math.abs(duration * 1_000 - (files[0]?.durationMs ?? 0))).toBeLessThan(100);
      expect(Math.abs(at - to)).toBeLessThan(0.1);
      expect(ready).toBeGreaterThanOrEqual(2);
      expect(width).toBeGreaterThan(0);
    }
  } finally {
    await media.close();
  }
  await server.stop('SIGTERM');
  await transcribe(server.dataDir);

  const transcript = await readFile(path.join(folder, 'transcript.txt'), 'utf8');
  const [first = '', second = ''] = transcript.split('2. What do you do?');
  expect(first).toContain('1. Who are you?');
  const words = ['name', 'small town', 'sea', 'years', 'worked', 'engineer', 'problems', 'people'];
  for (const part of [first, second]) {
    const found = words.filter((word) => part.toLowerCase().includes(word));
    console.log(`heard: ${part.replaceAll('\n', ' ').trim()}`);
    expect(found.length, `${found.join(', ')} of ${words.join(', ')}`).toBeGreaterThanOrEqual(4);
  }
  for (const question of [1, 2]) {
    const cues = readVtt(await readFile(path.join(folder, `derived/Q${question}.vtt`), 'utf8'));
    expect(cues.length).toBeGreaterThan(1);
    for (const { startMs, endMs } of cues) {
      expect(startMs).toBeLessThan(endMs);
      expect(endMs).toBeLessThanOrEqual((files[question - 1]?.durationMs ?? 0) + 100);
    }
  }
});

/** Transcribes as the server does, with the tests' own recogniser behind the same interface. */
async function transcribe(dataDir: string): Promise<void> {
  const storage = await openStorage({ dataDir });
  storage.claim();
  for (const { takeId } of await storage.jobs.list()) await storage.jobs.queue('transcribe', takeId);
  const config = readConfig({ dataDir });
  const log = { debug() {}, info() {}, warn() {} };
  const background = createBackground({ storage, config, log, engine: createPocketsphinx() });
  try {
    await background.start();
    await until(
      async () => (await storage.jobs.list()).every(({ state }) => state !== 'queued' && state !== 'running'),
      120_000,
      200,
    );
    for (const { state, reason } of await storage.jobs.list()) expect(state, reason ?? '').toBe('done');
  } finally {
    await background.stop();
    await storage.close();
  }
}
