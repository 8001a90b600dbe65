/** ffmpeg is killed, hangs, fills the disk, writes without end, or is missing: a job is repeated where that may help. */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { failureOf } from '../../server/media/failures.ts';
import { createMedia } from '../../server/media/index.ts';
import type { Limits } from '../../server/sandbox/containment.ts';
import { createProcesses, type RunProcess } from '../../server/sandbox/process.ts';
import { ffmpegPath, ffprobePath, programFolders } from '../support/media/media.ts';
import { eagerContainment, LIKE_MEDIA_RECORDER, openMediaJobs } from '../support/media/media-job.ts';
import { testUnless } from '../support/needs.ts';

/** Error texts name the real limits, also where a test sets smaller ones. */
const CPU = /^reading it took more than \d+ s of processor time$/;
const jobs = openMediaJobs();
const scripts = mkdtempSync(path.join(tmpdir(), 'tresgo-scripts-'));
chmodSync(scripts, 0o755);
const { run } = createProcesses({ programFolders, containment: eagerContainment() });
let source: string;
beforeAll(() => {
  source = jobs.record('good.webm', { video: 'vp8', audio: 'opus', seconds: 1, format: LIKE_MEDIA_RECORDER });
}, 30_000);
afterAll(() => {
  jobs.remove();
  rmSync(scripts, { recursive: true });
});

/** Runs a remux job whose ffmpeg is a shell script. */
async function remuxBy(script: string, limits: Partial<Limits> = {}, folder?: string) {
  const ffmpeg = path.join(scripts, `ffmpeg-${readdirSync(scripts).length}`);
  writeFileSync(ffmpeg, `#!/bin/sh\n${script}\n`);
  chmodSync(ffmpeg, 0o755);
  const within: RunProcess = (options) => {
    const isProbe = options.command === ffprobePath();
    return run({ ...options, limits: isProbe ? options.limits : { ...options.limits, ...limits } });
  };
  const media = createMedia({ ffmpeg, ffprobe: ffprobePath(), run: within });
  return media.remux({
    ...{ source, container: 'webm', normalizeAudio: false, onProgress: () => {} },
    ...{ folder: folder ?? (await jobs.newFolder()), signal: new AbortController().signal },
  });
}

test.each([
  ['killed', 'kill -9 $$', /^ffmpeg-\d+ was ended by SIGKILL$/],
  ['crashing', 'kill -SEGV $$', /^ffmpeg-\d+ was ended by SIGSEGV$/],
  [
    'failing with words',
    'echo "something else is wrong" >&2; exit 1',
    /ended with status 1 \(something else is wrong\)$/,
  ],
  ['failing without any', 'exit 3', /^ffmpeg-\d+ ended with status 3$/],
  [
    'on a full disk',
    'echo "av_interleaved_write_frame(): No space left on device" >&2; exit 228',
    /^the disk has no room/,
  ],
  ['printing without end', 'exec yes', /prints without end$/],
  ['complaining at length', 'yes "no, no, no" | head -n 1000000 >&2; exit 1', /ended with status 1 \(no, no, no\)$/],
])('%s: another try may go better', async (_, script, reason) => {
  const error: unknown = await remuxBy(script).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ message: expect.stringMatching(reason) });
  expect(error).not.toMatchObject({ final: true });
});

test('a hanging ffmpeg is ended when its time is up', async () => {
  const error = remuxBy('exec sleep 60', { wallMs: 1_000 });
  await expect(error).rejects.toMatchObject({
    message: expect.stringMatching(/took longer than \d+ s$/),
    final: false,
  });
});

test('an ffmpeg that computes or writes without end is ended by its limits, and the recording is to blame', async () => {
  const busy = remuxBy('while :; do :; done', { cpuSeconds: 1 });
  await expect(busy).rejects.toMatchObject({ message: expect.stringMatching(CPU), final: true });
  const writing = remuxBy('exec head -c 100000000 /dev/zero > copy.webm');
  await expect(writing).rejects.toMatchObject({
    message: expect.stringMatching(/^what is made of it is larger/),
    final: true,
  });
});

test('a real ffmpeg whose processor time is used up gives the same reason', async () => {
  const args = ['-nostdin', '-v', 'error', '-f', 'lavfi', '-i', 'testsrc2', '-f', 'null', '-'];
  const limits: Limits = { wallMs: 60_000, cpuSeconds: 1, memoryBytes: null, fileBytes: 1_000 };
  const options = { command: ffmpegPath(), args, cwd: await jobs.newFolder(), limits };
  const end = await run({ ...options, signal: new AbortController().signal });
  expect(failureOf(end, 'ffmpeg', limits, 1_000)).toMatchObject({ message: expect.stringMatching(CPU), final: true });
  // Ctrl-C ends it with the same status.
  expect(failureOf(end, 'ffmpeg', { ...limits, cpuSeconds: 30 }, 1_000)).toMatchObject({ final: false });
}, 60_000);

test.each([
  ['nothing', 'exit 0'],
  [
    'half of it',
    `exec ${ffmpegPath()} -nostdin -v error -f matroska -i pipe:0 -t 0.5 -c copy -cues_to_front 1 copy.webm`,
  ],
  ['no sound', `exec ${ffmpegPath()} -nostdin -v error -f matroska -i pipe:0 -an -c copy -cues_to_front 1 copy.webm`],
  ['no index', `exec ${ffmpegPath()} -nostdin -v error -f matroska -i pipe:0 -c copy copy.webm`],
])('ffmpeg succeeds with a copy that has %s: the job reports no copy', async (_, script) => {
  await expect(remuxBy(script)).rejects.toThrow(/its copy|ENOENT/);
});

test('a missing ffmpeg', async () => {
  const media = createMedia({ ffmpeg: '/nowhere/ffmpeg', ffprobe: '/nowhere/ffprobe', run });
  const folder = await jobs.newFolder();
  const options = { source, container: 'webm' as const, folder, signal: new AbortController().signal };
  const error: unknown = await media.extractSpeech(options).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ message: expect.stringMatching(/^can’t start /) });
  expect(error).not.toMatchObject({ final: true });
});

const disk = path.join(scripts, 'disk');
mkdirSync(disk);
const mount = (kibibytes: number) => {
  const remount = existsSync(path.join(disk, '.mounted')) ? 'remount,' : '';
  const options = `${remount}size=${kibibytes}k,mode=700`;
  const isDone = spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', disk]).status === 0;
  if (isDone) writeFileSync(path.join(disk, '.mounted'), '');
  return isDone;
};
const canMount = mount(64);
afterAll(() => {
  if (canMount) spawnSync('umount', [disk]);
});

testUnless(canMount ? null : 'no tmpfs can be mounted here')(
  'a disk that is full, wherever, may have room later',
  async () => {
    const long = jobs.record('long.webm', { video: 'vp8', audio: 'opus', seconds: 4, format: LIKE_MEDIA_RECORDER });
    const signal = new AbortController().signal;
    const options = { source: long, container: 'webm' as const, folder: disk, signal };
    const noRoom = { message: 'the disk has no room for it just now', final: false };
    await expect(jobs.media.extractSpeech(options)).rejects.toMatchObject(noRoom);
    // The disk is full while the copy is written, while its index moves to the front, and at the poster; then it has room.
    const ends: string[] = [];
    const whole = Math.ceil(statSync(long).size / 1_024);
    for (const kibibytes of [12, whole - 4, whole, whole + 4, whole + 8, whole + 200]) {
      for (const name of readdirSync(disk)) if (name !== '.mounted') rmSync(path.join(disk, name));
      mount(kibibytes);
      const end = await jobs.media
        .remux({ ...options, normalizeAudio: false, onProgress: () => {} })
        .catch((thrown: unknown) => thrown);
      if (end instanceof Error) expect(end, `${kibibytes} of ${whole} KiB`).toMatchObject(noRoom);
      ends.push(end instanceof Error ? 'no room' : 'made');
    }
    expect([ends.at(0), ends.at(-1)]).toEqual(['no room', 'made']);
  },
  60_000,
);
