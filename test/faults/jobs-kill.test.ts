/**
 * `kill -9` of the server in every step of its jobs: after the restart there is one result, nothing left over, and the
 * recording unchanged. The transcript comes from a model that always returns the same words: the jobs are tested, not speech.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { beforeAll, expect, test } from 'vitest';
import { openStorage, type Storage } from '../../storage/index.ts';
import { scratchPrefix } from '../../storage/session-folder/scratch.ts';
import { createFfmpegWrapper } from '../support/media/ffmpeg-wrapper.ts';
import { probe, sampleVideo } from '../support/media/media.ts';
import { isTorture } from '../support/scale.ts';
import { openCandidate } from '../support/server/candidate.ts';
import { spawnServer, temporaryFolder } from '../support/server/server.ts';
import { buildWhisper, WHISPER_BUILD_MS, type Whisper } from '../support/speech/whisper.ts';
import { until } from '../support/tus/tus.ts';
import { killAt, traceCalls } from './kill-points.ts';

/** Kills at system calls, in the short form. */
const KILLS = 8;
/** Within this time a restarted server has taken back what the dead one held. Its lease, of 60 s, would last longer. */
const RELEASED_MS = 40_000;

let whisper: Whisper;
let recording: Buffer<ArrayBuffer>;
beforeAll(async () => {
  whisper = await buildWhisper();
  recording = await readFile(await sampleVideo({ seconds: 3, format: 'webm' }));
}, WHISPER_BUILD_MS);

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

/** A server with a finished answer whose jobs are done, in a data folder of its own. */
async function openRig() {
  const root = await temporaryFolder();
  const wrapper = await createFfmpegWrapper({ 'whisper-cli': whisper.cli });
  const start = () =>
    spawnServer({
      dataDir: root.path,
      env: {
        TRESGO_FFMPEG: wrapper.ffmpeg,
        TRESGO_TRANSCRIBE: 'whisper-cli',
        TRESGO_WHISPER_MODEL: whisper.plumbingModel,
        PATH: `${wrapper.folder}:${process.env.PATH}`,
        UV_THREADPOOL_SIZE: '1',
        UV_USE_IO_URING: '0',
      },
    });
  let server = await start();

  async function withStorage<T>(work: (storage: Storage) => Promise<T>): Promise<T> {
    const storage = await openStorage({ dataDir: root.path });
    try {
      return await work(storage);
    } finally {
      await storage.close();
    }
  }
  const jobs = () => withStorage((storage) => storage.jobs.list());
  const isDead = () => server.process.signalCode !== null;
  /** Waits until both jobs are done, or the server is dead. */
  const settled = () =>
    withStorage(async (storage) => {
      const isDone = async () => {
        const list = await storage.jobs.list();
        return list.length === 2 && list.every(({ state }) => state === 'done');
      };
      await until(async () => isDead() || (await isDone()), 60_000, 50);
    });
  const candidate = await openCandidate(server, 'Kill');
  const folder = candidate.path;
  await candidate.tus(server).send(recording, { question: 1 });
  await settled();

  return {
    wrapper,
    jobs,
    isDead,
    settled,
    server: () => server,
    async restart(): Promise<void> {
      const owners = (await jobs()).map(({ owner }) => owner);
      server = await start();
      const isHeld = ({ owner }: { owner: string | null }) => owner !== null && owners.includes(owner);
      await until(async () => !(await jobs()).some(isHeld), RELEASED_MS, 20);
    },
    /** Queues both jobs once more. */
    repeat: () =>
      withStorage(async (storage) => {
        for (const { kind, takeId } of await storage.jobs.list()) await storage.jobs.queue(kind, takeId);
      }),
    /** Checks that there is one whole result and nothing else. */
    async check(): Promise<void> {
      expect(await jobs()).toMatchObject(
        ['remux', 'transcribe'].map((kind) => ({ kind, state: 'done', reason: null })),
      );
      expect((await readdir(folder, { recursive: true })).sort()).toEqual([
        ...['Q1.webm', 'derived', ...['jpg', 'json', 'vtt', 'webm'].map((extension) => `derived/Q1.${extension}`)],
        ...['meta.json', 'transcript.txt'],
      ]);
      expect(existsSync(`${root.path}/work`) ? await readdir(`${root.path}/work`) : []).toEqual([]);
      const prefix = scratchPrefix(root.path);
      expect((await readdir('/dev/shm')).filter((name) => `/dev/shm/${name}`.startsWith(prefix))).toEqual([]);
      expect(sha256(await readFile(`${folder}/Q1.webm`))).toBe(sha256(recording));
      const { durationSeconds, decodeErrors } = await probe(`${folder}/derived/Q1.webm`);
      expect(decodeErrors).toEqual([]);
      const { files } = JSON.parse(await readFile(`${folder}/meta.json`, 'utf8')) as {
        files: Array<{ durationMs: number }>;
      };
      expect(Math.abs((files[0]?.durationMs ?? 0) - durationSeconds * 1_000)).toBeLessThan(100);
    },
    async close(): Promise<void> {
      await server.stop();
      await wrapper.remove();
      await root.remove();
    },
  };
}

test.concurrent('in each program that a job runs: the program dies with the server, and the job is repeated', {
  timeout: isTorture ? 3_600_000 : 900_000,
}, async ({ onTestFinished }) => {
  const rig = await openRig();
  onTestFinished(rig.close);
  const { wrapper } = rig;
  await rig.check();
  const before = wrapper.calls.length;
  await rig.repeat();
  await rig.settled();
  const calls = wrapper.calls.length - before;
  expect(new Set(wrapper.calls)).toEqual(new Set(['ffmpeg', 'ffprobe', 'whisper-cli']));
  for (let nth = 1; nth <= calls; nth++) {
    wrapper.hangAt(nth);
    await rig.repeat();
    // The other job runs at the same time.
    await until(() => wrapper.hanging() !== null, 60_000, 20);
    await rig.server().stop('SIGKILL');
    await until(() => wrapper.hanging() === null);
    expect((await rig.jobs()).map(({ state }) => state)).toContain('running');
    wrapper.hangAt(null);
    await rig.restart();
    await rig.settled();
    await rig.check();
  }
  console.log(`jobs-kill: killed in each of ${calls} programs`);
});

test.concurrent('at the system calls that move the result to its place', {
  timeout: isTorture ? 3_600_000 : 900_000,
}, async ({ onTestFinished }) => {
  const rig = await openRig();
  onTestFinished(rig.close);
  const run = async () => {
    await rig.repeat();
    await rig.settled();
    if (rig.isDead()) throw new Error('the server is dead');
  };
  await run();
  // Calls that move, remove or sync files: the server makes the other calls all the time.
  const series = (await traceCalls(rig.server(), run)).filter(({ call }) =>
    /^(rename|unlink|mkdir|rmdir|fsync|fdatasync)/.test(call),
  );
  const points = series.flatMap((calls) =>
    calls.counts.flatMap((counts, at) => (counts ? [{ calls, nth: at + 1 }] : [])),
  );
  const step = isTorture ? 1 : Math.ceil(points.length / KILLS);
  const kills: string[] = [];
  for (const { calls, nth } of points.filter((_, at) => at % step === 0)) {
    const { killed } = await killAt(rig.server(), calls, nth, run);
    if (!killed) continue;
    kills.push(`${calls.call} ${nth}`);
    await rig.restart();
    await rig.settled();
    await rig.check();
  }
  console.log(`jobs-kill: ${kills.length} kills of ${points.length} points: ${kills.join(', ')}`);
  expect(kills.length).toBeGreaterThan(KILLS / 2);
});
