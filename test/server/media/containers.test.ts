/** What a container can't carry, or carries besides, is no fault of a copy; what is missing at the start is. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { createProcesses } from '../../../server/sandbox/process.ts';
import { ffmpegPath, probe, programFolders } from '../../support/media/media.ts';
import * as job from '../../support/media/media-job.ts';

const { run } = createProcesses({ programFolders, containment: job.eagerContainment() });
const jobs = job.openMediaJobs({ run });
afterAll(() => jobs.remove());
/** Makes a file of other files. */
function ffmpeg(name: string, ...args: string[]): string {
  const file = path.join(jobs.root, name);
  execFileSync(ffmpegPath(), ['-nostdin', '-v', 'error', '-y', ...args, file]);
  return file;
}
const end = () => jobs.kind('end.mp4');
const cover = () => ffmpeg('cover.jpg', '-f', 'lavfi', '-i', 'testsrc2=s=64x64:d=0.1', '-frames:v', '1');
const packets = (file: string) => job.judge(file).packets;

describe('is copied whole:', () => {
  test('Chromium’s MP4, whose last packet of sound has no length', async () => {
    const source = jobs.record('chromium.mp4', { video: 'h264', audio: 'opus', format: job.FRAGMENTED_MP4 });
    const { copy, problems } = await jobs.remux(source);
    expect([packets(copy), problems]).toEqual([packets(source), []]);
  });

  test('an MP4 that was trimmed by an edit list', async () => {
    const source = ffmpeg('trimmed.mp4', '-ss', '1.3', '-i', end(), '-c', 'copy');
    const { copy, durationMs, problems } = await jobs.remux(source);
    expect(Math.abs(durationMs - 1_700)).toBeLessThan(150);
    expect([packets(copy), problems]).toEqual([packets(source), []]);
    expect((await probe(copy)).decodeErrors).toEqual([]);
  });

  test.each([
    ['mp4', ['-c', 'copy', '-disposition:v:1', 'attached_pic', '-map', '0', '-map', '1']],
    ['webm', ['-c', 'copy', '-map', '0']],
  ])('a recording with a cover picture: %s', async (extension, how) => {
    const of = extension === 'mp4' ? end() : jobs.kind('vp8.webm');
    const beside =
      extension === 'mp4'
        ? ['-i', cover(), ...how]
        : ['-attach', cover(), '-metadata:s:t', 'mimetype=image/jpeg', ...how, '-f', 'matroska'];
    const { copy, poster } = await jobs.remux(ffmpeg(`covered.${extension}`, '-i', of, ...beside));
    expect(packets(copy)).toEqual(packets(of));
    expect(poster).not.toBeNull();
  });

  test('an MP4 with subtitles', async () => {
    const words = path.join(jobs.root, 'words.srt');
    writeFileSync(words, '1\n00:00:00,000 --> 00:00:01,000\nhello\n');
    const source = ffmpeg(
      'words.mp4',
      '-i',
      end(),
      '-i',
      words,
      '-map',
      '0',
      '-map',
      '1',
      '-c',
      'copy',
      '-c:s',
      'mov_text',
    );
    expect(packets((await jobs.remux(source)).copy)).toEqual(packets(end()));
  });

  test('a picture each second, whose last one has no length', async () => {
    const vf = "settb=1/1000,select='not(mod(n,15))'";
    for (const [name, video] of [
      ['slow.webm', 'vp8'],
      ['slow-h264.webm', 'h264'],
    ] as const) {
      const source = jobs.record(name, { video, audio: 'opus', seconds: 4, vf, format: job.MATROSKA });
      const { copy, problems } = await jobs.remux(source);
      expect([name, packets(copy), problems]).toEqual([name, packets(source), []]);
    }
  });
});

test.each([
  ['pcm.webm', { video: 'vp8', audio: 'pcm', format: job.MATROSKA }, ['vp8', 'opus']],
  ['voice-float.webm', { audio: 'float', format: job.MATROSKA }, ['opus']],
  ['h264-pcm.webm', { video: 'h264', audio: 'pcm', format: job.MATROSKA }, ['h264', 'aac']],
] as [string, job.Recipe, string[]][])('sound as PCM is encoded for players: %s', async (name, recipe, streams) => {
  const source = jobs.record(name, recipe);
  const { copy, problems } = await jobs.remux(source);
  const is = job.judge(copy);
  expect([is.streams, problems]).toEqual([streams, []]);
  expect(Math.abs(is.durationSeconds - 3)).toBeLessThan(0.1);
  expect((await jobs.extractSpeech(source))?.durationMs).toBeGreaterThan(2_900);
});

describe('breaks off before its first picture:', () => {
  test.each([
    ['vp8.webm', '1f43b675', 0],
    ['vp8.webm', '1f43b675', 20],
    ['vp8.webm', '1654ae6b', 20],
    ['fragments.mp4', '6d6f6f66', -4],
    ['fragments.mp4', '6d6f6f76', 30],
  ])('%s, cut at %s + %s', async (name, at, more) => {
    const whole = readFileSync(jobs.kind(name));
    const source = path.join(jobs.root, `head-${at}-${more}-${name}`);
    writeFileSync(source, whole.subarray(0, whole.indexOf(Buffer.from(at, 'hex')) + more));
    const early = { message: 'it breaks off before its first picture', final: true };
    await expect(jobs.remux(source)).rejects.toMatchObject(early);
    await expect(jobs.extractSpeech(source)).rejects.toMatchObject(early);
  });

  test('and before its index, an MP4 that has it at its end', async () => {
    const source = path.join(jobs.root, 'no-index.mp4');
    writeFileSync(source, readFileSync(end()).subarray(0, 5_000));
    await expect(jobs.remux(source)).rejects.toMatchObject({ message: 'it breaks off before its index', final: true });
  });
});

test('a copy that lacks more than a last packet without a length is refused', async () => {
  const source = jobs.record('whole.mp4', { video: 'h264', audio: 'aac', format: job.FRAGMENTED_MP4 });
  for (const [lack, args] of [
    ['picture', ['-bsf:v', "noise=drop='gt(n,42)'"]],
    ['sound', ['-bsf:a', "noise=drop='eq(n,20)'"]],
  ] as const) {
    const cut = job.openMediaJobs({
      run: (options) => {
        const last = options.args.at(-1) ?? '';
        return run(
          last.startsWith('copy.') ? { ...options, args: [...options.args.slice(0, -1), ...args, last] } : options,
        );
      },
    });
    await expect(cut.remux(source), lack).rejects.toMatchObject({
      message: expect.stringContaining(`its copy’s ${lack} has`),
    });
    cut.remove();
  }
});
