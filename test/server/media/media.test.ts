/** Copies and posters of browsers' recordings, made by the real ffmpeg and checked by a plain ffprobe. */
import { execFileSync } from 'node:child_process';
import { readdirSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { isIndexInFront } from '../../../server/media/container-layout.ts';
import { ffmpegPath, probe } from '../../support/media/media.ts';
import * as job from '../../support/media/media-job.ts';

const jobs = job.openMediaJobs();
afterAll(() => jobs.remove());

test.each(job.KINDS)(
  '%s gets a whole copy with duration and index, and the recording is untouched',
  async (name, recipe, expected) => {
    const source = jobs.record(name, recipe);
    const before = job.fingerprint(source);
    const told: number[] = [];
    const { copy, poster, durationMs, problems, leftOut, folder } = await jobs.remux(source, {
      onProgress: (f) => told.push(f),
    });

    expect(path.basename(copy)).toBe(`copy.${expected.extension}`);
    const [was, is] = [job.judge(source), job.judge(copy)];
    expect(is.streams).toEqual(expected.streams);
    expect(is.packets).toEqual(was.packets);
    expect(Math.abs(is.durationSeconds - 3)).toBeLessThan(0.1);
    expect(Math.abs(durationMs / 1_000 - is.durationSeconds)).toBeLessThan(0.1);
    expect([problems, leftOut]).toEqual([[], []]);
    expect(await isIndexInFront(copy, job.containerOf(copy))).toBe(true);
    const { hasVideo, videoFrames, decodeErrors } = await probe(copy);
    expect(decodeErrors).toEqual([]);
    expect(videoFrames).toBe(hasVideo ? was.packets[0] : 0);
    // Progress grows from 0 to 1.
    expect(told).toEqual([...told].sort((a, b) => a - b));
    expect(told.at(-1)).toBe(1);

    const left = [path.basename(copy), ...(poster ? ['poster.jpg'] : [])];
    expect(readdirSync(folder).sort()).toEqual(left);
    for (const file of left) {
      const { uid, mode } = statSync(path.join(folder, file));
      expect([uid, mode & 0o777]).toEqual([process.getuid?.(), 0o600]);
    }
    expect(poster !== null).toBe(hasVideo);
    expect(job.fingerprint(source)).toBe(before);
  },
);

describe('seeking', () => {
  test('reaches the last key frame before any moment', async () => {
    const source = jobs.record('keys.webm', {
      video: 'vp8',
      audio: 'opus',
      seconds: 8,
      format: ['-g', '30', ...job.LIKE_MEDIA_RECORDER],
    });
    const { copy } = await jobs.remux(source);
    // A key frame every 2 s.
    for (const [to, at] of [
      [1, 0],
      [3, 2],
      [5.5, 4],
      [7.9, 6],
    ] as const)
      expect(Math.abs(job.seek(copy, to) - at)).toBeLessThan(0.05);
  });
});

describe('time', () => {
  test('an uneven rate and a gap of 2 s before the last frame stay as they are', async () => {
    const vf = "settb=1/1000,setpts='PTS+if(gt(N,40),2000,0)+if(eq(mod(N,7),3),20,0)'";
    const source = jobs.record('gap.webm', { video: 'vp8', format: job.LIKE_MEDIA_RECORDER, vf });
    const { copy, durationMs } = await jobs.remux(source);
    const { durationSeconds, videoFrames, decodeErrors } = await probe(copy);
    expect({ videoFrames, decodeErrors }).toEqual({ videoFrames: 45, decodeErrors: [] });
    expect(Math.abs(durationSeconds - 5)).toBeLessThan(0.1);
    expect(Math.abs(durationMs - 5_000)).toBeLessThan(100);
  });

  test('a recording that starts late on its clock starts at 0', async () => {
    const source = jobs.record('late.webm', {
      video: 'vp8',
      audio: 'opus',
      format: ['-output_ts_offset', '20', ...job.LIKE_MEDIA_RECORDER],
    });
    const { copy, durationMs } = await jobs.remux(source);
    expect(Math.abs(durationMs - 3_000)).toBeLessThan(100);
    expect(Math.abs(job.judge(copy).durationSeconds - 3)).toBeLessThan(0.1);
  });
});

describe('a recording that was cut off', () => {
  test.each([
    ['webm', { video: 'vp8', audio: 'opus', format: job.LIKE_MEDIA_RECORDER }, false],
    ['mp4', { video: 'h264', audio: 'aac', format: job.FRAGMENTED_MP4 }, false],
    ['mp4', { video: 'h264', audio: 'aac', seconds: 8, format: ['-movflags', '+faststart', '-f', 'mp4'] }, true],
  ] as [string, job.Recipe, boolean][])('gives a copy of what there is: %s, %j', async (extension, recipe, isTold) => {
    const source = jobs.record(`cut.${extension}`, recipe);
    truncateSync(source, Math.floor(statSync(source).size * 0.6));
    const { copy, durationMs, problems } = await jobs.remux(source);
    const seconds = recipe.seconds ?? 3;
    expect(durationMs / 1_000).toBeGreaterThan(seconds * 0.3);
    expect(durationMs / 1_000).toBeLessThan(seconds * 0.9);
    expect(problems).toEqual(isTold ? ['the recording breaks off before its end'] : []);
    const { durationSeconds, decodeErrors } = await probe(copy);
    expect(decodeErrors).toEqual([]);
    expect(Math.abs(durationSeconds - durationMs / 1_000)).toBeLessThan(0.1);
  });
});

describe('the poster', () => {
  const sizeOf = (file: string) =>
    execFileSync(ffmpegPath().replace(/ffmpeg$/, 'ffprobe'), [
      '-v',
      'error',
      '-show_entries',
      'stream=codec_name,width,height',
      '-of',
      'csv=p=0',
      file,
    ])
      .toString()
      .trim();

  test('is at most 640 wide', async () => {
    const wide = await jobs.remux(
      jobs.record('wide.webm', { video: 'vp8', size: '1280x720', seconds: 1, format: job.LIKE_MEDIA_RECORDER }),
    );
    expect(sizeOf(wide.poster ?? '')).toBe('mjpeg,640,360');
    const small = await jobs.remux(
      jobs.record('small.webm', { video: 'vp8', seconds: 1, format: job.LIKE_MEDIA_RECORDER }),
    );
    expect(sizeOf(small.poster ?? '')).toBe('mjpeg,160,120');
  });

  test.each([
    ['2.2', true],
    ['9', false],
  ])('shows no black picture where there is another: black for %s s', async (until, isSeen) => {
    const vf = `drawbox=color=black:t=fill:enable='lt(t,${until})'`;
    const { poster } = await jobs.remux(
      jobs.record(`black-${until}.webm`, { video: 'vp8', seconds: 4, vf, format: job.LIKE_MEDIA_RECORDER }),
    );
    const gray = execFileSync(ffmpegPath(), [
      '-v',
      'error',
      '-i',
      poster ?? '',
      '-vf',
      'scale=1:1',
      '-pix_fmt',
      'gray',
      '-f',
      'rawvideo',
      '-',
    ]);
    expect((gray[0] ?? 0) > 40).toBe(isSeen);
  });
});

test('an aborted job ends at once, and the reason is thrown', async () => {
  const source = jobs.record('abort.webm', { video: 'vp8', audio: 'opus', format: job.LIKE_MEDIA_RECORDER });
  const controller = new AbortController();
  const going = jobs.remux(source, { signal: controller.signal });
  controller.abort(new Error('the server stops'));
  await expect(going).rejects.toThrow('the server stops');
});

test('a recording that fits no container, or is too large, is refused with the reason', async () => {
  const refused = async (name: string, recipe: job.Recipe) => jobs.remux(jobs.record(name, recipe));
  await expect(refused('a.webm', { video: 'vp8', audio: 'aac', format: job.MATROSKA })).rejects.toMatchObject({
    message: 'no container has both vp8 and aac',
    final: true,
  });
  await expect(refused('b.webm', { video: 'mpeg4', audio: 'opus', format: job.MATROSKA })).rejects.toMatchObject({
    message: expect.stringContaining('its codec mpeg4 is not allowed'),
    final: true,
  });
  writeFileSync(path.join(jobs.root, 'empty.webm'), '');
  await expect(jobs.remux(path.join(jobs.root, 'empty.webm'))).rejects.toMatchObject({
    message: 'it is empty',
    final: true,
  });
});
