/**
 * `kill -9` of the server in every step of its jobs: one result after the restart, nothing left over, the recording as it
 * was. The words are those of a model that always says the same: this is about the plumbing.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openStorage } from '../../storage/index.ts';
import { scratchFolder } from '../../storage/scratch.ts';
import type { Job } from '../../storage/types.ts';
import { createFfmpegWrapper, type FfmpegWrapper } from '../support/ffmpeg-wrapper.ts';
import { probe, sampleVideo } from '../support/media.ts';
import { isTorture } from '../support/scale.ts';
import { spawnServer, type TestServer, temporaryFolder } from '../support/server.ts';
import { until } from '../support/tus.ts';
import { buildWhisper, WHISPER_BUILD_MS } from '../support/whisper.ts';
import { openCandidate } from './candidate.ts';
import { killAt, traceCalls } from './kill-points.ts';

/** At system calls, in the short form. */
const KILLS = 8;

let root: Awaited<ReturnType<typeof temporaryFolder>>;
let wrapper: FfmpegWrapper;
let model: string;
let server: TestServer;
const start = () =>
  spawnServer({
    dataDir: root.path,
    env: {
      TRESGO_FFMPEG: wrapper.ffmpeg,
      TRESGO_TRANSCRIBE: 'whisper-cli',
      TRESGO_WHISPER_MODEL: model,
      PATH: `${wrapper.folder}:${process.env.PATH}`,
      UV_THREADPOOL_SIZE: '1',
      UV_USE_IO_URING: '0',
    },
  });
let recording: Buffer<ArrayBuffer>;
let folder: string;

beforeAll(async () => {
  root = await temporaryFolder();
  const whisper = await buildWhisper();
  model = whisper.plumbingModel;
  wrapper = await createFfmpegWrapper({ 'whisper-cli': whisper.cli });
  server = await start();
  recording = await readFile(await sampleVideo({ seconds: 3, format: 'webm' }));
  const candidate = await openCandidate(server, 'Kill');
  folder = `${root.path}/sessions/${candidate.folder}`;
  await candidate.tus(server).send(recording, { question: 1 });
  await until(async () => (await jobs()).length === 2 && (await isDone()), 60_000, 50);
}, WHISPER_BUILD_MS);
afterAll(async () => {
  await server.stop();
  await wrapper.remove();
  await root.remove();
});

async function jobs(): Promise<Job[]> {
  const storage = await openStorage({ dataDir: root.path });
  try {
    return await storage.jobs.list();
  } finally {
    await storage.close();
  }
}

async function again(): Promise<void> {
  const storage = await openStorage({ dataDir: root.path });
  for (const { kind, takeId } of await storage.jobs.list()) await storage.jobs.queue(kind, takeId);
  await storage.close();
}

const isDone = async () => (await jobs()).every(({ state }) => state === 'done');
const done = () => until(isDone, 60_000, 50);
const isDead = () => server.process.signalCode !== null;
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

/** One result, whole, and nothing else. */
async function check(): Promise<void> {
  expect(await jobs()).toMatchObject(['remux', 'transcribe'].map((kind) => ({ kind, state: 'done', reason: null })));
  expect((await readdir(folder, { recursive: true })).sort()).toEqual([
    ...['Q1.webm', 'derived', ...['jpg', 'json', 'vtt', 'webm'].map((extension) => `derived/Q1.${extension}`)],
    ...['meta.json', 'transcript.txt'],
  ]);
  for (const place of [`${root.path}/work`, scratchFolder(root.path)])
    expect(existsSync(place) ? await readdir(place) : [], place).toEqual([]);
  expect(sha256(await readFile(`${folder}/Q1.webm`))).toBe(sha256(recording));
  const { durationSeconds, decodeErrors } = await probe(`${folder}/derived/Q1.webm`);
  expect(decodeErrors).toEqual([]);
  const { files } = JSON.parse(await readFile(`${folder}/meta.json`, 'utf8')) as {
    files: Array<{ durationMs: number }>;
  };
  expect(Math.abs((files[0]?.durationMs ?? 0) - durationSeconds * 1_000)).toBeLessThan(100);
}

test('in each program that a job runs: it dies with the server, and the job is done again', {
  timeout: 300_000,
}, async () => {
  await check();
  const before = (await wrapper.calls()).length;
  await again();
  await done();
  const calls = (await wrapper.calls()).length - before;
  expect(new Set((await wrapper.calls()).map(({ program }) => program))).toEqual(
    new Set(['ffmpeg', 'ffprobe', 'whisper-cli']),
  );
  for (let nth = 1; nth <= calls; nth++) {
    await wrapper.atCall(nth);
    const known = (await wrapper.calls()).length;
    await again();
    await until(async () => (await wrapper.calls()).length >= known + nth, 60_000, 20);
    // The other job goes on beside it.
    const held = (await wrapper.calls())[known + nth - 1]?.pid as number;
    await until(() => existsSync(`/proc/${held}`));
    await server.stop('SIGKILL');
    await until(() => !existsSync(`/proc/${held}`));
    expect((await jobs()).map(({ state }) => state)).toContain('running');
    await wrapper.atCall(null);
    server = await start();
    await done();
    await check();
  }
  console.log(`jobs-kill: killed in each of ${calls} programs`);
});

test('at the system calls that put the result in its place', { timeout: isTorture ? 3_600_000 : 300_000 }, async () => {
  const run = async () => {
    await again();
    await until(async () => isDead() || (await isDone()), 60_000, 50);
    if (isDead()) throw new Error('the server is dead');
  };
  await run();
  // What moves, removes or syncs files: the rest of the server's calls go on all the time.
  const series = (await traceCalls(server, run)).filter(({ call }) =>
    /^(rename|unlink|mkdir|rmdir|fsync|fdatasync)/.test(call),
  );
  const points = series.flatMap((calls) =>
    calls.counts.flatMap((counts, at) => (counts ? [{ calls, nth: at + 1 }] : [])),
  );
  const step = isTorture ? 1 : Math.ceil(points.length / KILLS);
  const kills: string[] = [];
  for (const { calls, nth } of points.filter((_, at) => at % step === 0)) {
    const { killed } = await killAt(server, calls, nth, run);
    if (!killed) continue;
    kills.push(`${calls.call} ${nth}`);
    server = await start();
    await done();
    await check();
  }
  console.log(`jobs-kill: ${kills.length} kills of ${points.length} points: ${kills.join(', ')}`);
  expect(kills.length).toBeGreaterThan(KILLS / 2);
});
