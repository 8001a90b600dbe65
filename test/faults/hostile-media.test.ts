/** Hostile media: every case ends with a stated reason or a correct copy, and touches no other file, host or program. */
import { execFile, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { JobError } from '../../server/job-error.ts';
import { createChance } from '../support/chance.ts';
import { ffmpegPath, ffprobePath } from '../support/media/media.ts';
import { fingerprint, judge, openMediaJobs } from '../support/media/media-job.ts';
import { testUnless } from '../support/needs.ts';
import { createRandom, scale, seed } from '../support/scale.ts';
import { type Hostile, hostileSet, playlists } from './hostile/set.ts';
import { strayCalls, tracedPrograms } from './hostile/traced.ts';

/** A case that takes longer has run into a limit instead of being refused by a check. */
const CASE_MS = 60_000;
const traced = tracedPrograms();
const jobs = openMediaJobs();
const canTrace = spawnSync('strace', ['true'], { stdio: 'ignore' }).status === 0;
const underStrace = testUnless(canTrace ? null : 'strace can’t trace its own child here');

let server: Server;
let heard = 0;
let set: Hostile[];
let canary: string;
let port: number;
beforeAll(async () => {
  server = createServer((socket) => {
    heard++;
    socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as { port: number }).port;
  canary = path.join(jobs.root, 'canary.ts');
  writeFileSync(canary, 'the canary, which nobody may open');
  set = hostileSet(jobs, { canary, port });
}, 60_000);
afterAll(() => {
  server.close();
  jobs.remove();
  traced.remove();
});

interface Outcome {
  /** null: the job made a copy. */
  reason: string | null;
  /** True: the failure is permanent, so the job is not repeated. */
  final: boolean;
  folder: string;
}

/** Runs the jobs on a file and collects their outcome. */
async function offer({ file, container }: Pick<Hostile, 'file' | 'container'>, from = jobs): Promise<Outcome> {
  const before = fingerprint(file);
  const folder = await from.newFolder();
  const outside = readdirSync(jobs.root);
  const signal = AbortSignal.timeout(CASE_MS);
  const options = { source: file, container, folder, normalizeAudio: false, signal, onProgress: () => {} };
  const made = await from.media.remux(options).catch((error: unknown) => {
    // No other error may be thrown: a failure always has a reason.
    if (!(error instanceof JobError)) throw error;
    return error;
  });
  expect(fingerprint(file)).toBe(before);
  expect(readdirSync(jobs.root)).toEqual(outside);
  expect(readdirSync(tmpdir()).filter((name) => name.startsWith('ffcache'))).toEqual([]);
  if (made instanceof JobError) {
    expect(made.message).toMatch(/^\S.{5,400}$/);
    return { reason: made.message, final: made.final, folder };
  }
  const { streams, durationSeconds } = judge(made.copy);
  expect(streams.length).toBeLessThanOrEqual(2);
  expect(streams.filter((codec) => !['vp8', 'opus', 'h264', 'aac'].includes(codec))).toEqual([]);
  expect(Math.abs(durationSeconds - made.durationMs / 1_000)).toBeLessThan(0.1);
  return { reason: null, final: true, folder };
}

test('the control: a plain ffmpeg opens what a playlist names, and the trace shows it', async () => {
  const file = path.join(jobs.root, 'plain.webm');
  writeFileSync(file, playlists({ canary, port }).ffconcat ?? '');
  const opens = (...args: string[]) => {
    const command = ['-f', '-e', 'trace=openat', ffmpegPath(), '-nostdin', ...args, '-f', 'null', '-'];
    const { stderr } = spawnSync('strace', command, { encoding: 'utf8' });
    return stderr.split('\n').some((line) => line.includes(`openat(AT_FDCWD, "${canary}"`) && / = \d+$/.test(line));
  };
  expect(opens('-safe', '0', '-i', file)).toBe(true);
  const outside = set.find(({ name }) => /another file/.test(name))?.file ?? '';
  expect(opens('-enable_drefs', '1', '-use_absolute_path', '1', '-i', outside)).toBe(true);
  writeFileSync(file, `ffconcat version 1.0\nfile 'http://127.0.0.1:${port}/'\n`);
  await new Promise((resolve) => {
    // Not spawnSync: the server in this process has to respond.
    execFile(ffmpegPath(), ['-nostdin', '-safe', '0', '-protocol_whitelist', 'file,http,tcp', '-i', file], resolve);
  });
  expect(heard).toBeGreaterThan(0);
  heard = 0;
});

test('every case ends with its reason, or with a correct copy', async () => {
  for (const each of set) {
    const { reason, final } = await offer(each);
    expect.soft(final, each.name).toBe(true);
    expect.soft(reason === null ? 'a copy' : reason, each.name).toMatch(each.ends ?? /^a copy$/);
  }
  expect(heard).toBe(0);
}, 120_000);

underStrace(
  'no other file is opened, nothing connected, no program started',
  async () => {
    const under = openMediaJobs(traced);
    try {
      for (const each of set) {
        const { folder } = await offer(each, under);
        const { stray, lines } = strayCalls(folder, [ffmpegPath(), ffprobePath()]);
        expect.soft(stray, each.name).toEqual([]);
        if (!/no (webm|mp4) file|empty/.test(String(each.ends))) expect(lines, each.name).toBeGreaterThan(20);
      }
      expect(heard).toBe(0);
      expect(readFileSync(canary, 'utf8')).toBe('the canary, which nobody may open');
    } finally {
      under.remove();
    }
  },
  120_000,
);

test.each([
  ['good.webm', 'webm'],
  ['good.mp4', 'mp4'],
  ['at-end.mp4', 'mp4'],
] as const)(
  'cut off anywhere: %s',
  async (name, container) => {
    const whole = readFileSync(path.join(jobs.root, name));
    const places = scale(5, 60);
    for (let place = 1; place < places; place++) {
      const file = path.join(jobs.root, `cut-${place}-${name}`);
      writeFileSync(file, whole.subarray(0, Math.floor((whole.length * place) / places)));
      const { reason } = await offer({ file, container });
      // A WebM that lacks its end gives a copy of the rest.
      if (name === 'good.webm' && place > places / 2) expect(reason).toBeNull();
    }
  },
  300_000,
);

test(`changed at random (seed ${seed})`, async () => {
  const chance = createChance(createRandom());
  for (let round = 0; round < scale(6, 300); round++) {
    const [name, container] = chance.pick([
      ['good.webm', 'webm'],
      ['good.mp4', 'mp4'],
      ['at-end.mp4', 'mp4'],
    ] as const);
    const bytes = Buffer.from(readFileSync(path.join(jobs.root, name)));
    for (let change = chance.int(1, 40); change > 0; change--) {
      // The first bytes decide the format: changes there would only be refused.
      const at = chance.is(0.5) ? chance.int(12, Math.min(2_000, bytes.length - 1)) : chance.int(12, bytes.length - 1);
      bytes[at] = chance.int(0, 255);
    }
    const file = path.join(jobs.root, `changed-${round}.${container}`);
    writeFileSync(file, bytes);
    await offer({ file, container });
  }
}, 900_000);
